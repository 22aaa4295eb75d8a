package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import io.fabric8.kubernetes.api.model.rbac.SubjectBuilder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The objects that a node needs: its namespace, its identity and what that identity may do. Pure. */
public final class NodeObjects {
    /** The ServiceAccount and the RoleBinding of a node agent. */
    public static final String NODE_AGENT = "node-agent";
    /** The shared ClusterRole for a node agent's own AgentNode; an admission policy ties the user to the node. */
    public static final String CLUSTER_ROLE = "agentcontainers-node-agent";

    /** The ClusterRole for a node's namespace: bound there, so that the operator need not hold its rights. */
    public static final String NAMESPACE_ROLE = "agentcontainers-node-namespace";

    /** The ClusterRole for copies of Secrets and ConfigMaps in a node's namespace: bound there to the operator. */
    public static final String COPIES_ROLE = "agentcontainers-node-copies";

    private static final String RBAC = "rbac.authorization.k8s.io";

    private final String nodeName;
    private final String namespace;
    private final OwnerReference owner;

    public NodeObjects(AgentNode node) {
        this.nodeName = node.getMetadata().getName();
        this.namespace = NodeNamespace.of(nodeName);
        this.owner = new OwnerReferenceBuilder()
                .withApiVersion(node.getApiVersion())
                .withKind(node.getKind())
                .withName(nodeName)
                .withUid(node.getMetadata().getUid())
                .build();
    }

    public String namespaceName() {
        return namespace;
    }

    public Namespace namespace() {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(namespace)
                .withLabels(labels())
                .endMetadata()
                .build();
    }

    /**
     * Whether a namespace of that name is the operator's: it has the label, which the admission policy
     * node-namespaces.agentcontainers.dev lets nobody else set.
     */
    public boolean isMine(Namespace present) {
        @Nullable Map<String, String> given = present.getMetadata().getLabels();
        return given != null && NodeLabel.of(nodeName).equals(given.get(Api.NODE_LABEL));
    }

    /**
     * What stands in the namespace, in the order of creation.
     *
     * @param held whether it is kept alive by a finalizer: while an assignment may need the node agent's credential
     */
    public List<HasMetadata> inNamespace(boolean held) {
        return List.of(serviceAccount(held), roleBinding(held));
    }

    public ClusterRoleBinding clusterRoleBinding() {
        return new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(CLUSTER_ROLE + ":" + nodeName)
                .withLabels(labels())
                .withOwnerReferences(owner)
                .endMetadata()
                .withNewRoleRef(RBAC, "ClusterRole", CLUSTER_ROLE)
                .withSubjects(subject())
                .build();
    }

    /**
     * Lets the operator write copies into the namespace.
     *
     * @param operator the user that the operator is to the API server
     */
    public RoleBinding copiesBinding(String operator) {
        return new RoleBindingBuilder()
                .withNewMetadata()
                .withName(COPIES_ROLE)
                .withNamespace(namespace)
                .withLabels(labels())
                .endMetadata()
                .withNewRoleRef(RBAC, "ClusterRole", COPIES_ROLE)
                .withSubjects(new SubjectBuilder()
                        .withApiGroup(RBAC)
                        .withKind("User")
                        .withName(operator)
                        .build())
                .build();
    }

    private ServiceAccount serviceAccount(boolean held) {
        return new ServiceAccountBuilder()
                .withMetadata(metadata(held))
                .withAutomountServiceAccountToken(false)
                .build();
    }

    private RoleBinding roleBinding(boolean held) {
        return new RoleBindingBuilder()
                .withMetadata(metadata(held))
                .withNewRoleRef(RBAC, "ClusterRole", NAMESPACE_ROLE)
                .withSubjects(subject())
                .build();
    }

    private Subject subject() {
        return new SubjectBuilder()
                .withKind("ServiceAccount")
                .withName(NODE_AGENT)
                .withNamespace(namespace)
                .build();
    }

    private ObjectMeta metadata(boolean held) {
        return new ObjectMetaBuilder()
                .withName(NODE_AGENT)
                .withNamespace(namespace)
                .withLabels(labels())
                .withFinalizers(held ? List.of(Api.NODE_FINALIZER) : List.of())
                .build();
    }

    private Map<String, String> labels() {
        return Map.of(Api.NODE_LABEL, NodeLabel.of(nodeName));
    }
}
