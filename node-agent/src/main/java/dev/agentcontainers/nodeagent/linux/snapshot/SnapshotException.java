package dev.agentcontainers.nodeagent.linux.snapshot;

import java.io.IOException;

/** An archive can't be made of what there is, or is none of those that are. The message says why; it is shown to users. */
public final class SnapshotException extends IOException {
    private static final long serialVersionUID = 1L;

    SnapshotException(String message) {
        super(message);
    }
}
