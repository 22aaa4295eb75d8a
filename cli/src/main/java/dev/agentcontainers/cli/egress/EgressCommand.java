package dev.agentcontainers.cli.egress;

import dev.agentcontainers.cli.streams.WatchCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl egress}. */
@Command(
        name = "egress",
        description = {
            "Says what agents may reach, and why.",
            "",
            "agentctl egress explain NAME 10.20.0.7:8080   the verdict and the rule",
            "agentctl egress watch NAME                    what is allowed and denied, live",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ExplainCommand.class, WatchCommand.class})
public final class EgressCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
