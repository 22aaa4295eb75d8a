package dev.agentcontainers.nodeagent.linux.rootfs;

import java.io.IOException;

/** A mount of the sandbox can't be placed as it is asked for. The message names its path and what would be right. */
public final class RootException extends IOException {
    private static final long serialVersionUID = 1L;

    public RootException(String message) {
        super(message);
    }
}
