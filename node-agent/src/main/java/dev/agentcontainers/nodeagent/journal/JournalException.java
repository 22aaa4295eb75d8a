package dev.agentcontainers.nodeagent.journal;

import java.io.IOException;
import java.io.UncheckedIOException;

/** The journal can't be written or read; the message names the file. May pass by itself, as a full disk does. */
public final class JournalException extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    public JournalException(String message, IOException cause) {
        super(message + ": " + cause.getMessage(), cause);
    }
}
