package dev.agentcontainers.nodeagent.linux.netlink;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** What the kernel tells of a network namespace, message by message. Never holds the kernel up. Used by one thread. */
public interface NetlinkNotices extends AutoCloseable {
    /**
     * Waits for notices.
     *
     * @return those that are there; none where none came in that time
     */
    List<NetlinkMessage> await(Duration atMost) throws IOException;

    /** How often so far there was no room for notices, which are lost then. */
    long overruns();

    @Override
    void close();
}
