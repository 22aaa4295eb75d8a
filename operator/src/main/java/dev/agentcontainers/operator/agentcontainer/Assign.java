package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.assignment.AssignmentBuilder;
import dev.agentcontainers.assignment.reference.Reference;
import dev.agentcontainers.assignment.reference.References;
import dev.agentcontainers.assignment.reference.Sources;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.operator.fleet.SpecWrite;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.policygroup.NodePolicies;
import dev.agentcontainers.operator.references.Copies;
import dev.agentcontainers.operator.scheduling.Binder;
import dev.agentcontainers.operator.status.BindingStatus;
import dev.agentcontainers.operator.status.Hold;
import dev.agentcontainers.operator.status.NodeState;
import dev.agentcontainers.operator.status.Observation;
import dev.agentcontainers.operator.status.StatusRollup;
import dev.agentcontainers.operator.status.StatusWriter;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Has a bound agent run on its node: its policy group is published there, its assignment made and kept up to date, and what
 * the node says of it becomes its status.
 */
@ApplicationScoped
public class Assign {
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(15);

    private final Fleet fleet;
    private final Signals signals;
    private final Leadership leadership;
    private final Binder binder;
    private final NodePolicies nodePolicies;
    private final NodeStates nodeStates;
    private final Assignments assignments;
    private final Copies copies;
    private final CopyRefresh copyRefresh;
    private final StatusWriter statusWriter;
    private final AgentNews news;
    private final Clock clock;

    public Assign(
            Fleet fleet,
            Signals signals,
            Leadership leadership,
            Binder binder,
            NodePolicies nodePolicies,
            NodeStates nodeStates,
            Assignments assignments,
            Copies copies,
            CopyRefresh copyRefresh,
            StatusWriter statusWriter,
            AgentNews news,
            Clock clock) {
        this.fleet = fleet;
        this.signals = signals;
        this.leadership = leadership;
        this.binder = binder;
        this.nodePolicies = nodePolicies;
        this.nodeStates = nodeStates;
        this.assignments = assignments;
        this.copies = copies;
        this.copyRefresh = copyRefresh;
        this.statusWriter = statusWriter;
        this.news = news;
        this.clock = clock;
    }

    /** What a step came to: a reason to wait, and when to look again. */
    private record Step(Optional<Hold> hold, Optional<Duration> again) {
        static final Step DONE = new Step(Optional.empty(), Optional.empty());

        static Step lookAgainIn(Duration delay) {
            return new Step(Optional.empty(), Optional.of(delay));
        }
    }

    /** Does what is missing; says when to look again. */
    Optional<Duration> assign(AgentContainer agent, String nodeName) {
        String namespace = NodeNamespace.of(nodeName);
        if (assignments.isCacheBehind(namespace, agent)) {
            return Optional.of(SOON);
        }
        retireStrays(agent, namespace);
        Optional<AgentAssignment> present = assignments.in(namespace, agent);
        NodeState node = nodeStates.of(nodeName);
        if (present.isEmpty() && mustGoElsewhere(agent, nodeName, node)) {
            return unbind(agent, nodeName, node);
        }
        String group = PolicyGroup.nameOf(PolicySubject.of(agent));
        Step step = present.isPresent()
                ? keepUpToDate(agent, nodeName, group, present.get(), node)
                : create(agent, nodeName, group, node);
        report(new Observation(agent, group, present, fleet.nodePolicy(namespace), node, step.hold()));
        return step.again();
    }

    /** Assignments on nodes that the agent isn't bound to: an older leader's, or one that was on its way out. */
    private void retireStrays(AgentContainer agent, String namespace) {
        assignments.of(agent).stream()
                .filter(assignment -> !assignment.getMetadata().getNamespace().equals(namespace))
                .forEach(assignment -> assignments.retire(assignment, false));
    }

    private boolean mustGoElsewhere(AgentContainer agent, String nodeName, NodeState node) {
        boolean closing = node == NodeState.REMOVED || nodeStates.isClosing(nodeName);
        return closing
                && !StatusRollup.hasStarted(agent)
                && !StatusRollup.isFinal(agent.getStatus().phase());
    }

    /** A node that is there learns the leader's epoch first, so that it refuses what an older leader still sends it. */
    private Optional<Duration> unbind(AgentContainer agent, String nodeName, NodeState node) {
        if (node != NodeState.REMOVED && !nodePolicies.knowsEpoch(nodeName)) {
            signals.nodeChanged(nodeName);
            return Optional.of(SOON);
        }
        String message = "Node %s is being removed".formatted(nodeName);
        statusWriter.write(agent, BindingStatus.unbound(agent, "NodeRemoved", message, clock.instant()));
        news.nodeRemoved(agent, message);
        return Optional.empty();
    }

