package dev.agentcontainers.nodeagent.probe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Thresholds, delays and gates, by a clock that the test moves. */
class RunProbesTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final Probe.Handler ANY = new Probe.Handler.TcpSocket(80);
    private static final ProbeResult SUCCESS = new ProbeResult.Success();

    private long now = -5 * SECOND;

    private static Probe probe(int delay, int period, int successes, int failures) {
        return new Probe(
                ANY,
                Duration.ofSeconds(delay),
                Duration.ofSeconds(period),
                Duration.ofSeconds(1),
                successes,
                failures,
                Optional.empty());
    }

    private static Probes startup(Probe probe, Optional<Probe> readiness, Optional<Probe> liveness) {
        return new Probes(Optional.of(probe), readiness, liveness);
    }

    private static Probes readiness(Probe probe) {
        return new Probes(Optional.empty(), Optional.of(probe), Optional.empty());
    }

    private static Probes liveness(Probe probe) {
        return new Probes(Optional.empty(), Optional.empty(), Optional.of(probe));
    }

    private RunProbes fresh(Probes probes) {
        return new RunProbes(probes, false, false, now, Duration.ZERO);
    }

    private void take(RunProbes run, ProbeKind kind, ProbeResult... results) {
        for (ProbeResult result : results) {
            run.take(kind, now, now, result);
        }
    }

    private static ProbeResult failure(String message) {
        return new ProbeResult.Failure(message);
    }

    private OptionalLong in(int seconds) {
        return OptionalLong.of(now + seconds * SECOND);
    }

    @Test
    void withoutAReadinessProbeARunIsAvailableOnceItHasStarted() {
        assertThat(fresh(liveness(probe(0, 10, 1, 3))).health().isAvailable()).isTrue();
        assertThat(fresh(startup(probe(0, 10, 1, 3), Optional.empty(), Optional.empty()))
                        .health()
                        .isAvailable())
                .isFalse();
    }

    @Test
    void theDelayCountsFromTheStartOfTheRun() {
        Probes probes = readiness(probe(30, 10, 1, 3));
        assertThat(fresh(probes).due(ProbeKind.READINESS)).isEqualTo(in(30));
        assertThat(new RunProbes(probes, false, false, now, Duration.ofSeconds(20)).due(ProbeKind.READINESS))
                .isEqualTo(in(10));
        assertThat(new RunProbes(probes, true, false, now, Duration.ofHours(20)).due(ProbeKind.READINESS))
                .as("adopted")
                .isEqualTo(in(0));
        assertThat(new RunProbes(probes, true, false, now, Duration.ofHours(-20)).due(ProbeKind.READINESS))
                .as("the clock was set back")
                .isEqualTo(in(30));
    }

    @Test
    void thePeriodCountsFromTheBeginningOfAnAttemptAndNoneIsMissedTwice() {
        RunProbes run = fresh(readiness(probe(0, 10, 1, 3)));
        run.take(ProbeKind.READINESS, now, now + 4 * SECOND, SUCCESS);
        assertThat(run.due(ProbeKind.READINESS)).isEqualTo(in(10));
        run.take(ProbeKind.READINESS, now, now + 35 * SECOND, SUCCESS);
        assertThat(run.due(ProbeKind.READINESS)).isEqualTo(in(35));
    }

    @Test
    void whatAnEarlierProcessHasStartedIsSpreadOverThePeriod() {
        RunProbes run = new RunProbes(readiness(probe(0, 10, 1, 3)), true, true, now, Duration.ofMinutes(1));
        run.spread(0.5);
        assertThat(run.due(ProbeKind.READINESS)).isEqualTo(in(5));
    }

    @Test
    void readinessNeedsAsManyInARowAsItsThresholds() {
        RunProbes run = fresh(readiness(probe(0, 10, 2, 3)));
        assertThat(run.health().reason()).isEqualTo("ReadinessProbePending");
        take(run, ProbeKind.READINESS, SUCCESS, failure("a"), SUCCESS);
        assertThat(run.health().isAvailable()).isFalse();
        take(run, ProbeKind.READINESS, SUCCESS);
        assertThat(run.health().isAvailable()).isTrue();
        take(run, ProbeKind.READINESS, failure("a"), failure("b"), SUCCESS, failure("c"), failure("d"));
        assertThat(run.health().isAvailable()).isTrue();
        take(run, ProbeKind.READINESS, failure("e"));
        assertThat(run.health())
                .isEqualTo(
                        new Health(true, false, "ReadinessProbeFailed", "readiness probe failed: e", Optional.empty()));
        take(run, ProbeKind.READINESS, SUCCESS);
        assertThat(run.health().isAvailable()).isFalse();
        take(run, ProbeKind.READINESS, SUCCESS);
        assertThat(run.health().isAvailable()).isTrue();
    }

    /** Each would be a write to the API. */
    @Test
    void whatFailsOnAndOnIsSaidOnce() {
        RunProbes run = fresh(readiness(probe(0, 10, 1, 1)));
        take(run, ProbeKind.READINESS, failure("first"));
        Health said = run.health();
        for (int i = 0; i < 100; i++) {
            take(run, ProbeKind.READINESS, failure("another " + i));
            assertThat(run.health()).isEqualTo(said);
        }
    }

    @Test
    void nothingIsAskedBeforeTheStartupProbeSucceeds() {
        RunProbes run =
                fresh(startup(probe(0, 1, 1, 5), Optional.of(probe(0, 10, 1, 3)), Optional.of(probe(20, 10, 1, 3))));
        assertThat(run.due(ProbeKind.STARTUP)).isEqualTo(in(0));
        for (ProbeKind kind : List.of(ProbeKind.READINESS, ProbeKind.LIVENESS)) {
            assertThat(run.isAsked(kind)).isTrue();
            assertThat(run.due(kind)).isEmpty();
        }
        take(run, ProbeKind.STARTUP, failure("a"), failure("b"), failure("c"), failure("d"));
        assertThat(run.health().reason()).isEqualTo("StartupProbePending");
        now += 12 * SECOND;
        take(run, ProbeKind.STARTUP, SUCCESS);
        assertThat(run.isAsked(ProbeKind.STARTUP)).isFalse();
        assertThat(run.due(ProbeKind.READINESS)).isEqualTo(in(0));
        assertThat(run.due(ProbeKind.LIVENESS)).isEqualTo(in(8));
        assertThat(run.health().reason()).isEqualTo("ReadinessProbePending");
    }

    @Test
    void whatDoesNotStartIsStoppedAndAskedNoMore() {
        RunProbes run = fresh(startup(probe(0, 1, 1, 2), Optional.empty(), Optional.of(probe(0, 1, 1, 1))));
        take(run, ProbeKind.STARTUP, failure("a"), failure("b"));
        assertThat(run.health().fatal())
                .hasValue(new Health.Fatal("StartupProbeFailed", "startup probe failed: b", Optional.empty()));
        for (ProbeKind kind : ProbeKind.values()) {
            assertThat(run.isAsked(kind)).isFalse();
            assertThat(run.due(kind)).isEmpty();
        }
        take(run, ProbeKind.STARTUP, SUCCESS);
        assertThat(run.health().fatal()).isPresent();
    }

    @Test
    void livenessStopsARunWhateverReadinessSays() {
        RunProbes run = fresh(new Probes(
                Optional.empty(),
                Optional.of(probe(0, 1, 1, 1)),
                Optional.of(new Probe(
                        ANY,
                        Duration.ZERO,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(1),
                        1,
                        3,
                        Optional.of(Duration.ofSeconds(7))))));
        take(run, ProbeKind.READINESS, SUCCESS);
        take(run, ProbeKind.LIVENESS, failure("a"), failure("b"), SUCCESS, failure("c"), failure("d"));
        assertThat(run.health().isAvailable()).isTrue();
        take(run, ProbeKind.LIVENESS, failure("e"));
        assertThat(run.health().isAvailable()).isFalse();
        assertThat(run.health().fatal())
                .hasValue(new Health.Fatal(
                        "LivenessProbeFailed", "liveness probe failed: e", Optional.of(Duration.ofSeconds(7))));
    }

    /** A runtime that is missing, a fence that is not there: as with the kubelet, no agent is stopped for it. */
    @Test
    void whatTheNodeCantAskStopsNothing() {
        ProbeResult unknown = new ProbeResult.Unknown("no runtime");
        RunProbes run = fresh(new Probes(
                Optional.of(probe(0, 1, 1, 2)), Optional.of(probe(0, 1, 1, 2)), Optional.of(probe(0, 1, 1, 2))));
        take(run, ProbeKind.STARTUP, unknown, unknown, unknown);
        assertThat(run.due(ProbeKind.STARTUP)).isEqualTo(in(1));
        take(run, ProbeKind.STARTUP, failure("a"), unknown, SUCCESS);
        take(run, ProbeKind.READINESS, SUCCESS);
        take(run, ProbeKind.LIVENESS, unknown, unknown, unknown);
        assertThat(run.health().isAvailable()).isTrue();

        take(run, ProbeKind.READINESS, unknown, unknown);

        assertThat(run.health())
                .isEqualTo(new Health(
                        true, false, "ReadinessProbeFailed", "readiness probe failed: no runtime", Optional.empty()));
    }

    @Test
    void anAdoptedRunIsWhatItWas() {
        Probes probes = startup(probe(0, 1, 1, 1), Optional.of(probe(0, 1, 1, 2)), Optional.empty());
        RunProbes run = new RunProbes(probes, true, true, now, Duration.ofMinutes(1));
        assertThat(run.health().isAvailable()).isTrue();
        assertThat(run.isAsked(ProbeKind.STARTUP)).isFalse();
        take(run, ProbeKind.READINESS, failure("a"));
        assertThat(run.health().isAvailable()).isTrue();
        take(run, ProbeKind.READINESS, failure("b"));
        assertThat(run.health().isAvailable()).isFalse();
    }
}
