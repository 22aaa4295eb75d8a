package dev.agentcontainers.nodeagent.linux.nftables;

import java.io.IOException;

/** nftables refused commands; the message holds its own words. */
public final class NftablesException extends IOException {
    private static final long serialVersionUID = 1L;

    public NftablesException(String message) {
        super(message);
    }
}
