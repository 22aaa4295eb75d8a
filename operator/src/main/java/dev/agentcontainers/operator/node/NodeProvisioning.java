package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReview;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Keeps a node's objects as they should be: looks every ten minutes, writes only what differs. */
public final class NodeProvisioning {
    /** The field manager of everything that the operator applies. */
    public static final String FIELD_MANAGER = "agentcontainers-operator";

    private static final Duration LOOK_EVERY = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final Fleet fleet;
    private final Clock clock;
    private final Map<String, Instant> looked = new ConcurrentHashMap<>();
    private volatile @Nullable String self;

    public NodeProvisioning(KubernetesClient client, Fleet fleet, Clock clock) {
        this.client = client;
        this.fleet = fleet;
        this.clock = clock;
    }

    /** What there is of a node's objects. */
    public enum Outcome {
        /** Everything. */
        COMPLETE,
        /** The namespace is being deleted: what it needs can only be made in its successor. */
        NAMESPACE_IS_GOING,
        /** Somebody else has made a namespace of that name: what they may read there no agent may entrust to it. */
        NAMESPACE_IS_TAKEN
    }

    /** Makes what is missing. */
    public Outcome ensure(AgentNode node) {
        String uid = node.getMetadata().getUid();
        Instant now = clock.instant();
        if (!isThere(fleet.nodeNamespace(NodeNamespace.of(node.getMetadata().getName())))) {
            suspect(node);
        }
        @Nullable Instant last = looked.get(uid);
        if (last != null && last.plus(LOOK_EVERY).isAfter(now)) {
            return Outcome.COMPLETE;
        }
        NodeObjects objects = new NodeObjects(node);
        Namespace namespace =
                client.namespaces().withName(objects.namespaceName()).get();
        if (namespace != null && namespace.getMetadata().getDeletionTimestamp() != null) {
            return Outcome.NAMESPACE_IS_GOING;
        }
        if (namespace != null && !objects.isMine(namespace)) {
            return Outcome.NAMESPACE_IS_TAKEN;
        }
        if (namespace == null) {
            apply(objects.namespace());
        }
        Stream.concat(
                        objects.inNamespace(true).stream(),
                        Stream.of(objects.clusterRoleBinding(), objects.copiesBinding(self())))
                .filter(this::differs)
                .forEach(this::apply);
        looked.put(uid, now);
        return Outcome.COMPLETE;
    }

    /** Looks again at the next occasion. */
    public void suspect(AgentNode node) {
        looked.remove(node.getMetadata().getUid());
    }

    /** Lets go of the node agent's credential: no assignment needs it any more. */
    public void release(AgentNode node) {
        NodeObjects objects = new NodeObjects(node);
        objects.inNamespace(false).forEach(released -> {
            HasMetadata present = client.resource(released).get();
            if (present != null && present.getMetadata().getFinalizers().contains(Api.NODE_FINALIZER)) {
                apply(released);
            }
        });
        suspect(node);
    }

    /**
     * Deletes the namespace.
     *
     * @return whether it is gone
     */
    public boolean deleteNamespace(AgentNode node) {
        NodeObjects objects = new NodeObjects(node);
        Namespace namespace =
                client.namespaces().withName(objects.namespaceName()).get();
        if (namespace == null || !objects.isMine(namespace)) {
            client.resource(objects.clusterRoleBinding()).delete();
            return true;
        }
        if (namespace.getMetadata().getDeletionTimestamp() == null) {
            client.resource(namespace).delete();
        }
        return false;
    }

    /** The user that this process is to the API server. */
    private String self() {
        @Nullable String known = self;
        if (known == null) {
            known = client.authentication()
                    .v1()
                    .selfSubjectReviews()
                    .create(new SelfSubjectReview())
                    .getStatus()
                    .getUserInfo()
                    .getUsername();
            self = known;
        }
        return known;
    }

    private static boolean isThere(Optional<Namespace> namespace) {
        return namespace
                .filter(present -> present.getMetadata().getDeletionTimestamp() == null)
                .isPresent();
    }

    private void apply(HasMetadata wanted) {
        client.resource(wanted)
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(FIELD_MANAGER)
                        .withForce(true)
                        .build());
    }

    private boolean differs(HasMetadata wanted) {
        @Nullable HasMetadata present = client.resource(wanted).get();
        return present == null
                || !present.getMetadata()
                        .getFinalizers()
                        .containsAll(wanted.getMetadata().getFinalizers())
                || !sameContent(present, wanted);
    }

    private static boolean sameContent(HasMetadata present, HasMetadata wanted) {
        return switch (wanted) {
            case RoleBinding binding -> binding.getSubjects().equals(((RoleBinding) present).getSubjects());
            case ClusterRoleBinding binding ->
                binding.getSubjects().equals(((ClusterRoleBinding) present).getSubjects())
                        && binding.getMetadata()
                                .getOwnerReferences()
                                .equals(present.getMetadata().getOwnerReferences());
            case ServiceAccount account ->
                Objects.equals(
                        account.getAutomountServiceAccountToken(),
                        ((ServiceAccount) present).getAutomountServiceAccountToken());
            default -> true;
        };
    }
}
