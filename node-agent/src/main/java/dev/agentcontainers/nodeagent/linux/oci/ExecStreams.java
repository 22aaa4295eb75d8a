package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * By what a process that the runtime runs in a sandbox reads and writes: pipes, or a terminal, which each runtime has in its
 * own way. Made before the runtime is started, with the runtime's ends, which are closed afterwards.
 */
sealed interface ExecStreams extends AutoCloseable permits ExecPipes, GivenTerminal, RelayedTerminal, HandedTerminal {
    /** Those that a terminal has, or pipes. */
    static ExecStreams of(RuntimeCommand command, ExecPlace place, boolean terminal, boolean input) throws IOException {
        if (!terminal) {
            return ExecPipes.open(command, input);
        }
        return switch (command.tools().dialect()) {
            case CRUN -> HandedTerminal.open(command, place);
            case RUNC -> RelayedTerminal.open(command);
            case RUNSC -> GivenTerminal.open(command);
        };
    }

    /** What the runtime is told about them, as arguments of its command. */
    default List<String> options() {
        return List.of();
    }

    /** The runtime's descriptors, each with the one of this process that it is a copy of. */
    Map<Integer, Integer> theirs();

    /** Whether the runtime's descriptor 0 is a terminal that it is to have as its own. */
    default boolean controlled() {
        return false;
    }

    /** After the runtime was started, or could not be. */
    void closeTheirs();

    /** The runtime was started. Not told where it could not be. */
    default void begun(RuntimeExecSession session) {}

    OutputStream input();

    InputStream output();

    default InputStream error() {
        return InputStream.nullInputStream();
    }

    /** In characters; without effect where there is no terminal. */
    default void resize(int columns, int rows) {}

    /** Ends whatever waits for them. */
    @Override
    void close();
}
