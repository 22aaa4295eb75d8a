package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.fleet.FleetLayout;
import dev.agentcontainers.cli.fleet.FleetPlaces;
import dev.agentcontainers.cli.machine.NodeProcesses;
import dev.agentcontainers.cli.machine.NodeRemains;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.standalone.MachineImages;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code agentctl node reset}. */
@Command(
        name = "reset",
        description = {
            "Removes the node agent and its agents from this machine.",
            "Its service, agents that run, network namespaces, control groups, mounts, loop",
            "devices, files and identity go, and it says what went. Needs no API server and",
            "may be repeated. A local fleet is left alone: see agentctl down. So are images",
            "in /var/lib/agentcontainers/images, which runs without a cluster have too:",
            "see agentctl image prune.",
            ""
        })
final class NodeResetCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description =
                    "The node's name. Needed only where its folder is lost. Default: as it joined, else the host name.")
    private @Nullable String name;

    @Option(
            names = "--state-directory",
            paramLabel = "FOLDER",
            defaultValue = NodeInstallation.DEFAULT_STATE,
            description = "As at joining. Default: ${DEFAULT-VALUE}.")
    private Path stateDirectory = Path.of(NodeInstallation.DEFAULT_STATE);

    @Option(
            names = "--run-directory",
            paramLabel = "FOLDER",
            description = "As at joining. Needed only where its folder is lost. Default: as it joined, else "
                    + NodeInstallation.DEFAULT_RUN + ".")
    private @Nullable Path runDirectory;

    @Override
    public void run() {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new UserException("root is needed to remove a node agent: run it with sudo");
        }
        Optional<NodeInstallation> found = NodeInstallation.load(stateDirectory);
        NodeInstallation installation = new NodeInstallation(
                name != null
                        ? name
                        : found.map(NodeInstallation::name)
                                .or(() -> NodeNames.enrolled(stateDirectory))
                                .orElseGet(NodeNames::hostName),
                stateDirectory,
                runDirectory != null
                        ? runDirectory
                        : found.map(NodeInstallation::runDirectory).orElse(Path.of(NodeInstallation.DEFAULT_RUN)),
                found.map(NodeInstallation::firstUserId).orElse(Long.parseLong(NodeInstallation.DEFAULT_FIRST_USER_ID)),
                found.flatMap(NodeInstallation::usersSocket));
        List<String> removed = remove(installation);
        PrintWriter out = spec.commandLine().getOut();
        if (removed.isEmpty()) {
            out.println("Nothing of node agent " + installation.name() + " is on this machine.");
            return;
        }
        removed.forEach(line -> out.println("removed " + line));
        if (MachineImages.DIRECTORY.startsWith(installation.stateDirectory())
                && Files.isDirectory(MachineImages.DIRECTORY)) {
            spec.commandLine()
                    .getErr()
                    .println("Images stay in " + MachineImages.DIRECTORY
                            + ", where other agents of this machine may have them; agentctl image prune removes what"
                            + " nobody uses");
        }
        spec.commandLine()
                .getErr()
                .println("Its AgentNode is still in the cluster: kubectl delete an " + installation.name());
    }

    private static List<String> remove(NodeInstallation installation) {
        NodeProcesses processes = new NodeProcesses(installation.stateDirectory());
        processes.requireNoneOfOthers(installation.marker());
        List<String> removed = new ArrayList<>();
        if (isServices(installation)) {
            removed.addAll(NodeService.ofThisMachine().remove());
        }
        removed.addAll(processes.stop(installation.marker()));
        installation.usersSocket().flatMap(NodeResetCommand::remove).ifPresent(removed::add);
        removed.addAll(new NodeRemains(installation.settings(), ofOthers()).remove());
        return removed;
    }

    /** A node agent that was killed leaves it. */
    private static Optional<String> remove(UsersSocket socket) {
        try {
            return Files.deleteIfExists(socket.path()) ? Optional.of("socket " + socket.path()) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("the socket " + socket.path() + " can't be deleted", e);
        }
    }

    /** The service is that of one installation, which its unit names. */
    private static boolean isServices(NodeInstallation installation) {
        return NodeService.ofThisMachine().runs(installation);
    }

    /**
     * What stands in the node's folders and belongs to a local fleet, the register of fleets, or standalone runs: these may
     * have the machine's images, also while they run.
     */
    static Set<Path> ofOthers() {
        FleetLayout fleet = FleetLayout.ofThisMachine();
        Set<Path> others = new HashSet<>(Set.of(fleet.home(), fleet.run(), fleet.lock()));
        others.addAll(FleetPlaces.ofThisMachine().files());
        others.addAll(StandaloneRun.folders());
        others.add(MachineImages.DIRECTORY);
        return others;
    }
}
