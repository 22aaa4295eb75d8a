package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.Retries;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.operator.fleet.SpecWrite;
import dev.agentcontainers.operator.neighbours.Neighbours;
import dev.agentcontainers.operator.policygroup.NodePolicies;
import dev.agentcontainers.operator.policygroup.Rulesets;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leads a node through its life: a namespace and an identity of its own, a range of addresses, the policies of the agents
 * that are bound to it, and whether it is ready. One reconciliation at a time for each node is what makes its
 * AgentNodePolicy have one writer.
 */
@ControllerConfiguration(
        name = "agentnode",
        finalizerName = Api.FINALIZER,
        generationAwareEventProcessing = false,
        fieldManager = NodeProvisioning.FIELD_MANAGER,
        maxReconciliationInterval = @MaxReconciliationInterval(interval = 10, timeUnit = TimeUnit.MINUTES))
@GradualRetry(
        initialInterval = Retries.FIRST_MILLIS,
        maxInterval = Retries.LONGEST_MILLIS,
        maxAttempts = Retries.UNLIMITED)
public class AgentNodeReconciler implements Reconciler<AgentNode>, Cleaner<AgentNode> {
    private static final Logger LOG = LoggerFactory.getLogger(AgentNodeReconciler.class);
    private static final Duration SOON = Duration.ofMillis(500);
    private static final Duration LATER = Duration.ofSeconds(30);

    private final Fleet fleet;
    private final Signals signals;
    private final Heartbeats heartbeats;
    private final NodeProvisioning provisioning;
    private final AddressAllocation addresses;
    private final NodePolicies nodePolicies;
    private final Rulesets rulesets;
    private final Neighbours neighbours;
    private final NodeReadiness readiness;
    private final NodeRemoval removal;

    public AgentNodeReconciler(
            Fleet fleet,
            Signals signals,
            Heartbeats heartbeats,
            NodeProvisioning provisioning,
            AddressAllocation addresses,
            NodePolicies nodePolicies,
            Rulesets rulesets,
            Neighbours neighbours,
            NodeReadiness readiness,
            NodeRemoval removal) {
        this.fleet = fleet;
        this.signals = signals;
        this.heartbeats = heartbeats;
        this.provisioning = provisioning;
        this.addresses = addresses;
        this.nodePolicies = nodePolicies;
        this.rulesets = rulesets;
        this.neighbours = neighbours;
        this.readiness = readiness;
        this.removal = removal;
    }

    @Override
    public List<EventSource<?, AgentNode>> prepareEventSources(EventSourceContext<AgentNode> context) {
        InformerEventSource<NetworkPolicy, AgentNode> policies = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(NetworkPolicy.class, AgentNode.class)
                        .withSecondaryToPrimaryMapper(this::networkPolicyChanged)
                        .build(),
                context);
        InformerEventSource<EgressPolicy, AgentNode> egressPolicies = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(EgressPolicy.class, AgentNode.class)
                        .withSecondaryToPrimaryMapper(this::egressPolicyChanged)
                        .build(),
                context);
        InformerEventSource<Namespace, AgentNode> namespaces = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Namespace.class, AgentNode.class)
                        .withSecondaryToPrimaryMapper(namespace ->
                                namespaceChanged(namespace.getMetadata().getName()))
                        .build(),
                context);
        fleet.registerNodes(context.getPrimaryCache());
        fleet.registerNamespaces(namespaces);
        fleet.registerNetworkPolicies(policies);
        fleet.registerEgressPolicies(egressPolicies);
        heartbeats.start(this::heartbeatChanged);
        neighbours.start();
        return List.of(policies, egressPolicies, namespaces, signals.forNodes());
    }

    @Override
    public UpdateControl<AgentNode> reconcile(AgentNode node, Context<AgentNode> context) {
        try {
            return keep(node);
        } catch (KubernetesClientException e) {
            if (SpecWrite.isOutdated(e)) {
                LOG.debug("What was written is outdated; it is looked at again", e);
                return UpdateControl.<AgentNode>noUpdate().rescheduleAfter(SOON);
            }
            throw e;
        }
    }

    private UpdateControl<AgentNode> keep(AgentNode node) {
        UpdateControl<AgentNode> done = UpdateControl.noUpdate();
        switch (provisioning.ensure(node)) {
            case NAMESPACE_IS_GOING -> {
                removal.namespaceIsGoing(node);
                return done.rescheduleAfter(SOON);
            }
            case NAMESPACE_IS_TAKEN -> {
                readiness.reportNamespaceTaken(node);
                return done.rescheduleAfter(LATER);
            }
            case COMPLETE -> {
                // Everything below needs it.
            }
        }
        if (node.getSpec() == null || node.getSpec().agentCIDR() == null) {
            boolean allocated = addresses.allocate(node);
            readiness.report(node, allocated);
            return allocated ? done : done.rescheduleAfter(Duration.ofMinutes(1));
        }
        NodePolicies.Outcome outcome = publish(node.getMetadata().getName());
        readiness.report(node, true);
        return switch (outcome) {
            case CACHE_BEHIND -> done.rescheduleAfter(SOON);
            case REFUSED -> done.rescheduleAfter(LATER);
            case UNCHANGED, WRITTEN -> done;
        };
    }

    /** Agents whose policy is refused, or no longer, have to be told: nothing of the node has changed that they would see. */
    private NodePolicies.Outcome publish(String name) {
        Map<String, String> before = nodePolicies.refusals(name);
        NodePolicies.Outcome outcome = nodePolicies.publish(name);
        if (!before.equals(nodePolicies.refusals(name))) {
            signals.agentsChanged(fleet.agentsOn(name));
        }
        return outcome;
    }

    @Override
    public DeleteControl cleanup(AgentNode node, Context<AgentNode> context) {
        Optional<Duration> again = removal.remove(node);
        return again.map(delay -> DeleteControl.noFinalizerRemoval().rescheduleAfter(delay.toMillis()))
                .orElseGet(DeleteControl::defaultDelete);
    }

    /** The nodes that it concerns are told by the rulesets: the framework asks more than once for the same change. */
    private Set<ResourceID> networkPolicyChanged(NetworkPolicy policy) {
        rulesets.networkPolicyChanged(ResourceID.fromResource(policy));
        return Set.of();
    }

    private Set<ResourceID> egressPolicyChanged(EgressPolicy policy) {
        rulesets.egressPolicyChanged(ResourceID.fromResource(policy));
        return Set.of();
    }

    private Set<ResourceID> namespaceChanged(String namespace) {
        rulesets.namespaceChanged(namespace);
        return nodeWith(namespace);
    }

    private Set<ResourceID> nodeWith(String namespace) {
        return fleet.nodesWithNamespace(namespace).stream()
                .map(ResourceID::fromResource)
                .collect(Collectors.toSet());
    }

    /**
     * Of what has not begun yet everything is looked at anyway, once its caches are filled. Either controller may begin before the
     * other: agents that were looked at while their node seemed silent must be told whatever the nodes' has come to.
     */
    private void heartbeatChanged(String namespace) {
        if (signals.forNodes().isRunning()) {
            nodeWith(namespace).forEach(node -> signals.nodeChanged(node.getName()));
        }
        if (signals.forAgents().isRunning()) {
            signals.agentsChanged(fleet.agentsOnNodeOf(namespace));
        }
    }
}
