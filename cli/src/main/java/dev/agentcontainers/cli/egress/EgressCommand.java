package dev.agentcontainers.cli.egress;

import dev.agentcontainers.cli.egress.learn.LearnCommand;
import dev.agentcontainers.cli.egress.simulate.SimulateCommand;
import dev.agentcontainers.cli.streams.WatchCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl egress}. */
@Command(
        name = "egress",
        description = {
            "Says what agents may reach, and why; what they did, and what they would do.",
            "",
            "agentctl egress explain NAME 10.20.0.7:8080   the verdict and the rule",
            "agentctl egress watch NAME                    what is allowed and denied, live",
            "agentctl egress simulate -f policy.yaml       what a change would do",
            "agentctl egress learn NAME                    a policy from what was recorded",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ExplainCommand.class, WatchCommand.class, SimulateCommand.class, LearnCommand.class})
public final class EgressCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
