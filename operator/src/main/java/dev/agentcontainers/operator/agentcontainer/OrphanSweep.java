package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.logging.LogContext;
import dev.agentcontainers.operator.policygroup.Rulesets;
import dev.agentcontainers.operator.scheduling.Binder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Retires assignments whose AgentContainer is no more. The finalizer keeps that from happening; an administrator may have
 * taken it away all the same, and then nobody else would ever stop the agent. Only a live read proves that an AgentContainer
 * is gone: a cache may be behind.
 */
@ApplicationScoped
public class OrphanSweep {
    private static final Logger LOG = LoggerFactory.getLogger(OrphanSweep.class);
    private static final long EVERY_SECONDS = 10;

    private final KubernetesClient client;
    private final Fleet fleet;
    private final Assignments assignments;
    private final Binder binder;
    private final Rulesets rulesets;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("orphan-sweep").factory());

    public OrphanSweep(
            KubernetesClient client, Fleet fleet, Assignments assignments, Binder binder, Rulesets rulesets) {
        this.client = client;
        this.fleet = fleet;
        this.assignments = assignments;
        this.binder = binder;
        this.rulesets = rulesets;
    }

    /** Begins to look, again and again. To be called when this process leads and the caches are filled. */
    public void start() {
        var _ = timer.scheduleWithFixedDelay(this::sweep, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
    }

    @PreDestroy
    void stop() {
        timer.shutdownNow();
    }

    /** A timer drops what fails once. */
    private void sweep() {
        try {
            rulesets.dropLostAgents();
            fleet.assignments().filter(this::looksOrphaned).toList().forEach(this::retireIfOrphaned);
        } catch (RuntimeException e) {
            LOG.error("Looking for assignments without an AgentContainer failed and is tried again", e);
        }
    }

    private boolean looksOrphaned(AgentAssignment assignment) {
        AgentAssignmentSpec.AgentReference agent = assignment.getSpec().agent();
        return fleet.agent(new ResourceID(agent.name(), agent.namespace()))
                .filter(present -> present.getMetadata().getUid().equals(agent.uid()))
                .isEmpty();
    }

    private void retireIfOrphaned(AgentAssignment assignment) {
        try (LogContext ignored = LogContext.of(assignment)) {
            AgentAssignmentSpec.AgentReference agent = assignment.getSpec().agent();
            if (exists(agent)) {
                return;
            }
            if (assignment.getMetadata().getDeletionTimestamp() == null) {
                LOG.warn(
                        "AgentContainer {}/{} is gone but its assignment is still there: the agent is stopped",
                        agent.namespace(),
                        agent.name());
            }
            assignments.retire(assignment, nodeIsGone(assignment.getMetadata().getNamespace()));
            binder.fleetChanged();
        } catch (RuntimeException e) {
            // One that can't be retired keeps no other from it; it is tried again with the next sweep.
            LOG.warn("An assignment without AgentContainer could not be retired yet: {}", e.toString());
        }
    }

    private boolean exists(AgentAssignmentSpec.AgentReference agent) {
        return Optional.ofNullable(client.resources(AgentContainer.class)
                        .inNamespace(agent.namespace())
                        .withName(agent.name())
                        .get())
                .filter(present -> present.getMetadata().getUid().equals(agent.uid()))
                .isPresent();
    }

    /** A node that is being removed retires its own assignments; where it is no more, nobody is left to say that they ended. */
    private boolean nodeIsGone(String namespace) {
        if (!fleet.nodesWithNamespace(namespace).isEmpty()) {
            return false;
        }
        List<AgentNode> nodes = client.resources(AgentNode.class).list().getItems();
        return nodes.stream()
                .noneMatch(
                        node -> NodeNamespace.of(node.getMetadata().getName()).equals(namespace));
    }
}
