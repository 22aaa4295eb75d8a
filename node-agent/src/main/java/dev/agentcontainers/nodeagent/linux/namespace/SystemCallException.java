package dev.agentcontainers.nodeagent.linux.namespace;

import java.io.IOException;

/** A system call failed. */
public final class SystemCallException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * @param action what was tried, for example {@code open /run/netns/agentfence}
     * @param reason the system's text for {@code errno}
     */
    public SystemCallException(String action, int errno, String reason) {
        super(action + ": " + reason + " (errno " + errno + ")");
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
