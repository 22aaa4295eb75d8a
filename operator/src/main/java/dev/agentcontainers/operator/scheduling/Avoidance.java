package dev.agentcontainers.operator.scheduling;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Which nodes have refused which agents lately. Lost with the process, which costs one more refusal at most. */
final class Avoidance {
    private static final Duration FOR = Duration.ofMinutes(2);

    private final Map<Refusal, Instant> until = new ConcurrentHashMap<>();
    private final Clock clock;

    Avoidance(Clock clock) {
        this.clock = clock;
    }

    void add(String agentUid, String nodeName) {
        until.put(new Refusal(agentUid, nodeName), clock.instant().plus(FOR));
    }

    Set<String> of(String agentUid) {
        Instant now = clock.instant();
        until.values().removeIf(end -> end.isBefore(now));
        return until.keySet().stream()
                .filter(refusal -> refusal.agentUid().equals(agentUid))
                .map(Refusal::nodeName)
                .collect(Collectors.toUnmodifiableSet());
    }

    private record Refusal(String agentUid, String nodeName) {}
}
