package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;

/** Stands in for the operator's controller of AgentNodes: makes what a node needs to be a node. */
final class NodeNamespaces implements AutoCloseable {
    private static final String RBAC = "rbac.authorization.k8s.io";
    private static final String ACCOUNT = "node-agent";

    private final KubernetesClient client;
    private final SharedIndexInformer<AgentNode> informer;

    NodeNamespaces(KubernetesClient client) {
        this.client = client;
        this.informer = client.resources(AgentNode.class).inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(AgentNode node) {
                prepare(node);
            }

            @Override
            public void onUpdate(AgentNode before, AgentNode node) {
                prepare(node);
            }

            @Override
            public void onDelete(AgentNode node, boolean unknown) {
                client.namespaces()
                        .withName("agentnode-" + node.getMetadata().getName())
                        .delete();
            }
        });
    }

    private void prepare(AgentNode node) {
        if (node.getStatus() != null && node.getStatus().namespace() != null) {
            return;
        }
        String name = node.getMetadata().getName();
        String namespace = "agentnode-" + name;
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .serverSideApply();
        client.resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(ACCOUNT)
                        .endMetadata()
                        .build())
                .serverSideApply();
        rightsInNamespace(namespace);
        rightsOnNode(name, namespace);
        node.setStatus(new AgentNodeStatus(namespace, null, null, null, null, null, null, null, null, null));
        client.resource(node).updateStatus();
    }

    private void rightsInNamespace(String namespace) {
        client.resource(new RoleBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(ACCOUNT)
                        .endMetadata()
                        .withRules(
                                rule(
                                        "agentcontainers.dev",
                                        List.of("agentassignments", "agentnodepolicies"),
                                        "get",
                                        "list",
                                        "watch"),
                                rule("", List.of("secrets", "configmaps"), "get", "list", "watch"),
                                new PolicyRuleBuilder()
                                        .withApiGroups("")
                                        .withResources("serviceaccounts/token")
                                        .withResourceNames(ACCOUNT)
                                        .withVerbs("create")
                                        .build())
                        .build())
                .serverSideApply();
        client.resource(new RoleBindingBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(ACCOUNT)
                        .endMetadata()
                        .withNewRoleRef(RBAC, "Role", ACCOUNT)
                        .addNewSubject("", "ServiceAccount", ACCOUNT, namespace)
                        .build())
                .serverSideApply();
    }

    private void rightsOnNode(String name, String namespace) {
        String role = "node-agent-" + name;
        client.resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName(role)
                        .endMetadata()
                        .withNewRoleRef(RBAC, "ClusterRole", "agentcontainers-node-agent")
                        .addNewSubject("", "ServiceAccount", ACCOUNT, namespace)
                        .build())
                .serverSideApply();
    }

    private static PolicyRule rule(String group, List<String> resources, String... verbs) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resources)
                .withVerbs(verbs)
                .build();
    }

    @Override
    public void close() {
        informer.close();
    }
}
