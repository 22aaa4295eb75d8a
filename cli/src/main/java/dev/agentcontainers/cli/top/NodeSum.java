package dev.agentcontainers.cli.top;

import dev.agentcontainers.protocol.AgentUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the agents of a node use together. A sum in which an agent's part is missing is the least that they use.
 *
 * @param agents that run there
 * @param usages of those that could be told
 * @param cpuMillis that agents may use there together; null where the node has not said
 * @param memoryBytes that they may use
 */
record NodeSum(
        String node,
        int agents,
        List<AgentUsage> usages,
        @Nullable Long cpuMillis,
        @Nullable Long memoryBytes) {
    NodeSum {
        usages = List.copyOf(usages);
    }

    private interface Amount {
        @Nullable
        Long of(AgentUsage usage);
    }

    /** @param complete whether every agent told its part */
    record Sum(long amount, boolean complete) {
        /** With a plus sign where it may be more. */
        String text(Function<Long, String> form) {
            return form.apply(amount) + (complete ? "" : "+");
        }
    }

    Sum cpu() {
        return sum(AgentUsage::cpuMillis);
    }

    Sum memory() {
        return sum(AgentUsage::memoryBytes);
    }

    Sum processes() {
        return sum(AgentUsage::processes);
    }

    Sum storage() {
        return sum(AgentUsage::storageBytes);
    }

    private Sum sum(Amount amount) {
        List<Long> known = new ArrayList<>();
        for (AgentUsage usage : usages) {
            Long found = amount.of(usage);
            if (found != null) {
                known.add(found);
            }
        }
        return new Sum(known.stream().mapToLong(Long::longValue).sum(), known.size() == agents);
    }

    List<String> row() {
        return List.of(
                node,
                usages.size() == agents ? Integer.toString(agents) : usages.size() + "/" + agents,
                cpu().text(UsageTable::millis),
                percent(cpu(), cpuMillis),
                memory().text(UsageTable::bytes),
                percent(memory(), memoryBytes),
                processes().text(UsageTable::number),
                storage().text(UsageTable::bytes));
    }

    private static String percent(Sum sum, @Nullable Long of) {
        return of == null ? UsageTable.UNKNOWN : sum.text(amount -> UsageTable.percent(amount, of));
    }
}
