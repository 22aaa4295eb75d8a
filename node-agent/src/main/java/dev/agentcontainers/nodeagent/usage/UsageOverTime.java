package dev.agentcontainers.nodeagent.usage;

import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Two looks at one run of an agent.
 *
 * @param elapsed between the two, by a clock that nobody sets
 */
public record UsageOverTime(SandboxStats earlier, SandboxStats now, Duration elapsed) {

    /** Thousandths of a processor between the two; empty where the machine tells no time, or there is none between them. */
    public OptionalLong cpuMillis() {
        OptionalLong from = earlier.cpuNanos();
        OptionalLong to = now.cpuNanos();
        long nanos = elapsed.toNanos();
        if (from.isEmpty() || to.isEmpty() || nanos <= 0) {
            return OptionalLong.empty();
        }
        double used = Math.max(0, to.getAsLong() - from.getAsLong());
        return OptionalLong.of(Math.round(used * 1000 / nanos));
    }
}
