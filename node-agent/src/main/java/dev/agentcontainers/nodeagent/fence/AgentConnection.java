package dev.agentcontainers.nodeagent.fence;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A connection of TCP from the fence to a sandbox. Closing it ends whatever waits for it, on whichever thread; each stream may be
 * used by one thread, which may be a virtual one. Nothing of it has a time-out of its own.
 */
public interface AgentConnection extends AutoCloseable {
    /** The sandbox's address. */
    String address();

    /**
     * Waits until the connection has come about.
     *
     * @throws IOException where the sandbox refuses it, and where it is closed meanwhile
     */
    void await() throws IOException;

    InputStream input();

    OutputStream output();

    @Override
    void close();
}
