package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AfterExitTest {
    private static final Instant BEGUN = Instant.parse("2026-11-24T12:00:00Z");

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // policy,   code, out of memory, outcome,   reason
                "Never,        0, false,  SUCCEEDED, Completed",
                "Never,        1, false,  FAILED,    NonZeroExit",
                "Never,      137, true,   FAILED,    OutOfMemory",
                "OnFailure,    0, false,  SUCCEEDED, Completed",
                "OnFailure,    1, false,  -,         -",
                "OnFailure,  137, true,   -,         -",
                "Always,       0, false,  -,         -",
                "Always,     143, false,  -,         -"
            })
    void whatFollowsAnExit(RestartPolicy policy, int code, boolean outOfMemory, Outcome.Kind outcome, String reason) {
        Instant end = BEGUN.plusSeconds(60);

        JournalEntry after = AfterExit.decide(
                running(Assignments.of("a").restart(policy)), new ExitStatus(code, end, outOfMemory), end);

        assertThat(after.run()).isEmpty();
        assertThat(after.lastExit().orElseThrow().code()).isEqualTo(code);
        if (outcome == null) {
            assertThat(after.outcome()).isEmpty();
            assertThat(after.restarts()).isEqualTo(1);
            assertThat(after.nextStartAt()).hasValue(end.plusSeconds(10));
        } else {
            assertThat(after.outcome().orElseThrow().kind()).isEqualTo(outcome);
            assertThat(after.outcome().orElseThrow().reason()).isEqualTo(reason);
            assertThat(after.restarts()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 10", "2, 20", "3, 40", "4, 80", "5, 160", "6, 300", "7, 300", "1000, 300"})
    void delaysDoubleUpToFiveMinutes(int failures, long seconds) {
        assertThat(RestartDelay.after(failures)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "5, 16", "9, 256", "10, 300", "1000, 300"})
    void retriesOfAStartBeginQuickly(int failures, long seconds) {
        assertThat(RestartDelay.beforeRetry(failures)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void aLongRunEndsTheRowOfFailures() {
        Assignments always = Assignments.of("a").restart(RestartPolicy.Always);
        JournalEntry fourth = running(always).restartingAt(BEGUN, 4).beginning("boot", BEGUN);

        Instant shortly = BEGUN.plus(Duration.ofMinutes(10)).minusMillis(1);
        Instant late = BEGUN.plus(Duration.ofMinutes(10));

        assertThat(AfterExit.decide(fourth, new ExitStatus(1, shortly, false), shortly)
                        .nextStartAt())
                .hasValue(shortly.plusSeconds(160));
        assertThat(AfterExit.decide(fourth, new ExitStatus(1, late, false), late)
                        .nextStartAt())
                .hasValue(late.plusSeconds(10));
    }

    @Test
    void anExitAfterTheDeadlineIsTheDeadlines() {
        JournalEntry limited =
                running(Assignments.of("a").restart(RestartPolicy.Always).deadline(Duration.ofSeconds(30)));
        Instant end = BEGUN.plusSeconds(31);

        JournalEntry after = AfterExit.decide(limited, new ExitStatus(0, end, false), end);

        assertThat(after.outcome().orElseThrow().reason()).isEqualTo("DeadlineExceeded");
    }

    /** However it takes being stopped, and not where it had ended before. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // policy,   code, ends after the request, outcome,   reason
                "Never,      143, true,  FAILED,    LivenessProbeFailed",
                "Never,        0, true,  FAILED,    LivenessProbeFailed",
                "OnFailure,    0, true,  -,         -",
                "OnFailure,  137, true,  -,         -",
                "Always,       0, true,  -,         -",
                "Never,        0, false, SUCCEEDED, Completed",
                "Never,        1, false, FAILED,    NonZeroExit",
                "OnFailure,    0, false, SUCCEEDED, Completed"
            })
    void whatFollowsAProbeThatFails(
            RestartPolicy policy, int code, boolean after, Outcome.Kind outcome, String reason) {
        Instant asked = BEGUN.plusSeconds(60);
        JournalEntry failing = running(Assignments.of("a").restart(policy))
                .failing(new JournalEntry.ProbeFailure(
                        "LivenessProbeFailed", "liveness probe failed: x", Optional.empty()))
                .stopping(asked);
        Instant end = after ? asked.plusSeconds(1) : asked.minusSeconds(1);

        JournalEntry entry = AfterExit.decide(failing, new ExitStatus(code, end, false), end);

        assertThat(entry.lastExit().orElseThrow().code()).isEqualTo(code);
        assertThat(entry.outcome().map(Outcome::kind)).isEqualTo(Optional.ofNullable(outcome));
        assertThat(entry.outcome().map(Outcome::reason)).isEqualTo(Optional.ofNullable(reason));
        assertThat(entry.probeFailure().isPresent()).isEqualTo(after);
        assertThat(entry.beginning("boot", end).probeFailure()).isEmpty();
    }

    /** However it takes being stopped, and not where it had ended before. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // policy,   code, ends after the request, outcome
                "Never,      143, true,  -",
                "Never,        0, true,  -",
                "OnFailure,  137, true,  -",
                "Always,       0, true,  -",
                "Never,        0, false, SUCCEEDED",
                "Never,        1, false, FAILED"
            })
    void whatFollowsASuspension(RestartPolicy policy, int code, boolean after, Outcome.Kind outcome) {
        JournalEntry suspending = running(Assignments.of("a").restart(policy).deadline(Duration.ofSeconds(30)))
                .suspending()
                .stopping(BEGUN.plusSeconds(20));
        Instant end = BEGUN.plusSeconds(after ? 40 : 19);

        JournalEntry entry = AfterExit.decide(suspending, new ExitStatus(code, end, false), end);

        assertThat(entry.run()).isEmpty();
        assertThat(entry.restarts()).isZero();
        assertThat(entry.nextStartAt()).isEmpty();
        assertThat(entry.outcome().map(Outcome::kind)).isEqualTo(Optional.ofNullable(outcome));
        assertThat(entry.firstStartedAt().isPresent()).isEqualTo(outcome != null);
        assertThat(entry.lastExit().orElseThrow().code()).isEqualTo(code);
    }

    @Test
    void whatTheMachineLostOnItsWayToBeSuspendedIsSuspended() {
        JournalEntry asked = running(Assignments.of("a"))
                .withAssignment(Assignments.of("a").suspended(true).assignment());
        assertThat(AfterExit.decideLost(asked, true, BEGUN).outcome()).isEmpty();
        assertThat(AfterExit.decideLost(running(Assignments.of("a")).suspending(), true, BEGUN)
                        .outcome())
                .isEmpty();
        assertThat(AfterExit.decideLost(running(Assignments.of("a")), true, BEGUN)
                        .outcome())
                .isPresent();
    }

    private static JournalEntry running(Assignments assignments) {
        return JournalEntry.of(assignments.assignment())
                .acceptedHere()
                .beginning("boot", BEGUN)
                .releasing(BEGUN, BEGUN, new JournalEntry.Fenced("100.80.0.2", "group", "hash", 1))
                .started(BEGUN);
    }
}
