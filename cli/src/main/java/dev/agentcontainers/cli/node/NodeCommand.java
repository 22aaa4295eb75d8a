package dev.agentcontainers.cli.node;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl node}. */
@Command(
        name = "node",
        description = {
            "Makes a machine outside Kubernetes a node, undoes it, and measures nodes.",
            "",
            "agentctl node token    where you administer the cluster: prints the next one",
            "agentctl node join …   on the machine, as root: joins and runs the node agent",
            "agentctl node reset    on the machine, as root: removes every trace of it",
            "agentctl node verify   has a node measure how strongly it isolates agents",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {NodeTokenCommand.class, NodeJoinCommand.class, NodeResetCommand.class, NodeVerifyCommand.class})
public final class NodeCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
