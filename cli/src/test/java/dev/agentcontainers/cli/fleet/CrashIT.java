package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code kill -9} of the operator and of the node agent at points of a start and of a stop: the end state is the same as
 * without, the agent runs once, nothing is left. The points are delays after the request; where in the work they fall
 * differs from run to run, and must not matter.
 */
@Tag("cluster")
@Tag("node")
class CrashIT {
    private static final int POINTS = 5;
    private static final int STEP_MILLIS = 40;
    private static final ScheduledExecutorService KILLER = Executors.newSingleThreadScheduledExecutor();
    private static TestFleet fleet;

    @BeforeAll
    static void up() throws Exception {
        fleet = TestFleet.start();
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        KILLER.shutdownNow();
        if (fleet != null) {
            fleet.close();
        }
    }

    static Stream<Arguments> points() {
        return Stream.of("operator", "node-agent")
                .flatMap(part -> IntStream.range(0, POINTS).mapToObj(point -> Arguments.of(part, point * STEP_MILLIS)));
    }

    @ParameterizedTest(name = "{0} killed {1} ms into a start")
    @MethodSource("points")
    void killedDuringAStart(String part, int millis) {
        String name = "start-" + part + "-" + millis;
        fleet.create(name, "echo ran; exit 5", "");
        killAfter(part, millis);
        fleet.fleet().up(1, false);
        AgentContainer failed = fleet.await(name, AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(5);
        assertThat(fleet.output(name)).isEqualTo("ran");
        fleet.delete(name);
    }

    @ParameterizedTest(name = "{0} killed {1} ms into a stop")
    @MethodSource("points")
    void killedDuringAStop(String part, int millis) {
        String name = "stop-" + part + "-" + millis;
        fleet.create(name, "sleep 1000", "lifecycle: {terminationGracePeriodSeconds: 0}");
        fleet.await(name, AgentPhase.Running);
        fleet.client().resource(fleet.get(name)).delete();
        killAfter(part, millis);
        fleet.fleet().up(1, false);
        Awaitility.await(name + " is gone").atMost(Duration.ofSeconds(120)).until(() -> fleet.get(name) == null);
    }

    private static void killAfter(String part, int millis) {
        FleetProcess process = part.equals("operator") ? fleet.operator() : fleet.nodeAgent();
        ProcessHandle victim = process.find().orElseThrow();
        KILLER.schedule(victim::destroyForcibly, millis, TimeUnit.MILLISECONDS);
        victim.onExit().join();
    }
}
