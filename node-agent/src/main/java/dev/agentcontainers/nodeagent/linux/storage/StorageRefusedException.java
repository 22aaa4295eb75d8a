package dev.agentcontainers.nodeagent.linux.storage;

import java.io.IOException;

/** A limit that workspaces which exist already can't have. Trying again does not help. */
public final class StorageRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    /** @param problem what the limit can't be, to be said after the field's name */
    StorageRefusedException(String problem) {
        super(problem);
    }
}
