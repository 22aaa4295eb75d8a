package dev.agentcontainers.nodeagent.linux.netlink;

import java.io.IOException;
import java.time.Duration;

/** The kernel's notices that something in a network namespace has changed. Used by one thread. */
public interface NetlinkEvents extends AutoCloseable {
    /**
     * Waits for a notice; several that are there already count as one.
     *
     * @return false where none came in that time
     */
    boolean await(Duration atMost) throws IOException;

    @Override
    void close();
}
