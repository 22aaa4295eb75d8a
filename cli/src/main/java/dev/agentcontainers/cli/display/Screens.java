package dev.agentcontainers.cli.display;

import java.io.IOException;

/** Connects to one agent's display, each time anew. */
@FunctionalInterface
interface Screens {
    /**
     * A connection, which the caller closes.
     *
     * @throws dev.agentcontainers.cli.terminal.UserException where that is refused, with the reason, or nobody was reached
     */
    AgentScreen connect() throws IOException, InterruptedException;
}
