package dev.agentcontainers.protocol;

import java.io.IOException;

/** The other end sent what has no meaning here. */
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message);
    }
}
