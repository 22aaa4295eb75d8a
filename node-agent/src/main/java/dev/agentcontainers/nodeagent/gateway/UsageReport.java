package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import dev.agentcontainers.nodeagent.usage.UsageOverTime;
import dev.agentcontainers.protocol.AgentUsage;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What an agent uses, as users are told it. */
final class UsageReport {
    private UsageReport() {}

    static AgentUsage of(UsageOverTime usage) {
        SandboxStats now = usage.now();
        OptionalLong cpu = usage.cpuMillis();
        return new AgentUsage(
                now.at().toString(),
                orNull(cpu),
                cpu.isPresent() ? (Long) usage.elapsed().toMillis() : null,
                orNull(now.cpuNanos()),
                orNull(now.cpuLimitMillis()),
                orNull(now.memoryBytes()),
                orNull(now.memoryLimitBytes()),
                orNull(now.processes()),
                orNull(now.processLimit()),
                orNull(now.storageBytes()),
                orNull(now.storageLimitBytes()),
                orNull(now.outOfMemoryKills()));
    }

    private static @Nullable Long orNull(OptionalLong amount) {
        return amount.isPresent() ? (Long) amount.getAsLong() : null;
    }
}
