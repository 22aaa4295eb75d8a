package dev.agentcontainers.cli.streams;

import java.io.InputStream;
import java.io.OutputStream;

/** A program that runs in an agent's sandbox, with its standard streams. */
public interface AgentProgram extends AutoCloseable {
    /**
     * What it writes, to its end: whoever reads slowly slows it, and nothing piles up here. What it writes to its standard
     * error goes to {@code errors} on the way. For one thread, and once. Reading fails with a
     * {@link dev.agentcontainers.cli.terminal.UserException} where the program did not run to its end.
     */
    InputStream output(OutputStream errors);

    /**
     * Its standard input, for one thread, which may be another than the one that reads; to close it says that nothing more
     * comes. Writing fails once the program has ended, and then its end says why.
     */
    OutputStream input();

    /** Its exit code, once its output was read to the end. */
    int exitCode();

    /** Kills it where it has not ended. */
    @Override
    void close();
}
