package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code kill -9} of the node agent before and after each call to its driver and its fence, and of the operator and the
 * node agent before and after each of their writes, in the course of a start, an exit, an update and a stop. Each time the
 * end is the same as without: the phase, the exit code, the output of one run, one assignment, and after the deletion
 * nothing on the machine that was not there before.
 */
@Tag("cluster")
@Tag("node")
class CrashIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);
    private static final String ENDS = "echo ran >> /workspace/runs; cat /workspace/runs /etc/task/task; exit 5";
    private static final String STAYS = "trap \"exit 0\" TERM; echo ran; sleep 1000 & wait";
    private static final String STAYS_WHATEVER_IT_IS_TOLD = "trap \"\" TERM; echo ran; while :; do sleep 1000; done";

    private static StagedFleet staged;
    private static TestFleet fleet;
    private static Leftovers idle;
    private static int agents;

    @BeforeAll
    static void up() throws Exception {
        staged = StagedFleet.start();
        fleet = staged.fleet();
        fleet.furnish();
        fleet.createFurnished("first", ENDS, "");
        fleet.await("first", AgentPhase.Failed);
        fleet.delete("first");
        idle = staged.leftovers();
    }

    /** Leaks show here, while there is nobody who removes them in passing. */
    @AfterEach
    void nothingIsLeft() {
        staged.awaitNoMoreThan(idle);
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        if (staged != null) {
            staged.close();
        }
    }

    /** Where a process is killed, in the life of the agent of that name. */
    private interface Point {
        /** The process that will be killed there. */
        StartedProgram arm(String agent) throws IOException;
    }

    private record Stage(String name) implements Point {
        @Override
        public StartedProgram arm(String agent) throws IOException {
            staged.stages().kill(name);
            return staged.nodeAgent();
        }

        @Override
        public String toString() {
            return "node agent " + name.replace('-', ' ');
        }
    }

    private record WriteOf(String program, ApiProxy.Moment moment, Function<String, ApiWrite> write) implements Point {
        @Override
        public StartedProgram arm(String agent) {
            boolean operator = program.equals("operator");
            StartedProgram victim = operator ? staged.operator() : staged.nodeAgent();
            ApiProxy proxy = operator ? staged.operatorApi() : staged.nodeAgentApi();
            proxy.killAt(write.apply(agent), moment, victim.running());
            return victim;
        }

        @Override
        public String toString() {
            return program + " " + moment + " " + write.apply("");
        }
    }

    private static Stream<Point> stages(String... calls) {
        return StagedFleet.beforeAndAfter(calls).stream().map(Stage::new);
    }

    private static Stream<Point> writes(String program, List<Function<String, ApiWrite>> writes) {
        return writes.stream()
                .flatMap(write ->
                        Stream.of(ApiProxy.Moment.values()).map(moment -> new WriteOf(program, moment, write)));
    }

    private static Function<String, ApiWrite> any(ApiWrite write) {
        return agent -> write;
    }

    /** All of them, or every second one where half of them is asked for: "0" or "1", which CI takes in turn (.ci/run). */
    private static Stream<Point> chosen(Stream<Point> all) {
        List<Point> points = all.toList();
        Optional<Integer> half = Optional.ofNullable(Integer.getInteger("agentcontainers.test.half"));
        return IntStream.range(0, points.size())
                .filter(number -> half.isEmpty() || number % 2 == half.get())
                .mapToObj(points::get);
    }

    static Stream<Point> ofAStart() {
        return chosen(Stream.of(
                        stages("apply", "prepare", "create", "attach", "start"),
                        writes(
                                "operator",
                                List.of(
                                        ApiWrite::bindingOf,
                                        any(ApiWrite.policy()),
                                        any(ApiWrite.assignment()),
                                        any(ApiWrite.copiedSecret()))))
                .flatMap(Function.identity()));
    }

    static Stream<Point> ofAnExit() {
        return chosen(Stream.of(
                        stages("remove", "detach"),
                        writes("node agent", List.of(any(ApiWrite.assignmentStatus("Failed")))),
                        writes("operator", List.of(agent -> ApiWrite.statusOf(agent, "Failed"))))
                .flatMap(Function.identity()));
    }

    static Stream<Point> ofABeginning() {
        return chosen(Stream.of(
                        writes("node agent", List.of(any(ApiWrite.assignmentStatus("Running")), any(ApiWrite.lease()))),
                        writes("operator", List.of(agent -> ApiWrite.statusOf(agent, "Running"))))
                .flatMap(Function.identity()));
    }

    static Stream<Point> ofAStop() {
        return chosen(Stream.of(
                        stages("terminate", "remove", "detach", "purge"),
                        writes("node agent", List.of(any(ApiWrite.assignmentStatus("Stopped")))),
                        writes(
                                "operator",
                                List.of(
                                        any(ApiWrite.assignmentDeletion()),
                                        any(ApiWrite.assignmentRelease()),
                                        ApiWrite::agentRelease)))
                .flatMap(Function.identity()));
    }

    static Stream<Point> ofAKill() {
        return chosen(stages("kill"));
    }

    static Stream<Point> ofAnUpdate() {
        return chosen(stages("update"));
    }

    @ParameterizedTest(name = "a start: {0}")
    @MethodSource("ofAStart")
    void duringAStart(Point point) throws Exception {
        endsOnceAndIsGone(point);
    }

    @ParameterizedTest(name = "an exit: {0}")
    @MethodSource("ofAnExit")
    void duringAnExit(Point point) throws Exception {
        endsOnceAndIsGone(point);
    }

    private static void endsOnceAndIsGone(Point point) throws IOException {
        String name = nextName();
        StartedProgram victim = point.arm(name);
        ProcessHandle dies = victim.running();
        AgentContainer created = fleet.createFurnished(name, ENDS, "");

        staged.startAgain(victim, dies);

        AgentContainer failed = fleet.await(name, AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(5);
        assertThat(failed.getStatus().restarts()).isIn(null, 0);
        assertThat(fleet.output(name)).isEqualTo("ran\nthink");
        assertThat(staged.assignmentsOf(created.getMetadata().getUid())).hasSize(1);
        fleet.delete(name);
    }

    @ParameterizedTest(name = "the first moments of a run: {0}")
    @MethodSource("ofABeginning")
    void whenItHasBegun(Point point) throws Exception {
        String name = nextName();
        StartedProgram victim = point.arm(name);
        ProcessHandle dies = victim.running();
        AgentContainer created = fleet.createFurnished(name, STAYS, "");

        staged.startAgain(victim, dies);

        assertRunsOnce(fleet.await(name, AgentPhase.Running), created);
        fleet.delete(name);
    }

    @ParameterizedTest(name = "a stop: {0}")
    @MethodSource("ofAStop")
    void duringAStop(Point point) throws Exception {
        isStopped(point, STAYS, "terminationGracePeriodSeconds: 30");
    }

    @ParameterizedTest(name = "a stop that takes a kill: {0}")
    @MethodSource("ofAKill")
    void duringAKill(Point point) throws Exception {
        isStopped(point, STAYS_WHATEVER_IT_IS_TOLD, "terminationGracePeriodSeconds: 1");
    }

    private static void isStopped(Point point, String script, String lifecycle) throws IOException {
        String name = nextName();
        AgentContainer created = fleet.createFurnished(name, script, lifecycle);
        assertRunsOnce(fleet.await(name, AgentPhase.Running), created);
        StartedProgram victim = point.arm(name);
        ProcessHandle dies = victim.running();
        fleet.client().resource(fleet.get(name)).delete();

        staged.startAgain(victim, dies);

        await(name + " is gone").atMost(PATIENCE).until(() -> fleet.get(name) == null);
        assertThat(staged.assignmentsOf(created.getMetadata().getUid())).hasSize(1);
    }

    @ParameterizedTest(name = "an update: {0}")
    @MethodSource("ofAnUpdate")
    void duringAnUpdate(Point point) throws Exception {
        String name = nextName();
        AgentContainer created = fleet.createFurnished(name, STAYS, "");
        fleet.await(name, AgentPhase.Running);
        StartedProgram victim = point.arm(name);
        ProcessHandle dies = victim.running();
        fleet.client()
                .resource(fleet.get(name))
                .patch(MERGE, "{\"spec\": {\"resources\": {\"limits\": {\"memory\": \"96Mi\"}}}}");

        staged.startAgain(victim, dies);

        await("the limit is in force")
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> fleet.memoryLimit(created) == 96L << 20);
        assertRunsOnce(fleet.get(name), created);
        fleet.delete(name);
    }

    private static void assertRunsOnce(AgentContainer running, AgentContainer created) {
        String name = created.getMetadata().getName();
        assertThat(running.getStatus().restarts()).isIn(null, 0);
        await("output of " + name)
                .atMost(PATIENCE)
                .until(() -> fleet.output(name).equals("ran"));
        assertThat(staged.assignmentsOf(created.getMetadata().getUid())).hasSize(1);
    }

    private static String nextName() {
        return "agent-" + ++agents;
    }
}
