package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** AgentNodes as enrolment sees them: who holds which name with which key. */
public final class EnrolledNodes {
    /** Annotation of an AgentNode: fingerprint of the key that its machine holds. */
    public static final String KEY_ANNOTATION = Api.GROUP + "/node-key";

    /** Of the annotation alone: what one manager applies is all that it owns. */
    private static final String FIELD_MANAGER = "agentcontainers-operator-enrolment";

    private static final int DEFAULT_LEASE_SECONDS = 40;

    private final KubernetesClient client;
    private final Clock clock;

    public EnrolledNodes(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /**
     * The AgentNode of who shows a certificate.
     *
     * @throws RefusedException where the certificate is of a node that is no more, or that enrolled anew with another key
     */
    public AgentNode require(Peer.Node peer) {
        AgentNode node = find(peer.name())
                .filter(found -> found.getMetadata().getUid().equals(peer.uid()))
                .orElseThrow(() -> new RefusedException(
                        HttpURLConnection.HTTP_FORBIDDEN,
                        "AgentNode '" + peer.name() + "' was deleted: this machine must enrol anew"));
        if (!peer.key().equals(key(node).orElse(""))) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_FORBIDDEN,
                    "AgentNode '" + peer.name() + "' has enrolled with another key since");
        }
        return node;
    }

    Optional<AgentNode> find(String name) {
        return Optional.ofNullable(
                client.resources(AgentNode.class).withName(name).get());
    }

    NodeAdmission.Existing describe(AgentNode node) {
        String namespace = node.getStatus() == null ? null : node.getStatus().namespace();
        boolean deleting = node.getMetadata().getDeletionTimestamp() != null;
        if (namespace == null) {
            return new NodeAdmission.Existing(deleting, key(node), false, 0);
        }
        Lease lease = client.leases()
                .inNamespace(namespace)
                .withName(Api.NODE_POLICY_NAME)
                .get();
        int assignments = client.resources(AgentAssignment.class)
                .inNamespace(namespace)
                .list()
                .getItems()
                .size();
        return new NodeAdmission.Existing(deleting, key(node), isLive(lease, clock.instant()), assignments);
    }

    AgentNode create(String name, Map<String, String> labels, String key) {
        AgentNode node = new AgentNode();
        node.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withLabels(labels)
                .withAnnotations(Map.of(KEY_ANNOTATION, key))
                .build());
        node.setSpec(new AgentNodeSpec(null, null, null, null, null));
        return onConflict(name, () -> client.resource(node).create());
    }

    /** Gives the name to the machine with that key, if nothing changed meanwhile. Its former certificate ends thereby. */
    AgentNode adopt(AgentNode node, String key) {
        if (key(node).filter(key::equals).isPresent()) {
            return node;
        }
        AgentNode applied = new AgentNode();
        applied.setMetadata(new ObjectMetaBuilder()
                .withName(node.getMetadata().getName())
                .withResourceVersion(node.getMetadata().getResourceVersion())
                .withAnnotations(Map.of(KEY_ANNOTATION, key))
                .build());
        return onConflict(
                node.getMetadata().getName(),
                () -> client.resource(applied)
                        .patch(new PatchContext.Builder()
                                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                .withFieldManager(FIELD_MANAGER)
                                .withForce(true)
                                .build()));
    }

    static boolean isLive(@org.jspecify.annotations.Nullable Lease lease, Instant now) {
        if (lease == null || lease.getSpec() == null || lease.getSpec().getRenewTime() == null) {
            return false;
        }
        Integer seconds = lease.getSpec().getLeaseDurationSeconds();
        return lease.getSpec()
                .getRenewTime()
                .toInstant()
                .plusSeconds(seconds == null ? DEFAULT_LEASE_SECONDS : seconds)
                .isAfter(now);
    }

    private static Optional<String> key(AgentNode node) {
        return Optional.ofNullable(node.getMetadata().getAnnotations()).map(all -> all.get(KEY_ANNOTATION));
    }

    private static AgentNode onConflict(String name, java.util.function.Supplier<AgentNode> write) {
        try {
            return write.get();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                throw new RefusedException(
                        HttpURLConnection.HTTP_CONFLICT,
                        "AgentNode '" + name + "' was changed by someone else at the same time: try again");
            }
            throw e;
        }
    }
}
