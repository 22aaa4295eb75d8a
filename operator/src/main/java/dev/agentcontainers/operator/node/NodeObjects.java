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
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import io.fabric8.kubernetes.api.model.rbac.SubjectBuilder;
import java.util.List;
import java.util.Map;

/** The objects that a node needs: its namespace, its identity and what that identity may do. Pure. */
public final class NodeObjects {
    /** The ServiceAccount, Role and RoleBinding of a node agent. */
    public static final String NODE_AGENT = "node-agent";
    /** The shared ClusterRole for a node agent's own AgentNode; an admission policy ties the user to the node. */
    public static final String CLUSTER_ROLE = "agentcontainers-node-agent";

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
     * What stands in the namespace, in the order of creation.
     *
     * @param held whether it is kept alive by a finalizer: while an assignment may need the node agent's credential
     */
    public List<HasMetadata> inNamespace(boolean held) {
        return List.of(serviceAccount(held), role(held), roleBinding(held));
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

    private ServiceAccount serviceAccount(boolean held) {
        return new ServiceAccountBuilder()
                .withMetadata(metadata(held))
                .withAutomountServiceAccountToken(false)
                .build();
    }

    private Role role(boolean held) {
        return new RoleBuilder()
                .withMetadata(metadata(held))
                .withRules(
                        rule(Api.GROUP, List.of("agentassignments", "agentnodepolicies"), "get", "list", "watch"),
                        rule(
                                Api.GROUP,
                                List.of("agentassignments/status", "agentnodepolicies/status"),
                                "get",
                                "patch",
                                "update"),
                        rule("", List.of("secrets", "configmaps"), "get", "list", "watch"),
                        rule("coordination.k8s.io", List.of("leases"), "create"),
                        named("coordination.k8s.io", "leases", Api.NODE_POLICY_NAME, "get", "update", "patch"),
                        rule("", List.of("events"), "create"),
                        named("", "serviceaccounts/token", NODE_AGENT, "create"))
                .build();
    }

    private RoleBinding roleBinding(boolean held) {
        return new RoleBindingBuilder()
                .withMetadata(metadata(held))
                .withNewRoleRef(RBAC, "Role", NODE_AGENT)
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

    private static PolicyRule rule(String group, List<String> resources, String... verbs) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resources)
                .withVerbs(verbs)
                .build();
    }

    private static PolicyRule named(String group, String resource, String name, String... verbs) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resource)
                .withResourceNames(name)
                .withVerbs(verbs)
                .build();
    }
}
