package dev.agentcontainers.nodeagent.kubernetes;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.SharedControlPlane;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** A node on the real API server, with the rights that a node agent has and no more; the test is its operator. */
public final class NodeFixture implements AutoCloseable {
    public static final Duration PATIENCE = Duration.ofSeconds(30);
    public static final String GROUP = "group-a";
    public static final String HASH = "hash-of-group-a";
    static final String ACCOUNT = "node-agent";
    private static final String RBAC = "rbac.authorization.k8s.io";

    public final ControlPlane controlPlane = SharedControlPlane.get();
    public final KubernetesClient admin = controlPlane.adminClient();
    public final String nodeName = "worker-" + UUID.randomUUID().toString().substring(0, 8);
    public final String namespace = "agentnode-" + nodeName;

    public NodeFixture() {
        for (ApiManifests.Manifest manifest : ApiManifests.all()) {
            admin.load(new ByteArrayInputStream(manifest.yaml().getBytes(StandardCharsets.UTF_8)))
                    .items()
                    .forEach(item -> admin.resource(item).forceConflicts().serverSideApply());
        }
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> admin.resources(AgentNode.class).list());
        create(new NamespaceBuilder()
                .withNewMetadata()
                .withName(namespace)
                .endMetadata()
                .build());
        create(new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(ACCOUNT)
                .endMetadata()
                .build());
        rights();
    }

    /** Makes the AgentNode, as joining does. */
    public void join() {
        AgentNode node = new AgentNode();
        node.setMetadata(new ObjectMetaBuilder().withName(nodeName).build());
        node.setSpec(new AgentNodeSpec(null, null, null, null, 50));
        create(node);
    }

    /** Gives the AgentNode its range and its namespace, as the operator does. */
    public void adopt(String agentCidr) {
        admin.resources(AgentNode.class).withName(nodeName).edit(node -> {
            node.setSpec(new AgentNodeSpec(null, null, null, agentCidr, 50));
            return node;
        });
        admin.resources(AgentNode.class)
                .withName(nodeName)
                .subresource("status")
                .patch(StatusPatch.CONTEXT, """
                        {"status":{"namespace":"%s","conditions":[{"type":"Ready","status":"Unknown","reason":"New",\
                        "message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""".formatted(namespace));
    }

    public AgentNode node() {
        return admin.resources(AgentNode.class).withName(nodeName).require();
    }

    /** Configuration with a token of the node's ServiceAccount, as a kubeconfig gives it. */
    public Config nodeConfig() {
        String token = admin.serviceAccounts()
                .inNamespace(namespace)
                .withName(ACCOUNT)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        return new ConfigBuilder(Config.empty())
                .withMasterUrl(controlPlane.apiServer().toString())
                .withCaCertData(java.util.Base64.getEncoder()
                        .encodeToString(controlPlane.certificateAuthority().getBytes(StandardCharsets.UTF_8)))
                .withOauthToken(token)
                .build();
    }

    public KubernetesClient nodeClient() {
        return new KubernetesClientBuilder().withConfig(nodeConfig()).build();
    }

    public void applyPolicy(long epoch, String hash) {
        AgentNodePolicy policy = new AgentNodePolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withNamespace(namespace)
                .withName(Api.NODE_POLICY_NAME)
                .build());
        policy.setSpec(new AgentNodePolicySpec(
                epoch,
                List.of(new AgentNodePolicySpec.Group(
                        GROUP,
                        hash,
                        List.of(),
                        List.of(new AgentNodePolicySpec.Allow("192.0.2.0/24", Protocol.TCP, 443, 443))))));
        admin.resource(policy).forceConflicts().serverSideApply();
    }

    public AgentNodePolicy policy() {
        return admin.resources(AgentNodePolicy.class)
                .inNamespace(namespace)
                .withName(Api.NODE_POLICY_NAME)
                .require();
    }

    /** Assigns an agent to the node, as the operator does; returns the assignment's name. */
    public String assign() {
        String uid = UUID.randomUUID().toString();
        create(assignment(uid, List.of("sleep", "infinity")));
        return uid;
    }

    /** The same, for which the driver must count as that. */
    public String assign(IsolationLevel level) {
        String uid = UUID.randomUUID().toString();
        AgentAssignment assignment = assignment(uid, List.of("true"));
        assignment.setSpec(Assignments.spec(uid, level));
        create(assignment);
        return uid;
    }

    AgentAssignment assignment(String uid, List<String> command) {
        AgentAssignment assignment = new AgentAssignment();
        assignment.setMetadata(new ObjectMetaBuilder()
                .withNamespace(namespace)
                .withName(uid)
                .withFinalizers(Api.FINALIZER)
                .build());
        assignment.setSpec(Assignments.spec(uid, command));
        return assignment;
    }

    public AgentAssignment assignment(String name) {
        return admin.resources(AgentAssignment.class)
                .inNamespace(namespace)
                .withName(name)
                .require();
    }

    public void deleteAssignment(String name) {
        admin.resources(AgentAssignment.class)
                .inNamespace(namespace)
                .withName(name)
                .delete();
    }

    /** Lets the assignment go, as the operator does once its agent is stopped. */
    public void releaseAssignment(String name) {
        admin.resources(AgentAssignment.class)
                .inNamespace(namespace)
                .withName(name)
                .edit(assignment -> {
                    assignment.getMetadata().setFinalizers(List.of());
                    return assignment;
                });
    }

    /** Takes the node's rights away, so that the API server answers 403. */
    public void revoke() {
        admin.rbac().roleBindings().inNamespace(namespace).withName(ACCOUNT).delete();
    }

    public void restoreRights() {
        bind();
    }

    private void rights() {
        create(new RoleBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(ACCOUNT)
                .endMetadata()
                .withRules(
                        rule(Api.GROUP, List.of("agentassignments", "agentnodepolicies"), "get", "list", "watch"),
                        rule(Api.GROUP, List.of("agentassignments/status", "agentnodepolicies/status"), "patch"),
                        rule("", List.of("secrets", "configmaps"), "get", "list", "watch"),
                        rule("coordination.k8s.io", List.of("leases"), "get", "create", "update", "patch"),
                        new PolicyRuleBuilder()
                                .withApiGroups("")
                                .withResources("serviceaccounts/token")
                                .withResourceNames(ACCOUNT)
                                .withVerbs("create")
                                .build())
                .build());
        bind();
        create(new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(namespace)
                .endMetadata()
                .withNewRoleRef(RBAC, "ClusterRole", "agentcontainers-node-agent")
                .addNewSubject("", "ServiceAccount", ACCOUNT, namespace)
                .build());
    }

    private void bind() {
        create(new RoleBindingBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(ACCOUNT)
                .endMetadata()
                .withNewRoleRef(RBAC, "Role", ACCOUNT)
                .addNewSubject("", "ServiceAccount", ACCOUNT, namespace)
                .build());
    }

    private static PolicyRule rule(String group, List<String> resources, String... verbs) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resources)
                .withVerbs(verbs)
                .build();
    }

    private void create(HasMetadata item) {
        admin.resource(item).create();
    }

    @Override
    public void close() {
        admin.resources(AgentAssignment.class)
                .inNamespace(namespace)
                .list()
                .getItems()
                .forEach(item -> releaseAssignment(item.getMetadata().getName()));
        admin.resources(AgentNode.class).withName(nodeName).delete();
        admin.rbac().clusterRoleBindings().withName(namespace).delete();
        admin.namespaces().withName(namespace).delete();
        admin.close();
    }
}
