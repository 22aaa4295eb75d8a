package dev.agentcontainers.nodeagent.strength;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a driver withstood.
 *
 * @param suite version of the attempts: reports of one suite can be compared
 * @param driver the driver's name
 * @param version of what it drives
 * @param claimed the level that the driver would be of
 * @param kernel of the machine
 * @param at when they were made
 * @param results of each attempt, in the order of the suite
 */
public record StrengthReport(
        String suite,
        String driver,
        String version,
        IsolationLevel claimed,
        String kernel,
        Instant at,
        List<ProbeResult> results) {
    public StrengthReport {
        results = List.copyOf(results);
    }

    /**
     * The strongest level of those up to the claimed one of which, and of all weaker ones, every attempt was withstood. Empty
     * where not even the weakest is reached, and where nothing was attempted.
     */
    public Optional<IsolationLevel> strength() {
        if (results.stream().noneMatch(result -> result.verdict() == Verdict.PASSED)) {
            return Optional.empty();
        }
        return Arrays.stream(IsolationLevel.values())
                .filter(level -> level.compareTo(claimed) <= 0)
                .filter(level -> Stream.concat(failures().stream(), unknown().stream())
                        .noneMatch(result -> result.level().compareTo(level) <= 0))
                .max(Comparator.naturalOrder());
    }

    /** Whether of every attempt that can be made it is known what came of it. */
    public boolean isConclusive() {
        return !results.isEmpty() && unknown().isEmpty();
    }

    public List<ProbeResult> failures() {
        return results.stream()
                .filter(result -> result.verdict() == Verdict.FAILED)
                .toList();
    }

    /** The attempts of which it is not known what came of them. */
    public List<ProbeResult> unknown() {
        return results.stream()
                .filter(result -> result.verdict() == Verdict.UNKNOWN)
                .toList();
    }

    public long count(Verdict verdict) {
        return results.stream().filter(result -> result.verdict() == verdict).count();
    }
}
