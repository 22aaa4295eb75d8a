package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.prerequisite.Prerequisites.Prerequisite;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.cluster.PersistentCluster;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import dev.agentcontainers.localcluster.selection.HostEnvironment;
import dev.agentcontainers.localcluster.selection.Provider;
import dev.agentcontainers.startcache.Program.Role;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The fleet of this machine: control plane, operator, node agents. What is asked for is made so from whatever is found,
 * so each method may be repeated and may follow an interrupted one. One command at a time works on it.
 */
public final class LocalFleet {
    /** Namespace of the fleet's operator. */
    public static final String OPERATOR_NAMESPACE = OperatorProcess.NAMESPACE;

    private static final Duration READY_WITHIN = Duration.ofSeconds(120);
    private static final Duration DELETED_WITHIN = Duration.ofSeconds(60);

    private final FleetLayout layout;
    private final Programs programs;
    private final Progress progress;
    private final ControlPlaneOptions options;

    public LocalFleet(FleetLayout layout, Programs programs, Progress progress) {
        this(layout, programs, progress, ControlPlaneOptions.defaults());
    }

    /** @param options of a control plane that is started; its progress is told to {@code progress} in any case */
    public LocalFleet(FleetLayout layout, Programs programs, Progress progress, ControlPlaneOptions options) {
        this.layout = layout;
        this.programs = programs;
        this.progress = progress;
        this.options = options.withProgress(progress::note);
    }

    public static LocalFleet ofThisMachine(Progress progress) {
        return new LocalFleet(FleetLayout.ofThisMachine(), Programs.ofThisInstallation(), progress);
    }

    public Programs programs() {
        return programs;
    }

    /** The copies that its processes run from, with the start caches that {@link #up} makes. */
    public Programs copies() {
        return ProgramCopies.ofThisUser().keep(programs);
    }

    public FleetLayout layout() {
        return layout;
    }

    /**
     * Brings up what does not run.
     *
     * @param nodes how many node agents there are to be at least, 1 to 16
     * @param wait true to return only when all nodes are Ready
     */
    public void up(int nodes, boolean wait) {
        up(nodes, wait, Map.of());
    }

    /** @param nodeSettings further settings of node agents that are started now, as variables */
    public void up(int nodes, boolean wait, Map<String, String> nodeSettings) {
        if (nodes < 1 || nodes > FleetPlace.MOST_NODES) {
            throw new UserException("--nodes is " + nodes + ": choose 1 to " + FleetPlace.MOST_NODES, 2);
        }
        requireControlPlaneOfItsOwn(System.getenv());
        requireRoot("run node agents");
        Prerequisites.ensure(prerequisites(), progress);
        Programs kept = copies();
        new StartCaches(kept, List.of(Role.values()), System.getenv()).ensure(progress);
        try (FolderLock _ = lock();
                ControlPlane controlPlane = controlPlane();
                KubernetesClient client = controlPlane.adminClient()) {
            FleetPlace place = FleetPlaces.ofThisMachine().claim(layout.home());
            List<String> names = place.nodeNames(nodes);
            keepKubeconfig(controlPlane);
            progress.step("API and rights", () -> ApiInstallation.apply(client, programs));
            OperatorProcess operator = new OperatorProcess(layout, kept, place);
            progress.step("operator", () -> operator.ensure(controlPlane));
            NodeStart start = new NodeStart(layout, kept, place, controlPlane, client, operator);
            for (String name : names) {
                progress.step("node agent " + name, () -> start.ensure(name, nodeSettings));
            }
            if (wait) {
                NodeMembership membership = new NodeMembership(client);
                names.forEach(name -> awaitReady(new NodeProcess(layout, programs, place, name), membership));
            }
        }
    }

    /** What a command brings up it also has to remove, which it must not do to a cluster that was there before. */
    static void requireControlPlaneOfItsOwn(Map<String, String> environment) {
        String provider = environment.getOrDefault(HostEnvironment.PROVIDER_VARIABLE, "");
        if (provider.equals(Provider.EXISTING.label())) {
            throw new UserException(
                    HostEnvironment.PROVIDER_VARIABLE + " is '" + provider
                            + "', but a local fleet has a control plane of its"
                            + " own, which agentctl down removes: unset it. To work on the cluster of KUBECONFIG, install the"
                            + " charts there (helm/README.md), or kubectl apply --server-side -f crds/yaml and run the operator"
                            + " against it (operator/README.md); machines become nodes by agentctl node token and agentctl node"
                            + " join (docs/agentctl.md)",
                    2);
        }
    }

