package dev.agentcontainers.cli.image;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code agentctl image}. */
@Command(
        name = "image",
        description = {
            "Images on this machine: what agents with spec.image run from.",
            "",
            "agentctl image pull debian:13                   before agents need it",
            "agentctl image load agent.tar                   without any registry",
            "docker save team/agent:1 | agentctl image load -",
            "agentctl image list                             what is here, and who uses it",
            "agentctl image remove debian:13",
            "agentctl image prune --free 10Gi                what nobody uses",
            "",
            "Nodes pull images by themselves when an agent needs one; none of this is",
            "necessary. Nothing of an image is run here: layers are received, compared with",
            "their digests and unpacked, once each, into a directory that only root enters.",
            "Several processes may use a store at once. Needs root.",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {PullCommand.class, LoadCommand.class, ListCommand.class, RemoveCommand.class, PruneCommand.class
        })
public final class ImageCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
