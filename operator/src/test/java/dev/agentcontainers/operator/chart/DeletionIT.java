package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.localcluster.process.ExternalProgram;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * With an agent running: agent, its namespace, its node, the chart and the API are removed in every order that makes sense.
 * Nothing gets stuck and nothing is left. The chart is removed as Helm does it: the hook's command, then the objects. Most of that is
 * waiting, so that several orders go on at a time, each on a control plane of its own.
 */
@Tag("cluster")
@Execution(ExecutionMode.CONCURRENT)
@ExtendWith(OperatorReport.class)
class DeletionIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    /** Where all tests share one control plane, the others of them come first. */
    private static final Duration UNTIL_FREE = Duration.ofMinutes(10);

    private static final String TEAM = "team-a";
    private static final String NODE = "node-a";

    enum Removal {
        AGENT,
        NAMESPACE,
        NODE,
        CHART,
        API
    }

    /** Nothing is awaited of a leader that has ended but this time. */
    private static final Map<String, String> SHORT_LEASE = Map.of(
            "AGENTCONTAINERS_OPERATOR_LEADER_LEASE_DURATION", "6s",
            "AGENTCONTAINERS_OPERATOR_LEADER_RENEW_DEADLINE", "4s",
            "AGENTCONTAINERS_OPERATOR_LEADER_RETRY_PERIOD", "1s");

    @TempDir
    static Path scratch;

    /** As many as tests go on at a time (junit-platform.properties). */
    private static final int CONTROL_PLANES = 3;

    private static final List<InstalledChart> ALL = new ArrayList<>();
    private static final BlockingQueue<InstalledChart> FREE = new LinkedBlockingQueue<>();

    private InstalledChart chart;
    private KubernetesClient admin;
    private Set<String> before;
    private OperatorPod operator;
    private TestNode node;
    private AgentContainer agent;

    @BeforeAll
    static void start() throws IOException {
        for (int i = 0; i < CONTROL_PLANES; i++) {
            InstalledChart one = InstalledChart.on(Files.createDirectory(scratch.resolve("helm-" + i)));
            if (ALL.stream().anyMatch(one::isSameClusterAs)) {
                // It was named by whoever runs this: the tests go on one by one.
                return;
            }
            ALL.add(one);
            FREE.add(one);
        }
    }

    @AfterAll
    static void stop() {
        ALL.forEach(InstalledChart::close);
    }

    @BeforeEach
    void anAgentRuns() throws InterruptedException {
        chart = FREE.poll(UNTIL_FREE.toSeconds(), TimeUnit.SECONDS);
        assertThat(chart)
                .as("no control plane was given back within %s: the tests before hang, see their output", UNTIL_FREE)
                .isNotNull();
        admin = chart.admin();
        before = chart.contents();
        chart.createNamespace(InstalledChart.NAMESPACE);
        chart.createNamespace(TEAM);
        chart.installApi();
        chart.installMain();
        operator = OperatorPod.of(chart, () -> chart.startOperator("operator-0", "10.1.0.10", SHORT_LEASE));
        node = TestNode.join(admin, NODE, Map.of("cpu", "4", "memory", "4Gi", "agents", "100"));
        agent = Agents.create(admin, TEAM, "agent", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(admin, agent, "Ready").equals("True"));
    }

    @AfterEach
    void end() {
        if (chart == null) {
            return;
        }
        try {
            if (operator != null) {
                operator.close();
            }
        } finally {
            giveBack();
        }
    }

    /** Whatever fails before: all further tests would wait for it. */
    private void giveBack() {
        try {
            if (node != null) {
                node.close();
            }
        } finally {
            FREE.add(chart);
        }
    }

    /** All of them, or every second one where half of them is asked for: "0" or "1", which CI takes in turn (.ci/run). */
    static Stream<List<Removal>> chosenOrders() {
        List<List<Removal>> orders = orders();
        Optional<Integer> half = Optional.ofNullable(Integer.getInteger("agentcontainers.test.half"));
        return IntStream.range(0, orders.size())
                .filter(number -> half.isEmpty() || number % 2 == half.get())
                .mapToObj(orders::get);
    }

    /**
     * What differs is who is still there when a thing goes. After the chart or the API there is no node to remove, and after its
     * namespace or the API no agent; a namespace that is not named goes last.
     */
    private static List<List<Removal>> orders() {
        return List.of(
                List.of(Removal.AGENT, Removal.NAMESPACE, Removal.NODE, Removal.CHART, Removal.API),
                List.of(Removal.AGENT, Removal.CHART, Removal.NAMESPACE, Removal.API),
                List.of(Removal.AGENT, Removal.NODE, Removal.API, Removal.NAMESPACE, Removal.CHART),
                List.of(Removal.NAMESPACE, Removal.CHART, Removal.API),
                List.of(Removal.NAMESPACE, Removal.NODE, Removal.CHART, Removal.API),
                List.of(Removal.NAMESPACE, Removal.API, Removal.CHART),
                List.of(Removal.NODE, Removal.AGENT, Removal.CHART, Removal.API),
                List.of(Removal.NODE, Removal.NAMESPACE, Removal.API, Removal.CHART),
                List.of(Removal.NODE, Removal.CHART, Removal.API),
                List.of(Removal.NODE, Removal.API, Removal.CHART),
                List.of(Removal.CHART, Removal.AGENT, Removal.API),
                List.of(Removal.CHART, Removal.NAMESPACE, Removal.API),
                List.of(Removal.CHART, Removal.API),
                List.of(Removal.API, Removal.CHART),
                List.of(Removal.API, Removal.NAMESPACE, Removal.CHART));
    }

    @ParameterizedTest
    @MethodSource("chosenOrders")
    void nothingIsStuckAndNothingIsLeft(List<Removal> order) {
        order.forEach(this::remove);
        nothingIsLeft();
    }

    @Test
    void aNodeThatIsDeadHoldsNothing() {
        node.die();
        remove(Removal.CHART);
        remove(Removal.API);
        nothingIsLeft();
    }

    @Test
    void withoutTheChartNothingHoldsAnAgentContainer() {
        drained();
        // Whoever repeats it gets the same answer at once.
        assertThat(chart.drain().exitCode()).isZero();
        chart.uninstallMain();

        AgentContainer kept = Agents.read(admin, agent);
        assertThat(kept.getMetadata().getFinalizers()).isEmpty();
        assertThat(kept.getStatus().phase()).isEqualTo(AgentPhase.Failed);
        assertThat(Agents.condition(kept, "Ready").orElseThrow().getReason()).isIn("NodeRemoved", "AssignmentLost");
        AgentContainer later = Agents.create(admin, TEAM, "later", Agents.SMALL);
        assertThat(later.getMetadata().getFinalizers()).isEmpty();
        remove(Removal.API);
        nothingIsLeft();
    }

    @Test
    void aDrainThatCanNotFinishSaysWhatIsLeftAndCanBeRepeated() {
        assertThat(chart.drain("drain", "--timeout=soon").exitCode()).isEqualTo(2);
        operator.signal("STOP");
        ExternalProgram.Result result = chart.drain("drain", "--namespace=" + InstalledChart.NAMESPACE, "--timeout=3");

        assertThat(result.exitCode()).as(result.output()).isEqualTo(1);
        assertThat(result.output())
                .contains(
                        "Stopping agents and removing nodes took too long: 1 agent(s) to stop, 1 node(s) to remove (node-a)");
        // Another takes its place, as the kubelet starts one.
        operator.signal("KILL");
        remove(Removal.CHART);
        remove(Removal.API);
        nothingIsLeft();
    }

    private void remove(Removal what) {
        switch (what) {
            case AGENT -> {
                admin.resource(agent).delete();
                await("the agent is gone").atMost(SOON).until(() -> Agents.read(admin, agent) == null);
            }
            case NAMESPACE -> chart.deleteNamespace(TEAM);
            case NODE -> {
                // It goes after its agents, unless those were removed before.
                admin.resources(AgentNode.class).withName(NODE).delete();
            }
            case CHART -> {
                drained();
                chart.uninstallMain();
            }
            case API -> chart.uninstallApi();
        }
    }

    private void drained() {
        ExternalProgram.Result result = chart.drain();
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.output()).contains("Drained: no agent and no node is left");
        await("the operator has ended").atMost(SOON).until(() -> !operator.isAlive());
    }

    private void nothingIsLeft() {
        if (admin.namespaces().withName(TEAM).get() != null) {
            chart.deleteNamespace(TEAM);
        }
        chart.deleteNamespace(InstalledChart.NAMESPACE);
        await("nothing is left").atMost(SOON).untilAsserted(() -> {
            Set<String> left = new TreeSet<>(chart.contents());
            left.removeAll(before);
            assertThat(left).isEmpty();
        });
    }
}
