package dev.agentcontainers.cli.node;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl node}. */
@Command(
        name = "node",
        description = {
            "Machines outside Kubernetes as nodes.",
            "",
            "1. agentctl node token     where you administer the cluster: makes a token, prints the command for 2",
            "2. agentctl node join …    on the machine, as root: it joins and runs the node agent as a service",
            "3. agentctl node reset     on the machine, as root: removes every trace of it"
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {NodeTokenCommand.class, NodeJoinCommand.class, NodeResetCommand.class})
public final class NodeCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
