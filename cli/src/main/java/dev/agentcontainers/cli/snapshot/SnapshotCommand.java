package dev.agentcontainers.cli.snapshot;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl snapshot}. */
@Command(
        name = "snapshot",
        description = {
            "Saves the files of a suspended agent, and restores them in another one.",
            "",
            "agentctl suspend researcher",
            "agentctl snapshot save researcher -f researcher.tar.gz",
            "",
            "and on any other node or cluster, for an agent with the same mounts that was",
            "created with spec.lifecycle.suspended: true:",
            "",
            "agentctl snapshot restore researcher -f researcher.tar.gz",
            "agentctl resume researcher",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {SaveCommand.class, RestoreCommand.class})
public final class SnapshotCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