    private Step create(AgentContainer agent, String nodeName, String group, NodeState node) {
        boolean over = StatusRollup.hasStarted(agent)
                || StatusRollup.isFinal(agent.getStatus().phase());
        if (over || node == NodeState.REMOVED) {
            return Step.DONE;
        }
        if (fleet.nodeNamespace(NodeNamespace.of(nodeName)).isEmpty()) {
            // Its successor, or one that somebody else has made: nothing of the agent may go there before it is the
            // node's.
            signals.nodeChanged(nodeName);
            return Step.lookAgainIn(SOON);
        }
        if (!nodePolicies.isCurrent(nodeName, PolicySubject.of(agent))) {
            return awaitPolicy(agent, nodeName, group);
        }
        List<Reference> references = References.of(agent);
        Sources sources = copies.read(references);
        if (sources.missing().isPresent()) {
            String missing = sources.missing().get();
            news.referenceMissing(agent, missing);
            return new Step(Optional.of(new Hold("ReferenceNotFound", missing)), Optional.of(retryDelay(agent)));
        }
        String className = agent.getStatus().isolation().effective();
        Optional<IsolationClass> isolationClass = fleet.isolationClass(className);
        if (isolationClass.isEmpty()) {
            String missing = "There is no IsolationClass %s any more".formatted(className);
            return new Step(Optional.of(new Hold("IsolationClassNotFound", missing)), Optional.of(LONGEST_RETRY));
        }
        AgentAssignment wanted = new AssignmentBuilder(agent, nodeName, sources.references())
                .create(NodeNamespace.of(nodeName), isolationClass.get(), group, leadership.epoch());
        try {
            assignments.create(wanted).ifPresent(created -> copies.ensure(created, sources));
        } catch (KubernetesClientException e) {
            return invalid(agent, e);
        }
        signals.nodeChanged(nodeName);
        return references.isEmpty() ? Step.DONE : Step.lookAgainIn(copyRefresh.done(agent));
    }

    private Step keepUpToDate(
            AgentContainer agent, String nodeName, String group, AgentAssignment present, NodeState node) {
        if (present.getMetadata().getDeletionTimestamp() != null) {
            assignments.retire(present, node == NodeState.REMOVED);
            return Step.DONE;
        }
        if (StatusRollup.isFinal(agent.getStatus().phase())) {
            return Step.DONE;
        }
        boolean otherGroup = !group.equals(present.getSpec().policyGroup());
        boolean known = otherGroup
                // One that lies there from before may have older, looser rules.
                ? nodePolicies.isCurrent(nodeName, PolicySubject.of(agent))
                : nodePolicies.isPublished(nodeName, group);
        if (!known) {
            return awaitPolicy(agent, nodeName, group);
        }
        try {
            new AssignmentBuilder(agent, nodeName, Set.of())
                    .update(present.getSpec(), group)
                    .ifPresent(changed -> assignments.update(present, changed));
        } catch (KubernetesClientException e) {
            return invalid(agent, e);
        }
        if (otherGroup) {
            // A publication that is under way may have been made without it.
            signals.nodeChanged(nodeName);
        }
        Optional<Duration> again = copyRefresh.refresh(agent, present);
        Optional<Hold> outdated = outdatedPolicy(agent, nodeName, group);
        return new Step(outdated, again);
    }

    /** The node goes on with an older ruleset of the agent's group, because it can't be given the one of now. */
    private Optional<Hold> outdatedPolicy(AgentContainer agent, String nodeName, String group) {
        return nodePolicies
                .refusal(nodeName, group)
                .filter(refusal -> !nodePolicies.isCurrent(nodeName, PolicySubject.of(agent)))
                .map(refusal -> policyRefused(nodeName, refusal));
    }

    private static Hold policyRefused(String nodeName, String refusal) {
        return new Hold(
                Hold.POLICY_REFUSED,
                "The policy of the agent's labels and rules can't be given to node %s: %s"
                        .formatted(nodeName, refusal));
    }

    private Step awaitPolicy(AgentContainer agent, String nodeName, String group) {
        signals.nodeChanged(nodeName);
        Optional<String> refusal = nodePolicies.refusal(nodeName, group);
        if (refusal.isEmpty()) {
            return Step.lookAgainIn(SOON);
        }
        Hold hold = policyRefused(nodeName, refusal.get());
        news.policyRefused(agent, hold.message());
        return new Step(Optional.of(hold), Optional.of(LONGEST_RETRY));
    }

    /** What the API server refuses for its content it would refuse again: the user has to know. */
    private Step invalid(AgentContainer agent, KubernetesClientException refused) {
        String what = SpecWrite.invalid(refused).orElseThrow(() -> refused);
        String message = "The API server refuses what the agent's node would be told: %s".formatted(what);
        news.assignmentRefused(agent, message);
        return new Step(Optional.of(new Hold("AssignmentRefused", message, true)), Optional.empty());
    }

    private void report(Observation observation) {
        AgentContainer agent = observation.agent();
        AgentContainerStatus status = StatusRollup.rollUp(observation, clock.instant());
        if (statusWriter.write(agent, status)) {
            news.reported(agent, status);
            if (StatusRollup.isFinal(status.phase())) {
                binder.fleetChanged();
            }
        }
    }

    /** From a second, growing with the time that the agent has waited. */
    private Duration retryDelay(AgentContainer agent) {
        Instant created = Instant.parse(agent.getMetadata().getCreationTimestamp());
        Duration waited = Duration.between(created, clock.instant()).dividedBy(4);
        return waited.compareTo(SOON) < 0 ? SOON : waited.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : waited;
    }
}