    private List<Prerequisite> prerequisites() {
        List<Prerequisite> needed = new ArrayList<>(Prerequisites.LINUX_NODE);
        needed.add(Prerequisite.goUnless(() -> !ControlPlanes.with(options).lacksGo()));
        return needed;
    }

    private void awaitReady(NodeProcess node, NodeMembership membership) {
        String name = node.name();
        FleetProcess process = node.process();
        boolean ready = progress.step(
                "waiting for " + name, () -> membership.awaitReady(name, READY_WITHIN, process::requireAlive));
        if (!ready) {
            throw new UserException("AgentNode " + name + " is not Ready within " + READY_WITHIN.toSeconds()
                    + " s; see " + process.log());
        }
    }

    /** Removes the fleet and every trace of it: agents first, while there is somebody to remove them. */
    public void down() {
        requireRoot("remove node agents");
        // The lock may be all that an interrupted removal has left.
        if (Stream.of(layout.home(), layout.run(), layout.lock()).noneMatch(Files::exists)) {
            progress.note("there is no local fleet");
            return;
        }
        try (FolderLock lock = lock()) {
            PersistentCluster cluster = PersistentCluster.at(layout.controlPlane());
            // Nothing is removed by its place, so any will do where the register has lost the fleet's.
            FleetPlace place = FleetPlaces.ofThisMachine().find(layout.home()).orElseGet(() -> new FleetPlace(0));
            OperatorProcess operator = new OperatorProcess(layout, programs, place);
            // Without it nobody would answer: the node agents' reset then removes their agents.
            if (operator.process().find().isPresent()) {
                cluster.attach().ifPresent(this::deleteAgents);
            }
            for (String name : installedNodes()) {
                NodeProcess node = new NodeProcess(layout, programs, place, name);
                progress.step("removing node agent " + name, node::reset);
            }
            progress.step("stopping the operator", operator::stop);
            progress.step("removing the control plane", () -> {
                cluster.delete(progress::note);
                return true;
            });
            FleetPlaces.ofThisMachine().release(layout.home());
            FileTrees.delete(layout.run());
            FileTrees.delete(layout.home());
            lock.deleteFile();
        }
        layout.sharedFolders().forEach(LocalFleet::deleteWhereEmpty);
    }

    private static void deleteWhereEmpty(Path folder) {
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            return; // a node agent of this machine has it too
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " can't be deleted", e);
        }
    }

    private void deleteAgents(ControlPlane controlPlane) {
        try (controlPlane;
                KubernetesClient client = controlPlane.adminClient()) {
            progress.step("stopping agents", () -> {
                List<AgentContainer> agents = client.resources(AgentContainer.class)
                        .inAnyNamespace()
                        .list()
                        .getItems();
                agents.forEach(agent -> client.resource(agent).delete());
                for (AgentContainer agent : agents) {
                    client.resource(agent)
                            .waitUntilCondition(
                                    java.util.Objects::isNull,
                                    DELETED_WITHIN.toSeconds(),
                                    java.util.concurrent.TimeUnit.SECONDS);
                }
                return agents.size();
            });
        } catch (RuntimeException e) {
            // The node agents' reset below removes what the operator could not.
            progress.note("agents could not be deleted through the API (" + e.getMessage() + ")");
        }
    }

    /** Prints what runs; true where all of it does and every node is Ready. */
    public boolean printStatus(PrintStream out) {
        return new FleetStatus(layout, programs, out).print(installedNodes());
    }

    /** The control plane of this fleet, running. */
    public ControlPlane attach() {
        return PersistentCluster.at(layout.controlPlane())
                .attach()
                .orElseThrow(() -> new UserException("the local fleet does not run: start it with agentctl up"));
    }

    private ControlPlane controlPlane() {
        return progress.step("control plane", () -> ControlPlanes.with(options).persistent(layout.controlPlane()));
    }

    private void keepKubeconfig(ControlPlane controlPlane) {
        try {
            Files.copy(
                    controlPlane.kubeconfig(),
                    layout.kubeconfig(),
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.COPY_ATTRIBUTES);
        } catch (IOException e) {
            throw new UncheckedIOException("the kubeconfig can't be written to " + layout.kubeconfig(), e);
        }
    }

    private FolderLock lock() {
        return FolderLock.acquire(
                layout.lock(), () -> progress.note("waiting for another agentctl that works on the fleet"));
    }

    private List<String> installedNodes() {
        List<String> names = new ArrayList<>();
        try (Stream<Path> folders = Files.list(layout.nodes())) {
            folders.map(folder -> folder.getFileName().toString()).sorted().forEach(names::add);
        } catch (IOException e) {
            return names;
        }
        return names;
    }

    private static void requireRoot(String purpose) {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new UserException("root is needed to " + purpose + " on this machine: run it with sudo");
        }
    }
}
