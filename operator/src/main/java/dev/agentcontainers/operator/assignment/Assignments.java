package dev.agentcontainers.operator.assignment;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.fleet.SpecWrite;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;

/** Writes assignments. An agent has at most one that counts, named by its UID; it goes only when nothing of it is left. */
@ApplicationScoped
public class Assignments {
    private final KubernetesClient client;
    private final Fleet fleet;
    private final OwnWrites ownWrites;

    public Assignments(KubernetesClient client, Fleet fleet, OwnWrites ownWrites) {
        this.client = client;
        this.fleet = fleet;
        this.ownWrites = ownWrites;
    }

    /** The agent's assignment in that namespace, as the cache shows it. */
    public Optional<AgentAssignment> in(String namespace, AgentContainer agent) {
        return fleet.assignmentsOf(agent).stream()
                .filter(assignment -> assignment.getMetadata().getNamespace().equals(namespace))
                .findFirst();
    }

    public List<AgentAssignment> of(AgentContainer agent) {
        return fleet.assignmentsOf(agent);
    }

    /** Whether the cache is behind an own write to the agent's assignment. */
    public boolean isCacheBehind(String namespace, AgentContainer agent) {
        return ownWrites.isMissing(
                key(namespace, agent.getMetadata().getUid()),
                in(namespace, agent).orElse(null));
    }

    /** Creates it; empty where it is there already and only the cache doesn't show it. */
    public Optional<AgentAssignment> create(AgentAssignment assignment) {
        try {
            AgentAssignment created = client.resource(assignment).create();
            remember(created);
            return Optional.of(created);
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    public AgentAssignment update(AgentAssignment present, AgentAssignmentSpec spec) {
        AgentAssignment updated = SpecWrite.replace(client, present, spec);
        remember(updated);
        return updated;
    }

    /**
     * Brings the assignment nearer to its end: asks for its deletion, and lets go of it when nothing of the agent is left on
     * the node.
     *
     * @param nodeIsGone whether nobody is there any more to say so
     */
    public void retire(AgentAssignment assignment, boolean nodeIsGone) {
        if (assignment.getMetadata().getDeletionTimestamp() == null) {
            client.resource(assignment).delete();
        }
        if ((nodeIsGone || isNothingLeft(assignment))
                && assignment.getMetadata().getFinalizers().contains(Api.FINALIZER)) {
            release(assignment);
        }
    }

    private void release(AgentAssignment assignment) {
        try {
            client.resource(assignment).edit(current -> {
                AgentAssignment released = new AgentAssignment();
                released.setMetadata(new ObjectMetaBuilder(current.getMetadata())
                        .removeFromFinalizers(Api.FINALIZER)
                        .build());
                released.setSpec(current.getSpec());
                released.setStatus(current.getStatus());
                return released;
            });
        } catch (KubernetesClientException e) {
            // Gone, or somebody else has changed it at the same time: the next look at it will tell.
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && !SpecWrite.isOutdated(e)) {
                throw e;
            }
        }
        ownWrites.forget(key(
                assignment.getMetadata().getNamespace(),
                assignment.getMetadata().getName()));
    }

    private static boolean isNothingLeft(AgentAssignment assignment) {
        if (assignment.getStatus() == null || assignment.getStatus().phase() == null) {
            return false;
        }
        return switch (assignment.getStatus().phase()) {
            case Stopped, Rejected -> true;
            case Preparing, Running, Suspended, Succeeded, Failed, Stopping -> false;
        };
    }

    private void remember(AgentAssignment written) {
        ownWrites.created(
                key(written.getMetadata().getNamespace(), written.getMetadata().getName()), written);
    }

    private static String key(String namespace, String uid) {
        return "assignment/" + namespace + "/" + uid;
    }
}
