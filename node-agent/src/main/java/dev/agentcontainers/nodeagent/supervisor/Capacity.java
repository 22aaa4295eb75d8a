package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/** Counts what agents on this node have been promised. Thread-safe. */
final class Capacity {
    private final long mostAgents;
    private final Map<SandboxId, ResourceAmounts> promised = new HashMap<>();
    private ResourceAmounts allocatable;

    /** @param mostAgents how many agents this node takes on, whatever they ask for */
    Capacity(ResourceAmounts allocatable, long mostAgents) {
        this.allocatable = allocatable;
        this.mostAgents = mostAgents;
    }

    /** Sets what there is from now on; what was promised stays promised. */
    synchronized void allocate(ResourceAmounts amounts) {
        allocatable = amounts;
    }

    /** Promises the amounts; returns what there is too little of, where it does not fit. */
    synchronized Optional<String> reserve(SandboxId id, ResourceAmounts requests) {
        if (promised.containsKey(id)) {
            promised.put(id, requests);
            return Optional.empty();
        }
        Optional<String> lack = lack(requests);
        if (lack.isEmpty()) {
            promised.put(id, requests);
        }
        return lack;
    }

    /** Changes a promise; returns what there is too little of, where it does not fit, and keeps the old one. */
    synchronized Optional<String> change(SandboxId id, ResourceAmounts requests) {
        Optional<ResourceAmounts> before = Optional.ofNullable(promised.remove(id));
        Optional<String> lack = before.equals(Optional.of(requests)) ? Optional.empty() : lack(requests);
        if (lack.isEmpty()) {
            promised.put(id, requests);
        } else {
            before.ifPresent(old -> promised.put(id, old));
        }
        return lack;
    }

    /** Promises without asking: what runs already runs. */
    synchronized void adopt(SandboxId id, ResourceAmounts requests) {
        promised.put(id, requests);
    }

    synchronized void release(SandboxId id) {
        promised.remove(id);
    }

    private Optional<String> lack(ResourceAmounts requests) {
        if (promised.size() >= mostAgents) {
            return Optional.of("agents: " + promised.size() + " of " + mostAgents + " are taken");
        }
        return lack("cpu (thousandths)", requests, ResourceAmounts::cpuMillis)
                .or(() -> lack("memory (bytes)", requests, ResourceAmounts::memoryBytes))
                .or(() -> lack("ephemeral-storage (bytes)", requests, ResourceAmounts::ephemeralStorageBytes));
    }

    private Optional<String> lack(
            String name, ResourceAmounts requests, Function<ResourceAmounts, OptionalLong> amount) {
        OptionalLong asked = amount.apply(requests);
        OptionalLong whole = amount.apply(allocatable);
        if (asked.isEmpty() || whole.isEmpty()) {
            return Optional.empty();
        }
        long taken = promised.values().stream()
                .mapToLong(each -> amount.apply(each).orElse(0))
                .sum();
        long free = whole.getAsLong() - taken;
        return asked.getAsLong() <= free
                ? Optional.empty()
                : Optional.of(name + ": " + asked.getAsLong() + " asked for, " + Math.max(free, 0) + " free of "
                        + whole.getAsLong());
    }
}
