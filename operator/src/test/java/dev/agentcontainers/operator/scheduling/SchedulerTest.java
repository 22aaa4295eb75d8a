package dev.agentcontainers.operator.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@NullUnmarked
class SchedulerTest {
    private static final long GIB = 1L << 30;
    private static final IsolationOption PROCESS = new IsolationOption("process", "process", IsolationLevel.Process);
    private static final IsolationOption CONTAINER =
            new IsolationOption("container", "container", IsolationLevel.Container);
    private static final IsolationOption GVISOR =
            new IsolationOption("gvisor", "runsc", IsolationLevel.UserspaceKernel);

    /** What each row changes of an agent and a node that fit, and the reason given then; empty where they still fit. */
    static Stream<Arguments> filters() {
        return Stream.of(
                row("fits", agent -> agent, node -> node, ""),
                row("silent", agent -> agent, node -> node.alive(false), "not ready"),
                row("closed", agent -> agent, node -> node.schedulable(false), "unschedulable"),
                row("os", agent -> agent.os(OperatingSystem.windows), node -> node, "without operating system windows"),
                row("arch", agent -> agent.arch(Architecture.arm64), node -> node, "without architecture arm64"),
                row("label", agent -> agent.selector(Map.of("zone", "a")), node -> node, "without label zone=a"),
                row(
                        "label there",
                        agent -> agent.selector(Map.of("zone", "a")),
                        node -> node.labels(Map.of("zone", "a")),
                        ""),
                row(
                        "taint",
                        agent -> agent,
                        node -> node.taint("gpu", "NoSchedule"),
                        "with untolerated taint {gpu=yes:NoSchedule}"),
                row("soft taint", agent -> agent, node -> node.taint("gpu", "PreferNoSchedule"), ""),
                row(
                        "tolerated",
                        agent -> agent.tolerate("gpu", "Equal", "yes", null),
                        node -> node.taint("gpu", "NoExecute"),
                        ""),
                row(
                        "other value",
                        agent -> agent.tolerate("gpu", "Equal", "no", null),
                        node -> node.taint("gpu", "NoExecute"),
                        "with untolerated taint {gpu=yes:NoExecute}"),
                row(
                        "tolerates all",
                        agent -> agent.tolerate(null, "Exists", null, null),
                        node -> node.taint("gpu", "NoSchedule"),
                        ""),
                row(
                        "empty key needs Exists",
                        agent -> agent.tolerate(null, "Equal", "yes", null),
                        node -> node.taint("gpu", "NoSchedule"),
                        "with untolerated taint {gpu=yes:NoSchedule}"),
                row("avoided", agent -> agent.avoid("node"), node -> node, "that refused this agent a moment ago"),
                row(
                        "no class",
                        agent -> agent.isolation(new IsolationNeed.OfClass("kata")),
                        node -> node,
                        "because there is no IsolationClass kata"),
                row(
                        "no driver",
                        agent -> agent.isolation(new IsolationNeed.OfClass("gvisor")),
                        node -> node,
                        "without a ready driver runsc"),
                row(
                        "capped",
                        agent -> agent.isolation(new IsolationNeed.OfClass("gvisor")),
                        node -> node.driver("runsc", IsolationLevel.Container),
                        "where isolation is weaker than UserspaceKernel (node: driver runsc counts as Container)"),
                row(
                        "minimum",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.Container)),
                        node -> node.driver("runsc", IsolationLevel.UserspaceKernel),
                        ""),
                row(
                        "minimum too high",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.MicroVM)),
                        node -> node,
                        "because no IsolationClass reaches level MicroVM"),
                row(
                        "memory for a machine beside the agent's",
                        agent -> agent.isolation(new IsolationNeed.OfClass("gvisor"))
                                .requests(new ResourceVector(100, 4 * GIB, 0, 1)),
                        node -> node.costly("runsc", 256 << 20),
                        "with insufficient memory (node: requests 4Gi and 256Mi for its isolation, free 4Gi)"),
                row(
                        "room for both",
                        agent -> agent.isolation(new IsolationNeed.OfClass("gvisor"))
                                .requests(new ResourceVector(100, 4 * GIB - (256 << 20), 0, 1)),
                        node -> node.costly("runsc", 256 << 20),
                        ""),
                row(
                        "disk limit",
                        agent -> agent.needing("ephemeral-storage"),
                        node -> node,
                        "whose driver process cannot limit ephemeral-storage"),
                row(
                        "rates of disks of which the node limits one only",
                        agent -> agent.needing("disk-read-rate", "disk-write-rate"),
                        node -> node.features("host-root", "disk-read-rate"),
                        "whose driver process cannot limit disk-write-rate"),
                row(
                        "rates of the network at a node of an earlier version",
                        agent -> agent.needing("network-egress-rate", "network-ingress-rate"),
                        node -> node.features("host-root", "disk-read-rate", "disk-write-rate"),
                        "whose driver process cannot limit network-egress-rate"),
                row(
                        "a session where there are none",
                        agent -> agent.needing("session"),
                        node -> node.features("host-root"),
                        "whose driver process has no sessions, for spec.session"),
                row(
                        "a display where the node's root has no server",
                        agent -> agent.needing("session", "display"),
                        node -> node.features("host-root", "session"),
                        "whose driver process has no displays, for spec.session.display"),
                row(
                        "a suspended agent at a node of an earlier version",
                        agent -> agent.needing("suspension"),
                        node -> node.features("host-root"),
                        "whose driver process cannot leave an agent unstarted, for spec.lifecycle.suspended"),
                row(
                        "both where they are",
                        agent -> agent.needing("session", "suspension"),
                        node -> node.features("host-root", "session", "suspension"),
                        ""),
                row(
                        "image by its class",
                        agent -> agent.isolation(new IsolationNeed.OfClass("container"))
                                .fromImage(),
                        node -> node.driver("container", IsolationLevel.Container, "image"),
                        ""),
                row(
                        "image by a level that another class has too",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.Process))
                                .fromImage(),
                        node -> node.driver("container", IsolationLevel.Container, "image"),
                        ""),
                row(
                        "image by a class for the node's own programs",
                        agent -> agent.fromImage(),
                        node -> node.driver("container", IsolationLevel.Container, "image"),
                        "where IsolationClass process runs the nodes' own programs only, but spec.image is set (node: use className: container)"),
                row(
                        "image where no driver runs any",
                        agent -> agent.fromImage(),
                        node -> node.features("host-root"),
                        "where IsolationClass process runs the nodes' own programs only, but spec.image is set (node: no class that would do runs images there)"),
                row(
                        "image where the driver is of before there were any",
                        agent -> agent.fromImage(),
                        node -> node,
                        "where IsolationClass process runs the nodes' own programs only, but spec.image is set (node: no class that would do runs images there)"),
                row(
                        "image by a level where no driver runs any",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.Process))
                                .fromImage(),
                        node -> node,
                        "where IsolationClass process runs the nodes' own programs only, but spec.image is set (node: no class that would do runs images there)"),
                row(
                        "image by a class without a driver",
                        agent -> agent.isolation(new IsolationNeed.OfClass("container"))
                                .fromImage(),
                        node -> node,
                        "without a ready driver container"),
                row(
                        "image by a level that its class does not reach there",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.Container))
                                .fromImage(),
                        node -> node.driver("container", IsolationLevel.Process, "image"),
                        "where isolation is weaker than Container (node: driver container counts as Process)"),
                row(
                        "image with a limit of disk that only the other class can enforce",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.Process))
                                .needing("ephemeral-storage")
                                .fromImage(),
                        node -> node.features("host-root", "ephemeral-storage")
                                .driver("container", IsolationLevel.Container, "image"),
                        "whose driver container cannot limit ephemeral-storage"),
                row("the node's own programs", agent -> agent, node -> node.features("host-root"), ""),
                row(
                        "the node's own programs by a class for images",
                        agent -> agent.isolation(new IsolationNeed.OfClass("container")),
                        node -> node.driver("container", IsolationLevel.Container, "image"),
                        "where IsolationClass container runs images only, but spec.image is not set (node: set image or use className: process)"),
                row(
                        "the node's own programs where drivers run images only",
                        agent -> agent,
                        node -> node.features("image"),
                        "where IsolationClass process runs images only, but spec.image is not set (node: set image)"),
                row(
                        "the node's own programs by a level for which there are images only",
                        agent -> agent.isolation(new IsolationNeed.AtLeast(IsolationLevel.Container)),
                        node -> node.driver("container", IsolationLevel.Container, "image"),
                        "where IsolationClass container runs images only, but spec.image is not set (node: set image)"),
                row("a driver for both", agent -> agent, node -> node.features("image", "host-root"), ""),
                row(
                        "cpu",
                        agent -> agent.requests(new ResourceVector(4001, 0, 0, 1)),
                        node -> node,
                        "with insufficient cpu (node: requests 4001m, free 4)"),
                row(
                        "memory",
                        agent -> agent.requests(new ResourceVector(0, 5 * GIB, 0, 1)),
                        node -> node,
                        "with insufficient memory (node: requests 5Gi, free 4Gi)"),
                row(
                        "memory, odd",
                        agent -> agent.requests(new ResourceVector(0, 5 * GIB + (1 << 20), 0, 1)),
                        node -> node,
                        "with insufficient memory (node: requests 5121Mi, free 4Gi)"),
                row(
                        "storage",
                        agent -> agent.requests(new ResourceVector(0, 0, 9 * GIB, 1)),
                        node -> node,
                        "with insufficient ephemeral-storage (node: requests 9Gi, free 8Gi)"),
                row("number", agent -> agent, node -> node.agents(0), "with too many agents"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("filters")
    void saysWhyANodeWillNotDo(String name, UnaryOperator<AgentRow> agent, UnaryOperator<NodeRow> node, String reason) {
        FleetSnapshot fleet = new FleetSnapshot(
                List.of(node.apply(NodeRow.FITTING).build("node")), List.of(PROCESS, CONTAINER, GVISOR), Map.of());
        Placement placement = Scheduler.place(agent.apply(AgentRow.FITTING).build(), fleet);
        if (reason.isEmpty()) {
            assertThat(placement).isInstanceOf(Placement.Placed.class);
        } else {
            assertThat(placement)
                    .isEqualTo(new Placement.Unschedulable("0/1 nodes are available: 1 node(s) %s%s"
                            .formatted(reason, reason.endsWith(")") ? "" : " (node)")));
        }
    }

    @Test
    void takesTheLeastAllocatedNodeAndTheFirstNameOfEquals() {
        FleetSnapshot fleet = new FleetSnapshot(
                Stream.of("c", "a", "b").map(NodeRow.FITTING::build).toList(),
                List.of(PROCESS),
                Map.of("a", new ResourceVector(2000, GIB, 0, 1)));
        assertThat(Scheduler.place(AgentRow.FITTING.build(), fleet)).isEqualTo(placed("b"));
    }

    @Test
    void takesTheCheapestClassThatReachesAMinimum() {
        FleetSnapshot fleet = new FleetSnapshot(
                List.of(NodeRow.FITTING
                        .driver("runsc", IsolationLevel.UserspaceKernel)
                        .build("node")),
                List.of(GVISOR, PROCESS),
                Map.of());
        AgentRequest agent = AgentRow.FITTING
                .isolation(new IsolationNeed.AtLeast(IsolationLevel.Process))
                .build();
        assertThat(Scheduler.place(agent, fleet)).isEqualTo(placed("node"));
    }

    @Test
    void countsNodesByReason() {
        FleetSnapshot fleet = new FleetSnapshot(
                List.of(
                        NodeRow.FITTING.alive(false).build("a"),
                        NodeRow.FITTING.alive(false).build("b"),
                        NodeRow.FITTING.agents(0).build("c")),
                List.of(PROCESS),
                Map.of());
        assertThat(Scheduler.place(AgentRow.FITTING.build(), fleet))
                .isEqualTo(new Placement.Unschedulable(
                        "0/3 nodes are available: 2 node(s) not ready (a, b), 1 node(s) with too many agents (c)"));
    }

    @Test
    void namesSomeNodesForEachReasonAndCountsTheRest() {
        FleetSnapshot fleet = new FleetSnapshot(
                IntStream.range(10, 50)
                        .mapToObj(index -> index < 20
                                ? NodeRow.FITTING.alive(false).build("n" + index)
                                : NodeRow.FITTING.build("n" + index))
                        .toList(),
                List.of(PROCESS),
                Map.of());
        AgentRequest agent =
                AgentRow.FITTING.requests(new ResourceVector(5000, 0, 0, 1)).build();
        assertThat(Scheduler.place(agent, fleet))
                .isEqualTo(new Placement.Unschedulable(
                        "0/40 nodes are available: 10 node(s) not ready (n10, n11, n12, n13, n14 and 5 more),"
                                + " 30 node(s) with insufficient cpu (n20: requests 5, free 4; n21: requests 5,"
                                + " free 4; n22: requests 5, free 4; n23: requests 5, free 4; n24: requests 5,"
                                + " free 4 and 25 more)"));
    }

    @Test
    void aNodeThatAsksToBeLeftAloneIsTakenOnlyWhereThereIsNoOther() {
        NodeCandidate asking = NodeRow.FITTING.taint("gpu", "PreferNoSchedule").build("a");
        NodeCandidate busy = NodeRow.FITTING.build("b");
        Map<String, ResourceVector> reserved = Map.of("b", new ResourceVector(2000, GIB, 0, 1));
        AgentRequest agent = AgentRow.FITTING.build();
        AgentRequest tolerant =
                AgentRow.FITTING.tolerate("gpu", "Exists", null, null).build();

        assertThat(Scheduler.place(agent, new FleetSnapshot(List.of(asking, busy), List.of(PROCESS), reserved)))
                .isEqualTo(placed("b"));
        assertThat(Scheduler.place(tolerant, new FleetSnapshot(List.of(asking, busy), List.of(PROCESS), reserved)))
                .isEqualTo(placed("a"));
        assertThat(Scheduler.place(agent, new FleetSnapshot(List.of(asking), List.of(PROCESS), reserved)))
                .isEqualTo(placed("a"));
    }

    @Test
    void saysThatThereIsNoNode() {
        assertThat(Scheduler.place(AgentRow.FITTING.build(), new FleetSnapshot(List.of(), List.of(PROCESS), Map.of())))
                .isEqualTo(new Placement.Unschedulable("0/0 nodes are available: no AgentNode has joined yet"));
    }

    private static Placement placed(String node) {
        return new Placement.Placed(
                node,
                "process",
                IsolationLevel.Process,
                AgentRow.FITTING.build().requests());
    }

    /** What is taken of the node is what the class that was chosen takes there. */
    @Test
    void takesAlsoWhatTheIsolationTakes() {
        NodeCandidate node = NodeRow.FITTING.costly("runsc", 256 << 20).build("node");
        FleetSnapshot fleet = new FleetSnapshot(List.of(node), List.of(PROCESS, GVISOR), Map.of());
        assertThat(Scheduler.place(AgentRow.FITTING.build(), fleet)).isEqualTo(placed("node"));
        assertThat(Scheduler.place(
                        AgentRow.FITTING
                                .isolation(new IsolationNeed.OfClass("gvisor"))
                                .build(),
                        fleet))
                .isEqualTo(new Placement.Placed(
                        "node",
                        "gvisor",
                        IsolationLevel.UserspaceKernel,
                        new ResourceVector(100, GIB + (256 << 20), 0, 1)));
    }

    private static Arguments row(
            String name, UnaryOperator<AgentRow> agent, UnaryOperator<NodeRow> node, String reason) {
        return Arguments.of(name, agent, node, reason);
    }

    private record AgentRow(AgentRequest build) {
        static final AgentRow FITTING = new AgentRow(new AgentRequest(
                OperatingSystem.linux,
                Optional.empty(),
                new IsolationNeed.OfClass("process"),
                false,
                new ResourceVector(100, GIB, 0, 1),
                List.of(),
                Map.of(),
                List.of(),
                Set.of()));

        AgentRow os(OperatingSystem os) {
            return with(
                    os, build.arch(), build.isolation(), build.requests(), List.of(), Map.of(), List.of(), Set.of());
        }

        AgentRow arch(Architecture arch) {
            return with(
                    build.os(),
                    Optional.of(arch),
                    build.isolation(),
                    build.requests(),
                    List.of(),
                    Map.of(),
                    List.of(),
                    Set.of());
        }

        AgentRow isolation(IsolationNeed isolation) {
            return with(
                    build.os(), build.arch(), isolation, build.requests(), List.of(), Map.of(), List.of(), Set.of());
        }

        AgentRow fromImage() {
            return new AgentRow(new AgentRequest(
                    build.os(),
                    build.arch(),
                    build.isolation(),
                    true,
                    build.requests(),
                    build.features(),
                    build.nodeSelector(),
                    build.tolerations(),
                    build.avoided()));
        }

        AgentRow requests(ResourceVector requests) {
            return with(
                    build.os(), build.arch(), build.isolation(), requests, List.of(), Map.of(), List.of(), Set.of());
        }

        AgentRow needing(String... features) {
            return with(
                    build.os(),
                    build.arch(),
                    build.isolation(),
                    build.requests(),
                    List.of(features),
                    Map.of(),
                    List.of(),
                    Set.of());
        }

        AgentRow selector(Map<String, String> labels) {
            return with(
                    build.os(),
                    build.arch(),
                    build.isolation(),
                    build.requests(),
                    List.of(),
                    labels,
                    List.of(),
                    Set.of());
        }

        AgentRow tolerate(String key, String operator, String value, String effect) {
            Toleration toleration = new Toleration(effect, key, operator, null, value);
            return with(
                    build.os(),
                    build.arch(),
                    build.isolation(),
                    build.requests(),
                    List.of(),
                    Map.of(),
                    List.of(toleration),
                    Set.of());
        }

        AgentRow avoid(String node) {
            return with(
                    build.os(),
                    build.arch(),
                    build.isolation(),
                    build.requests(),
                    List.of(),
                    Map.of(),
                    List.of(),
                    Set.of(node));
        }

        private static AgentRow with(
                OperatingSystem os,
                Optional<Architecture> arch,
                IsolationNeed isolation,
                ResourceVector requests,
                List<String> limits,
                Map<String, String> selector,
                List<Toleration> tolerations,
                Set<String> avoided) {
            return new AgentRow(
                    new AgentRequest(os, arch, isolation, false, requests, limits, selector, tolerations, avoided));
        }
    }

    private record NodeRow(
            boolean isAlive,
            boolean isSchedulable,
            Map<String, String> nodeLabels,
            List<Taint> taints,
            Map<String, NodeCandidate.Driver> drivers,
            long limit) {
        static final NodeRow FITTING = new NodeRow(
                true,
                true,
                Map.of(),
                List.of(),
                Map.of("process", new NodeCandidate.Driver(IsolationLevel.Process, Set.of(), ResourceVector.NONE)),
                10);

        NodeRow alive(boolean value) {
            return new NodeRow(value, isSchedulable, nodeLabels, taints, drivers, limit);
        }

        NodeRow schedulable(boolean value) {
            return new NodeRow(isAlive, value, nodeLabels, taints, drivers, limit);
        }

        NodeRow labels(Map<String, String> value) {
            return new NodeRow(isAlive, isSchedulable, value, taints, drivers, limit);
        }

        NodeRow taint(String key, String effect) {
            return new NodeRow(
                    isAlive, isSchedulable, nodeLabels, List.of(new Taint(effect, key, null, "yes")), drivers, limit);
        }

        /** With that driver beside the one that every node has. */
        NodeRow driver(String name, IsolationLevel strength, String... features) {
            Map<String, NodeCandidate.Driver> all = new HashMap<>(drivers);
            all.put(name, new NodeCandidate.Driver(strength, Set.of(features), ResourceVector.NONE));
            return new NodeRow(isAlive, isSchedulable, nodeLabels, taints, all, limit);
        }

        /** With that driver, which takes so much memory for each of its agents. */
        NodeRow costly(String name, long memory) {
            Map<String, NodeCandidate.Driver> all = new HashMap<>(drivers);
            all.put(
                    name,
                    new NodeCandidate.Driver(
                            IsolationLevel.UserspaceKernel, Set.of(), new ResourceVector(0, memory, 0, 0)));
            return new NodeRow(isAlive, isSchedulable, nodeLabels, taints, all, limit);
        }

        /** Whose only driver has these features. */
        NodeRow features(String... features) {
            return new NodeRow(
                    isAlive,
                    isSchedulable,
                    nodeLabels,
                    taints,
                    Map.of(
                            "process",
                            new NodeCandidate.Driver(IsolationLevel.Process, Set.of(features), ResourceVector.NONE)),
                    limit);
        }

        NodeRow agents(long value) {
            return new NodeRow(isAlive, isSchedulable, nodeLabels, taints, drivers, value);
        }

        NodeCandidate build(String name) {
            return new NodeCandidate(
                    name,
                    isAlive,
                    isSchedulable,
                    Optional.of(OperatingSystem.linux),
                    Optional.of(Architecture.amd64),
                    nodeLabels,
                    taints,
                    drivers,
                    new ResourceVector(4000, 4 * GIB, 8 * GIB, limit));
        }
    }
}
