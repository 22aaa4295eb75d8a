package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.cluster.PersistentCluster;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The fleet of this machine: control plane, operator, node agents. What is asked for is made so from whatever is found,
 * so each method may be repeated and may follow an interrupted one. One command at a time works on it.
 */
public final class LocalFleet {
    private static final int MOST_NODES = 16;
    private static final Duration NODE_NAMESPACE_WITHIN = Duration.ofSeconds(90);
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
        FleetLayout layout = FleetLayout.of(
                System.getenv(), System.getProperty("user.name"), Path.of(System.getProperty("user.home")));
        return new LocalFleet(layout, Programs.ofThisInstallation(), progress);
    }

    public Programs programs() {
        return programs;
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
        if (nodes < 1 || nodes > MOST_NODES) {
            throw new UserException("--nodes is " + nodes + ": choose 1 to " + MOST_NODES, 2);
        }
        requireRoot("run node agents");
        Prerequisites.ensure(Prerequisites.LINUX_NODE, progress);
        new StartCaches(programs, System.getenv()).ensure(progress);
        try (FolderLock _ = lock();
                ControlPlane controlPlane = controlPlane();
                KubernetesClient client = controlPlane.adminClient()) {
            keepKubeconfig(controlPlane);
            progress.step("API and rights", () -> ApiInstallation.apply(client, programs));
            OperatorProcess operator = new OperatorProcess(layout, programs);
            progress.step("operator", () -> operator.ensure(controlPlane));
            NodeMembership membership = new NodeMembership(client);
            for (String name : nodeNames(nodes)) {
                progress.step("node agent " + name, () -> startNode(name, controlPlane, client, membership));
            }
            if (wait) {
                nodeNames(nodes).forEach(name -> awaitReady(name, membership));
            }
        }
    }

    private boolean startNode(
            String name, ControlPlane controlPlane, KubernetesClient client, NodeMembership membership) {
        membership.register(name);
        FleetProcess operator = new OperatorProcess(layout, programs).process();
        String namespace = membership.awaitNamespace(name, NODE_NAMESPACE_WITHIN, operator::requireAlive);
        return new NodeProcess(layout, programs, name).ensure(controlPlane, client, namespace);
    }

    private void awaitReady(String name, NodeMembership membership) {
        FleetProcess process = new NodeProcess(layout, programs, name).process();
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
        if (!Files.exists(layout.home())) {
            progress.note("there is no local fleet");
            return;
        }
        try (FolderLock _ = lock()) {
            PersistentCluster cluster = PersistentCluster.at(layout.controlPlane());
            cluster.attach().ifPresent(this::deleteAgents);
            for (String name : installedNodes()) {
                progress.step("removing node agent " + name, () -> new NodeProcess(layout, programs, name).reset());
            }
            progress.step("stopping the operator", () -> new OperatorProcess(layout, programs).stop());
            progress.step("removing the control plane", () -> {
                cluster.delete(progress::note);
                return true;
            });
        }
        FileTrees.delete(layout.run());
        FileTrees.delete(layout.home());
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
        PersistentCluster cluster = PersistentCluster.at(layout.controlPlane());
        PersistentCluster.Status status = cluster.status();
        out.println("control plane: "
                + status.state().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ') + " "
                + status.processes());
        boolean operator =
                new OperatorProcess(layout, programs).process().find().isPresent();
        out.println("operator:      " + (operator ? "running" : "stopped"));
        boolean all = operator && status.state() == PersistentCluster.State.RUNNING;
        for (String name : installedNodes()) {
            boolean runs =
                    new NodeProcess(layout, programs, name).process().find().isPresent();
            out.println("node agent:    " + name + " " + (runs ? "running" : "stopped"));
            all &= runs;
        }
        return all
                && cluster.attach()
                        .map(controlPlane -> printNodes(controlPlane, out))
                        .orElse(false);
    }

    private static boolean printNodes(ControlPlane controlPlane, PrintStream out) {
        try (controlPlane;
                KubernetesClient client = controlPlane.adminClient()) {
            List<AgentNode> nodes = new NodeMembership(client).all();
            nodes.forEach(node -> out.println("AgentNode:     "
                    + node.getMetadata().getName() + " " + (NodeMembership.isReady(node) ? "Ready" : "NotReady")));
            out.println("kubeconfig:    " + controlPlane.kubeconfig());
            return !nodes.isEmpty() && nodes.stream().allMatch(NodeMembership::isReady);
        }
    }

    /** What an agent of this fleet wrote so far, read on its node, which is this machine. */
    public String outputOf(AgentContainer agent) {
        Path log = new NodeProcess(layout, programs, agent.getStatus().nodeName())
                .log(agent.getMetadata().getUid());
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(line -> line.split(" ", 4))
                    .map(fields -> fields[fields.length - 1])
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new UncheckedIOException("the agent's log " + log + " can't be read", e);
        }
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
                layout.home().resolveSibling(layout.home().getFileName() + ".lock"),
                () -> progress.note("waiting for another agentctl that works on the fleet"));
    }

    static List<String> nodeNames(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(number -> "local-" + number)
                .toList();
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
