package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.fleet.Retries;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.operator.fleet.SpecWrite;
import dev.agentcontainers.operator.policygroup.Rulesets;
import dev.agentcontainers.operator.scheduling.Binder;
import dev.agentcontainers.operator.status.BindingStatus;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leads an AgentContainer from its creation to its end: without a node it is offered to the scheduler, refused by its node
 * it leaves it, bound to a node it is assigned there and reported on, deleted it is stopped. Every step looks at what is,
 * does at most what is missing, and is repeated when something changes.
 */
@ControllerConfiguration(
        name = "agentcontainer",
        finalizerName = Api.FINALIZER,
        // Labels and bindings matter and are no new generation.
        generationAwareEventProcessing = false,
        fieldManager = "agentcontainers-operator",
        maxReconciliationInterval = @MaxReconciliationInterval(interval = 10, timeUnit = TimeUnit.MINUTES))
@GradualRetry(
        initialInterval = Retries.FIRST_MILLIS,
        maxInterval = Retries.LONGEST_MILLIS,
        maxAttempts = Retries.UNLIMITED)
public class AgentContainerReconciler implements Reconciler<AgentContainer>, Cleaner<AgentContainer> {
    private static final Logger LOG = LoggerFactory.getLogger(AgentContainerReconciler.class);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Fleet fleet;
    private final Signals signals;
    private final OwnWrites ownWrites;
    private final Rulesets rulesets;
    private final Binder binder;
    private final Assignments assignments;
    private final Assign assign;
    private final Leave leave;
    private final Stop stop;

    public AgentContainerReconciler(
            Fleet fleet,
            Signals signals,
            OwnWrites ownWrites,
            Rulesets rulesets,
            Binder binder,
            Assignments assignments,
            Assign assign,
            Leave leave,
            Stop stop) {
        this.fleet = fleet;
        this.signals = signals;
        this.ownWrites = ownWrites;
        this.rulesets = rulesets;
        this.binder = binder;
        this.assignments = assignments;
        this.assign = assign;
        this.leave = leave;
        this.stop = stop;
    }

    @Override
    public List<EventSource<?, AgentContainer>> prepareEventSources(EventSourceContext<AgentContainer> context) {
        InformerEventSource<AgentAssignment, AgentContainer> assigned = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(AgentAssignment.class, AgentContainer.class)
                        .withSecondaryToPrimaryMapper(AgentContainerReconciler::agentOf)
                        .build(),
                context);
        InformerEventSource<AgentNodePolicy, AgentContainer> policies = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(AgentNodePolicy.class, AgentContainer.class)
                        .withSecondaryToPrimaryMapper(this::agentsConcerned)
                        .withOnUpdateFilter(PolicyNews::isNews)
                        .build(),
                context);
        InformerEventSource<IsolationClass, AgentContainer> classes = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(IsolationClass.class, AgentContainer.class)
                        .withSecondaryToPrimaryMapper(any -> ids(fleet.unboundAgents()))
                        .build(),
                context);
        fleet.registerAgents(context.getPrimaryCache());
        fleet.registerAssignments(assigned);
        fleet.registerNodePolicies(policies);
        fleet.registerIsolationClasses(classes);
        return List.of(assigned, policies, classes, signals.forAgents());
    }

    @Override
    public UpdateControl<AgentContainer> reconcile(AgentContainer agent, Context<AgentContainer> context) {
        rulesets.agentChanged(agent);
        if (ownWrites.isStale(agent)) {
            return UpdateControl.noUpdate();
        }
        Optional<String> node = Fleet.nodeOf(agent);
        if (node.isEmpty()) {
            findNode(agent);
            return UpdateControl.noUpdate();
        }
        UpdateControl<AgentContainer> done = UpdateControl.noUpdate();
        return nextStep(agent, node.get()).map(done::rescheduleAfter).orElse(done);
    }

    @Override
    public DeleteControl cleanup(AgentContainer agent, Context<AgentContainer> context) {
        rulesets.agentChanged(agent);
        Optional<Duration> again = unlessOutdated(() -> stop.stop(agent));
        if (again.isPresent()) {
            return DeleteControl.noFinalizerRemoval()
                    .rescheduleAfter(again.get().toMillis());
        }
        binder.gone(ResourceID.fromResource(agent));
        rulesets.agentGone(ResourceID.fromResource(agent));
        Fleet.nodeOf(agent).ifPresent(signals::nodeChanged);
        return DeleteControl.defaultDelete();
    }

    private Optional<Duration> nextStep(AgentContainer agent, String node) {
        return unlessOutdated(
                () -> BindingStatus.isRefused(agent) ? leave.leave(agent, node) : assign.assign(agent, node));
    }

    /** Does a step; where what it was based on is no longer the newest, it is taken again in a moment. */
    private static Optional<Duration> unlessOutdated(Supplier<Optional<Duration>> step) {
        try {
            return step.get();
        } catch (KubernetesClientException e) {
            if (SpecWrite.isOutdated(e)) {
                LOG.debug("What was written is outdated; it is looked at again", e);
                return Optional.of(LOOK_AGAIN);
            }
            throw e;
        }
    }

    /** An agent that left a node may only be bound again when nothing of it is left there. */
    private void findNode(AgentContainer agent) {
        List<AgentAssignment> left = assignments.of(agent);
        left.forEach(assignment -> assignments.retire(assignment, false));
        if (left.isEmpty()) {
            binder.offer(ResourceID.fromResource(agent));
        }
    }

    private static Set<ResourceID> agentOf(AgentAssignment assignment) {
        return Set.of(new ResourceID(
                assignment.getSpec().agent().name(),
                assignment.getSpec().agent().namespace()));
    }

    private Set<ResourceID> agentsConcerned(AgentNodePolicy policy) {
        return ids(fleet.agentsOnNodeOf(policy.getMetadata().getNamespace()).stream()
                .filter(agent -> PolicyNews.concerns(policy, agent))
                .toList());
    }

    private static Set<ResourceID> ids(List<AgentContainer> agents) {
        return agents.stream().map(ResourceID::fromResource).collect(Collectors.toSet());
    }
}
