package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.status.NodeState;
import dev.agentcontainers.operator.status.Observation;
import dev.agentcontainers.operator.status.StatusRollup;
import dev.agentcontainers.operator.status.StatusWriter;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Stops an agent that is being deleted: its assignments go first, each when its node says that nothing is left. */
@ApplicationScoped
public class Stop {
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    private static final Duration WORTH_A_STATUS = Duration.ofSeconds(1);

    private final Assignments assignments;
    private final NodeStates nodeStates;
    private final OwnWrites ownWrites;
    private final StatusWriter statusWriter;
    private final Fleet fleet;
    private final Clock clock;

    public Stop(
            Assignments assignments,
            NodeStates nodeStates,
            OwnWrites ownWrites,
            StatusWriter statusWriter,
            Fleet fleet,
            Clock clock) {
        this.assignments = assignments;
        this.nodeStates = nodeStates;
        this.ownWrites = ownWrites;
        this.statusWriter = statusWriter;
        this.fleet = fleet;
        this.clock = clock;
    }

    /** Does the next step; empty when nothing of the agent is left, otherwise when to look again. */
    Optional<Duration> stop(AgentContainer agent) {
        Optional<String> node = Fleet.nodeOf(agent);
        Optional<NodeState> state = node.map(nodeStates::of);
        if (node.filter(name -> assignments.isCacheBehind(NodeNamespace.of(name), agent))
                .isPresent()) {
            return Optional.of(WORTH_A_STATUS);
        }
        List<AgentAssignment> left = assignments.of(agent);
        if (left.isEmpty()) {
            return Optional.empty();
        }
        boolean gone = state.filter(NodeState.REMOVED::equals).isPresent();
        left.forEach(assignment -> assignments.retire(assignment, gone));
        if (Instant.parse(agent.getMetadata().getDeletionTimestamp())
                .plus(WORTH_A_STATUS)
                .isAfter(clock.instant())) {
            return Optional.of(WORTH_A_STATUS);
        }
        node.ifPresent(name -> sayTerminating(agent, name, state.orElse(NodeState.SILENT)));
        return Optional.of(LOOK_AGAIN);
    }

    private void sayTerminating(AgentContainer agent, String nodeName, NodeState state) {
        boolean said = Optional.ofNullable(agent.getStatus())
                .map(AgentContainerStatus::phase)
                .filter(phase -> phase == AgentPhase.Terminating || StatusRollup.isFinal(phase))
                .isPresent();
        if (said || ownWrites.isStale(agent)) {
            return;
        }
        String namespace = NodeNamespace.of(nodeName);
        statusWriter.write(
                agent,
                StatusRollup.rollUp(
                        new Observation(
                                agent,
                                PolicyGroup.nameOf(PolicySubject.of(agent)),
                                assignments.in(namespace, agent),
                                fleet.nodePolicy(namespace),
                                state,
                                Optional.empty()),
                        clock.instant()));
    }
}
