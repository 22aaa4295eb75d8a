package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * When the probes of one run are due, and what their results mean. Times are nanoseconds of a clock that only goes on. Pure but for
 * what it remembers; not thread-safe.
 *
 * <p>As with the kubelet, a run whose startup probe has succeeded is not asked it again, whichever process asks, and readiness is
 * what it was before until its probe says otherwise.
 */
final class RunProbes {
    private final Probes probes;
    private final Map<ProbeKind, ProbeTrack> tracks = new EnumMap<>(ProbeKind.class);
    private final Map<ProbeKind, Long> due = new EnumMap<>(ProbeKind.class);
    private boolean started;
    private boolean ready;
    private String unready;
    private String reason;
    private Optional<Health.Fatal> fatal = Optional.empty();

    /**
     * @param started what an earlier process knew of the run
     * @param ready the same
     * @param now the time
     * @param age how long the run has lasted
     */
    RunProbes(Probes probes, boolean started, boolean ready, long now, Duration age) {
        this.probes = probes;
        this.started = started || probes.startup().isEmpty();
        this.ready = ready || probes.readiness().isEmpty();
        this.unready = ProbeKind.READINESS.text() + " has not succeeded yet";
        this.reason = ProbeKind.READINESS.reason("Pending");
        for (ProbeKind kind : ProbeKind.values()) {
            kind.of(probes).ifPresent(probe -> {
                tracks.put(
                        kind,
                        new ProbeTrack(probe, kind == ProbeKind.LIVENESS || (kind == ProbeKind.READINESS && ready)));
                Duration left = probe.initialDelay().minus(age);
                due.put(
                        kind,
                        now
                                + (left.isNegative()
                                        ? 0
                                        : Math.min(
                                                left.toNanos(),
                                                probe.initialDelay().toNanos())));
            });
        }
    }

    /** Puts off what is due by a part of each probe's period, so that not all agents of a node are asked at once. */
    void spread(double part) {
        due.replaceAll((kind, at) ->
                at + (long) (part * kind.of(probes).orElseThrow().period().toNanos()));
    }

    /** Whether the probe is asked at some time from now on. */
    boolean isAsked(ProbeKind kind) {
        return tracks.containsKey(kind) && fatal.isEmpty() && !(kind == ProbeKind.STARTUP && started);
    }

    /** When the probe is due; empty while another has to succeed first, and where it is asked no more. */
    OptionalLong due(ProbeKind kind) {
        Long at = due.get(kind);
        return at == null || !isAsked(kind) || !(started || kind == ProbeKind.STARTUP)
                ? OptionalLong.empty()
                : OptionalLong.of(at);
    }

    Probe probe(ProbeKind kind) {
        return kind.of(probes).orElseThrow();
    }

    /**
     * @param begun when the attempt was begun
     * @param now when it ended
     */
    void take(ProbeKind kind, long begun, long now, ProbeResult result) {
        if (!isAsked(kind)) {
            return;
        }
        ProbeTrack track = tracks.get(kind);
        if (track == null) {
            return;
        }
        long next = begun + probe(kind).period().toNanos();
        due.put(kind, next - now < 0 ? now : next);
        boolean reached = switch (result) {
            // No trouble of the node stops an agent; but what can't be asked is not said to be ready.
            case ProbeResult.Unknown(String message) ->
                kind == ProbeKind.READINESS && track.take(new ProbeResult.Failure(message));
            case ProbeResult.Success _, ProbeResult.Failure _ -> track.take(result);
        };
        if (!reached) {
            return;
        }
        switch (kind) {
            case STARTUP -> {
                if (track.succeeds()) {
                    started = true;
                    // They waited for this.
                    due.replaceAll((_, at) -> at - now < 0 ? now : at);
                } else {
                    stop(kind, track);
                }
            }
            case READINESS -> readiness(track);
            case LIVENESS -> {
                if (!track.succeeds()) {
                    stop(kind, track);
                }
            }
        }
    }

    /** What is said of a probe that fails stays the same for as long as it fails, whatever each attempt says. */
    private void readiness(ProbeTrack track) {
        if (track.succeeds()) {
            ready = true;
            reason = ProbeKind.READINESS.reason("Pending");
        } else if (ready || reason.equals(ProbeKind.READINESS.reason("Pending"))) {
            ready = false;
            reason = ProbeKind.READINESS.reason("Failed");
            unready = ProbeKind.READINESS.text() + " failed: " + track.lastFailure();
        }
    }

    private void stop(ProbeKind kind, ProbeTrack track) {
        fatal = Optional.of(new Health.Fatal(
                kind.reason("Failed"),
                kind.text() + " failed: " + track.lastFailure(),
                probe(kind).gracePeriod()));
    }

    Health health() {
        if (fatal.isPresent()) {
            return new Health(started, ready, fatal.get().reason(), fatal.get().message(), fatal);
        }
        if (!started) {
            return new Health(
                    false,
                    false,
                    ProbeKind.STARTUP.reason("Pending"),
                    ProbeKind.STARTUP.text() + " has not succeeded yet",
                    fatal);
        }
        return ready ? new Health(true, true, "Running", "", fatal) : new Health(true, false, reason, unready, fatal);
    }
}
