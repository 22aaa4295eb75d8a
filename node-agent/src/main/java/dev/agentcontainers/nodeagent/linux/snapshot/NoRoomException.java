package dev.agentcontainers.nodeagent.linux.snapshot;

import java.io.IOException;

/** The disk has no room for what an archive has. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    NoRoomException(String message) {
        super(message);
    }
}
