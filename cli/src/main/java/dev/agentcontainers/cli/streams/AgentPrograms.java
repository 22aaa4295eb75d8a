package dev.agentcontainers.cli.streams;

import java.io.IOException;
import java.util.List;

/** Starts programs in one agent's sandbox. */
public interface AgentPrograms {
    /**
     * Starts one, which the caller closes.
     *
     * @param command program and arguments
     * @param stdin whether it has a standard input; else it finds that one's end at once
     * @throws dev.agentcontainers.cli.terminal.UserException where that is refused, with the reason, or nobody was reached
     */
    AgentProgram start(List<String> command, boolean stdin) throws IOException, InterruptedException;
}
