package dev.agentcontainers.nodeagent.driver;

import java.io.InputStream;
import java.io.OutputStream;

/**
 * A further process in a sandbox. With a terminal, standard error is merged into standard output. Both are at their end
 * once the process has ended and what it wrote before was read, also where a child of it writes on. Closing it kills the
 * process and ends whatever still waits for a stream, also where a child of the process holds it open. Each stream may be
 * used by one thread, which may be a virtual one: it never waits in a native call.
 */
public interface ExecSession extends AutoCloseable {
    OutputStream standardInput();

    InputStream standardOutput();

    InputStream standardError();

    /** Whether the process is there, or was: a session whose process is not there yet waits for the node. */
    default boolean hasBegun() {
        return true;
    }

    /** Sets the size of the terminal, in characters; ignored without one. */
    void resize(int columns, int rows);

    /** Waits for the process to end; its exit code, 128 plus the signal for a killed one. */
    int awaitExit() throws InterruptedException;

    @Override
    void close();
}
