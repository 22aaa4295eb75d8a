package dev.agentcontainers.cli.top;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl top}. */
@Command(
        name = "top",
        description = {
            "Shows what agents use now.",
            "",
            "agentctl top agents            processors, memory, processes, disk of each",
            "agentctl top nodes             of all agents of each node together",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {TopAgentsCommand.class, TopNodesCommand.class})
public final class TopCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
