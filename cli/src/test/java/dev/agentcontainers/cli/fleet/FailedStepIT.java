package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each step of a start fails, before or after it has had its effect on the machine: the agent does not run, nothing of it
 * is left, and its conditions say which step failed and why. Once the step passes again the agent runs, once.
 */
@Tag("cluster")
@Tag("node")
class FailedStepIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static StagedFleet staged;
    private static TestFleet fleet;
    private static Leftovers idle;
    private static int agents;

    @BeforeAll
    static void up() throws Exception {
        staged = StagedFleet.start();
        fleet = staged.fleet();
        fleet.furnish();
        fleet.createFurnished("first", "true", "");
        fleet.await("first", AgentPhase.Succeeded);
        fleet.delete("first");
        idle = staged.leftovers();
    }

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

    @ParameterizedTest
    @CsvSource({
        "before-prepare, PREPARE, PrepareFailed",
        "after-prepare, PREPARE, PrepareFailed",
        "before-create, CREATE, CreateFailed",
        "after-create, CREATE, CreateFailed",
        "before-attach, FENCE, FenceFailed",
        "after-attach, FENCE, FenceFailed",
        "before-start, START, StartFailed"
    })
    void aStepThatFailsKeepsTheAgentFromStarting(String stage, Step step, String reason) throws Exception {
        String name = "agent-" + ++agents;
        staged.stages().fail(stage, step, Kind.TRANSIENT, "no luck at " + stage);
        AgentContainer created = fleet.createFurnished(name, "echo ran", "");

        awaitReason(name, reason, "no luck at " + stage);
        assertNothingRuns(created);

        staged.stages().pass(stage);
        assertThat(fleet.await(name, AgentPhase.Succeeded).getStatus().restarts())
                .isIn(null, 0);
        assertThat(fleet.output(name)).isEqualTo("ran");
        fleet.delete(name);
    }

    @ParameterizedTest
    @CsvSource({
        "before-create, CREATE, INVALID_SPEC, Failed, CreateFailed",
        "after-create, CREATE, INVALID_SPEC, Failed, CreateFailed",
        "before-start, START, INVALID_SPEC, Failed, StartFailed"
    })
    void aStepThatCanNeverPassEndsTheAgent(String stage, Step step, Kind kind, AgentPhase phase, String reason)
            throws Exception {
        String name = "agent-" + ++agents;
        staged.stages().fail(stage, step, kind, "spec.command: not to be had");
        AgentContainer created = fleet.createFurnished(name, "echo ran", "");

        AgentContainer ended = fleet.await(name, phase);
        assertThat(TestFleet.condition(ended, "Stalled").getReason()).isEqualTo(reason);
        assertThat(TestFleet.condition(ended, "Stalled").getMessage()).contains("spec.command: not to be had");
        assertNothingRuns(created);

        staged.stages().pass(stage);
        fleet.delete(name);
    }

    @Test
    void aStartThatFailsAfterItsEffectIsNotRepeated() throws Exception {
        String name = "agent-" + ++agents;
        staged.stages().fail("after-start", Step.START, Kind.TRANSIENT, "the note of it failed");
        fleet.createFurnished(name, "echo ran; exit 4", "");

        AgentContainer failed = fleet.await(name, AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(4);
        assertThat(fleet.output(name)).isEqualTo("ran");

        staged.stages().pass("after-start");
        fleet.delete(name);
    }

    @Test
    void aJournalThatCannotBeWrittenKeepsTheAgentFromStarting() throws Exception {
        String journal = fleet.layout()
                .node(fleet.nodeName())
                .resolve("state/journal/sandboxes")
                .toString();
        String name = "agent-" + ++agents;
        ExternalCommand.of("mount", "--bind", journal, journal).run();
        try {
            ExternalCommand.of("mount", "-o", "remount,bind,ro", journal).run();
            fleet.createFurnished(name, "echo ran", "");

            awaitReason(name, "JournalFailed", "Read-only file system");
            assertThat(fleet.leftovers().byKind().get("control groups"))
                    .isEqualTo(idle.byKind().get("control groups"));
        } finally {
            ExternalCommand.of("umount", journal).run();
        }

        fleet.await(name, AgentPhase.Succeeded);
        assertThat(fleet.output(name)).isEqualTo("ran");
        fleet.delete(name);
    }

    @Test
    void aMissingSecretIsNamedAndWaitedFor() {
        fleet.client()
                .secrets()
                .inNamespace(TestFleet.NAMESPACE)
                .withName("token")
                .delete();
        String name = "agent-" + ++agents;
        AgentContainer created = fleet.createFurnished(name, "echo ran", "");

        await("the missing Secret is named")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(
                                TestFleet.condition(fleet.get(name), "Ready").getMessage())
                        .contains("Secret")
                        .contains("token"));
        assertNothingRuns(created);

        fleet.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("token")
                        .withNamespace(TestFleet.NAMESPACE)
                        .endMetadata()
                        .addToStringData("token", "hidden")
                        .build())
                .create();
        fleet.await(name, AgentPhase.Succeeded);
        fleet.delete(name);
    }

    private static void awaitReason(String name, String reason, String message) {
        await(name + " says " + reason).atMost(PATIENCE).untilAsserted(() -> {
            AgentContainer agent = fleet.get(name);
            assertThat(agent.getStatus()).isNotNull();
            Condition ready = TestFleet.condition(agent, "Ready");
            assertThat(ready.getReason()).as("%s", ready).isEqualTo(reason);
            assertThat(ready.getStatus()).isEqualTo("False");
            assertThat(ready.getMessage()).contains(message);
        });
    }

    /** Of the agent there are what was prepared for it and its entry in the journal. */
    private static void assertNothingRuns(AgentContainer agent) {
        await("nothing of it runs")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(fleet.leftovers().differenceFrom(idle))
                        .allSatisfy((kind, what) -> {
                            if (kind.equals("files")) {
                                assertThat(what)
                                        .allSatisfy(file -> assertThat(file)
                                                .contains(agent.getMetadata().getUid())
                                                .doesNotEndWith("/run"));
                            } else {
                                assertThat(kind).endsWith("nftables");
                                assertThat(what)
                                        .noneSatisfy(line -> assertThat(line).contains("iifname"));
                            }
                        }));
        assertThat(fleet.client()
                        .resources(AgentContainer.class)
                        .inNamespace(TestFleet.NAMESPACE)
                        .withName(agent.getMetadata().getName())
                        .get()
                        .getStatus()
                        .transitions()
                        .started())
                .isNull();
    }
}
