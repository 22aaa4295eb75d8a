package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.scheduling.Binder;
import dev.agentcontainers.operator.status.Conditions;
import dev.agentcontainers.operator.status.Truth;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes what the operator knows of a node: its namespace and whether it is ready. The rest is its node agent's. */
public final class NodeReadiness {
    private static final String READY = "Ready";

    private final KubernetesClient client;
    private final Heartbeats heartbeats;
    private final Binder binder;
    private final EventPublisher events;
    private final Clock clock;

    public NodeReadiness(
            KubernetesClient client, Heartbeats heartbeats, Binder binder, EventPublisher events, Clock clock) {
        this.client = client;
        this.heartbeats = heartbeats;
        this.binder = binder;
        this.events = events;
        this.clock = clock;
    }

    /** Reports on a node that is there to stay. */
    public void report(AgentNode node, boolean hasAddresses) {
        if (!hasAddresses) {
            write(node, Truth.False, "NoAddresses", "The pool of address ranges is used up: make it larger");
        } else if (heartbeats.isAlive(node.getMetadata().getName())) {
            write(node, Truth.True, "HeartbeatReceived", "The node agent renews its lease");
        } else if (hasReported(node)) {
            write(node, Truth.Unknown, "HeartbeatMissed", "The node agent has stopped to renew its lease");
        } else {
            write(node, Truth.False, "NotStarted", "Waits for the node agent to begin");
        }
        binder.fleetChanged();
    }

    public void reportRemoval(AgentNode node, String message) {
        write(node, Truth.False, "Removing", message);
    }

    /** The node has no namespace: what stands under its name is somebody else's. */
    public void reportNamespaceTaken(AgentNode node) {
        String message = ("Namespace %s was not made by the operator, so that others may read what agents need there:"
                        + " delete it, or remove this AgentNode and let the machine join under another name")
                .formatted(NodeNamespace.of(node.getMetadata().getName()));
        write(node, null, Truth.False, "NamespaceTaken", message);
        events.publish(node, EventReason.NamespaceTaken, message);
        binder.fleetChanged();
    }

    private void write(AgentNode node, Truth truth, String reason, String message) {
        write(node, NodeNamespace.of(node.getMetadata().getName()), truth, reason, message);
    }

    private void write(AgentNode node, @Nullable String namespace, Truth truth, String reason, String message) {
        @Nullable AgentNodeStatus status = node.getStatus();
        @Nullable List<Condition> before = status == null ? null : status.conditions();
        Condition ready = new Conditions(before, node.getMetadata().getGeneration(), clock.instant())
                .add(READY, truth, reason, message)
                .build()
                .getFirst();
        Optional<Condition> present = Conditions.find(before, READY);
        boolean same = present.filter(condition -> says(condition, ready)).isPresent();
        if (same && status != null && Objects.equals(namespace, status.namespace())) {
            return;
        }
        apply(
                node,
                new AgentNodeStatus(namespace, List.of(ready), null, null, null, null, null, null, null, null, null));
        if (present.filter(condition -> truth.name().equals(condition.getStatus()))
                .isEmpty()) {
            events.publish(node, truth == Truth.True ? EventReason.NodeReady : EventReason.NodeNotReady, message);
        }
    }

    /** Only the fields given here are the operator's: server-side apply leaves the node agent's alone. */
    private void apply(AgentNode node, AgentNodeStatus status) {
        AgentNode applied = new AgentNode();
        applied.setMetadata(
                new ObjectMetaBuilder().withName(node.getMetadata().getName()).build());
        applied.setStatus(status);
        client.resource(applied)
                .subresource("status")
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(NodeProvisioning.FIELD_MANAGER)
                        .withForce(true)
                        .build());
    }

    private static boolean hasReported(AgentNode node) {
        return node.getStatus() != null && node.getStatus().os() != null;
    }

    private static boolean says(Condition before, Condition after) {
        return Conditions.same(List.of(before), List.of(after));
    }
}
