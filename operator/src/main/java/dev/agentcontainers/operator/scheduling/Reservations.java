package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.IsolationStatus;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.status.StatusRollup;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is taken of each node: by agents that are bound there and not finished, by bindings that the cache doesn't show yet,
 * and by assignments that have outlived their binding. Reserved before the binding is written, so that two agents never get
 * the same room.
 */
final class Reservations {
    private final long doubtNanos;
    private final Map<ResourceID, Assumed> assumed = new ConcurrentHashMap<>();

    /** @param doubt how long room stays taken for a binding of which nobody knows whether it was written */
    Reservations(Duration doubt) {
        doubtNanos = doubt.toNanos();
    }

    void assume(AgentContainer agent, String nodeName, ResourceVector amount) {
        assumed.put(
                ResourceID.fromResource(agent),
                new Assumed(agent.getMetadata().getUid(), nodeName, amount, Long.MAX_VALUE, Long.MAX_VALUE));
    }

    /** Nobody knows whether the binding was written: the room stays taken until the cache shows a newer version, or for a while. */
    void doubt(ResourceID agent, String versionRead) {
        long end = System.nanoTime() + doubtNanos;
        assumed.computeIfPresent(
                agent,
                (id, before) -> new Assumed(
                        before.uid(), before.nodeName(), before.amount(), Long.parseLong(versionRead) + 1, end));
    }

    /** The binding has been written; it counts as assumed until the cache shows that version. */
    void confirm(ResourceID agent, String version) {
        assumed.computeIfPresent(
                agent,
                (id, before) -> new Assumed(
                        before.uid(), before.nodeName(), before.amount(), Long.parseLong(version), Long.MAX_VALUE));
    }

    void forget(ResourceID agent) {
        assumed.remove(agent);
    }

    boolean isAssumed(ResourceID agent) {
        return assumed.containsKey(agent);
    }

    /** What is taken of each node, by its name. */
    Map<String, ResourceVector> byNode(Fleet fleet) {
        assumed.forEach((id, binding) -> {
            if (isSettled(fleet.agent(id), binding)) {
                assumed.remove(id, binding);
            }
        });
        Map<String, ResourceVector> taken = new HashMap<>();
        Set<String> counted = new HashSet<>();
        assumed.forEach((id, binding) -> {
            taken.merge(binding.nodeName(), binding.amount(), ResourceVector::plus);
            counted.add(NodeNamespace.of(binding.nodeName()) + "/" + binding.uid());
        });
        Overheads overheads = Overheads.of(fleet);
        fleet.agents().forEach(agent -> countBound(agent, overheads, taken, counted));
        countStrays(fleet, overheads, taken, counted);
        return taken;
    }

    private static void countBound(
            AgentContainer agent, Overheads overheads, Map<String, ResourceVector> taken, Set<String> counted) {
        Optional<String> node = Fleet.nodeOf(agent);
        if (node.isEmpty()) {
            return;
        }
        String key = NodeNamespace.of(node.get()) + "/" + agent.getMetadata().getUid();
        if (counted.add(key) && !StatusRollup.isFinal(agent.getStatus().phase())) {
            @Nullable IsolationStatus isolation = agent.getStatus().isolation();
            taken.merge(
                    node.get(),
                    ResourceVector.requestedBy(agent.getSpec().resources())
                            .plus(overheads.ofClass(node.get(), isolation == null ? null : isolation.effective())),
                    ResourceVector::plus);
        }
    }

    private static void countStrays(
            Fleet fleet, Overheads overheads, Map<String, ResourceVector> taken, Set<String> counted) {
        Map<String, String> nodes = new HashMap<>();
        fleet.nodes()
                .forEach(node -> nodes.put(
                        NodeNamespace.of(node.getMetadata().getName()),
                        node.getMetadata().getName()));
        fleet.assignments().filter(assignment -> counted.add(key(assignment))).forEach(assignment -> {
            String node = nodes.get(assignment.getMetadata().getNamespace());
            if (node != null) {
                taken.merge(
                        node,
                        ResourceVector.requestedBy(assignment.getSpec().resources())
                                .plus(overheads.ofDriver(
                                        node, assignment.getSpec().driver().name())),
                        ResourceVector::plus);
            }
        });
    }

    private static String key(AgentAssignment assignment) {
        return assignment.getMetadata().getNamespace() + "/"
                + assignment.getMetadata().getName();
    }

    private static boolean isSettled(Optional<AgentContainer> cached, Assumed binding) {
        return cached.isEmpty()
                || !cached.get().getMetadata().getUid().equals(binding.uid())
                || Long.parseLong(cached.get().getMetadata().getResourceVersion()) >= binding.version()
                || (binding.until() != Long.MAX_VALUE && System.nanoTime() - binding.until() > 0);
    }

    private record Assumed(String uid, String nodeName, ResourceVector amount, long version, long until) {}
}
