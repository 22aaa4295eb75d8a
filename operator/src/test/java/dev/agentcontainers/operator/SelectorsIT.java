package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What selectors of policies find becomes the addresses of the rulesets that nodes are given, and follows each change. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class SelectorsIT {
    private static final Duration SOON = Duration.ofSeconds(45);

    private static final String SERVER = """
            isolation: {className: process}
            command: [sleep, "3600"]
            resources: {limits: {cpu: 100m, memory: 64Mi}}
            ports: [{name: http, containerPort: 8080}]
            """;

    /** As much of sigs.k8s.io/network-policy-api's definition as it takes to store the objects. */
    private static final String CLUSTER_NETWORK_POLICY = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata:
              name: clusternetworkpolicies.policy.networking.k8s.io
              annotations: {api-approved.kubernetes.io: unapproved}
            spec:
              group: policy.networking.k8s.io
              names: {kind: ClusterNetworkPolicy, plural: clusternetworkpolicies, singular: clusternetworkpolicy}
              scope: Cluster
              versions:
                - name: v1alpha2
                  served: true
                  storage: true
                  schema:
                    openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
            """;

    private static TestCluster cluster;
    private static KubernetesClient client;
    private static OperatorProcess operator;
    private static TestNode node;

    @BeforeAll
    static void start() {
        cluster = TestCluster.get();
        client = cluster.admin();
        operator = OperatorProcess.start(cluster, "selectors", List.of("agentcontainers.operator.watch-pods=true"));
        node = TestNode.join(
                cluster,
                "selectors-a",
                Map.of("cpu", "4", "memory", "4Gi", "ephemeral-storage", "8Gi", "agents", "100"));
    }

    @AfterAll
    static void stop() {
        cluster.clear();
        node.close();
        operator.close();
    }

    @Test
    void anAgentIsReachableWhileALabelSelectsIt() {
        String namespace = cluster.newNamespace();
        AgentContainer server = running(namespace, "server", SERVER);
        AgentContainer caller = running(namespace, "caller", Agents.SMALL);
        assertThat(group(server).ingress()).as("nothing allows it").isNullOrEmpty();
        networkPolicy(
                namespace,
                "out",
                "{podSelector: {matchLabels: {app: caller}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: server}}}], ports: [{port: http}]}]}");
        networkPolicy(
                namespace,
                "in",
                "{podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: caller}}}], ports: [{port: http}]}]}");

        await().atMost(SOON).untilAsserted(() -> {
            assertThat(group(caller).egress()).containsExactly(box(server));
            assertThat(group(server).ingress()).containsExactly(box(caller));
        });
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                Agents.read(client, caller).getStatus().policy().hash())
                        .as("the node's kernel holds it")
                        .isEqualTo(group(caller).hash()));

        label(server, "app", "retired");

        await().atMost(SOON).untilAsserted(() -> {
            assertThat(group(caller).egress()).isNullOrEmpty();
            assertThat(group(server).ingress()).isNullOrEmpty();
        });
    }

    /** A node in foreign hands would otherwise open any address to whoever may reach an agent of it. */
    @Test
    void anAddressThatIsNotOfTheNodesRangeIsNobodys() {
        String namespace = cluster.newNamespace();
        AgentContainer server = running(namespace, "server", SERVER);
        AgentContainer caller = running(namespace, "caller", Agents.SMALL);
        networkPolicy(
                namespace,
                "out",
                "{podSelector: {matchLabels: {app: caller}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: server}}}], ports: [{port: http}]}]}");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).containsExactly(box(server)));

        node.report(server.getMetadata().getUid(), assignment -> node.runningAt(assignment, "203.0.113.9"));

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).isNullOrEmpty());
    }

    @Test
    void whatIsDeletedIsNobodysPeer() {
        String namespace = cluster.newNamespace();
        AgentContainer server = running(namespace, "server", SERVER);
        AgentContainer caller = running(namespace, "caller", Agents.SMALL);
        networkPolicy(
                namespace,
                "out",
                "{podSelector: {matchLabels: {app: caller}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: server}}}], ports: [{port: http}]}]}");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).containsExactly(box(server)));

        client.resource(server).delete();

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).isNullOrEmpty());
    }

    @Test
    void labelsOfANamespaceOpenAndClose() {
        String servers = cluster.newNamespace();
        String callers = cluster.newNamespace();
        AgentContainer server = running(servers, "server", SERVER);
        AgentContainer caller = running(callers, "caller", Agents.SMALL);
        AgentContainer bystander = running(callers, "bystander", Agents.SMALL);
        networkPolicy(
                callers,
                "out",
                "{podSelector: {matchLabels: {app: caller}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {opens: \"%s\"}}}], ports: [{port: 8080}]}]}"
                        .formatted(servers));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).sources()).containsExactly("NetworkPolicy/out"));
        assertThat(group(caller).egress()).isNullOrEmpty();
        String before = Agents.read(client, bystander).getMetadata().getResourceVersion();

        client.namespaces()
                .withName(servers)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"labels\":{\"opens\":\"" + servers + "\"}}}");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).containsExactly(box(server)));

        client.namespaces()
                .withName(servers)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"labels\":{\"opens\":null}}}");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).isNullOrEmpty());
        assertThat(Agents.read(client, bystander).getMetadata().getResourceVersion())
                .as("whom it doesn't concern isn't touched")
                .isEqualTo(before);
    }

    @Test
    void anEgressPolicyIsForTheAgentsThatItSelects() {
        String namespace = cluster.newNamespace();
        AgentContainer server = running(namespace, "server", SERVER);
        AgentContainer caller = running(namespace, "caller", Agents.SMALL);
        String before = Agents.read(client, server).getMetadata().getResourceVersion();

        create("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: out, namespace: %s}
                spec:
                  agentSelector: {matchLabels: {app: caller}}
                  egress:
                  - name: server
                    to: [{podSelector: {matchLabels: {app: server}}}]
                    ports: [{port: 8080}]
                  - name: site
                    to: [{domain: www.example.org}]
                    ports: [{port: 443}]
                  - name: api
                    to: [{domain: api.example.org}]
                    ports: [{port: 443}]
                    tls: {}
                  - name: mirror
                    to: [{domain: mirror.example.org}]
                    ports: [{port: 80}]
                    http: [{methods: [GET, HEAD], paths: [/debian/*]}]
                  - name: store
                    to: [{domain: store.example.org}]
                    ports: [{port: 443}]
                    tls: {}
                    http: [{methods: [GET], paths: [/v1/*]}]
                """.formatted(namespace));

        await().atMost(SOON).untilAsserted(() -> {
            assertThat(group(caller).egress()).containsExactly(box(server));
            assertThat(group(caller).names())
                    .containsExactly(new AllowedName("www.example.org", Protocol.TCP, 443, 443));
            assertThat(group(caller).tlsNames())
                    .containsExactly(new AllowedName("api.example.org", Protocol.TCP, 443, 443));
            assertThat(group(caller).httpNames())
                    .containsExactly(new AllowedHttp(
                            "mirror.example.org", 80, 80, List.of("GET", "HEAD"), List.of("/debian/*"), null));
            assertThat(group(caller).httpsNames())
                    .containsExactly(
                            new AllowedHttp("store.example.org", 443, 443, List.of("GET"), List.of("/v1/*"), null));
            assertThat(group(caller).sources()).containsExactly("EgressPolicy/out");
        });
        assertThat(group(server).sources()).as("it selects others").isNullOrEmpty();
        assertThat(Agents.read(client, server).getMetadata().getResourceVersion())
                .as("whom it doesn't concern isn't touched")
                .isEqualTo(before);

        client.resources(EgressPolicy.class)
                .inNamespace(namespace)
                .withName("out")
                .delete();

        await().atMost(SOON).untilAsserted(() -> {
            assertThat(group(caller).egress()).isNullOrEmpty();
            assertThat(group(caller).names()).isNullOrEmpty();
        });
    }

    @Test
    void clusterNetworkPoliciesCountFromWhenTheyAreInstalled() {
        String namespace = cluster.newNamespace();
        AgentContainer caller = running(namespace, "caller", Agents.SMALL);
        networkPolicy(
                namespace,
                "out",
                "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.7.0.0/24}}], ports: [{port: 443}]}]}");
        Allow whole = new Allow("10.7.0.0/24", Protocol.TCP, 443, 443);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).containsExactly(whole));

        List<HasMetadata> definition = create(CLUSTER_NETWORK_POLICY);
        try {
            await().atMost(SOON)
                    .ignoreExceptions()
                    .until(() -> create("""
                    apiVersion: policy.networking.k8s.io/v1alpha2
                    kind: ClusterNetworkPolicy
                    metadata: {name: %s}
                    spec:
                      tier: Admin
                      priority: 10
                      subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: %s}}}
                      egress: [{name: half, action: Deny, to: [{networks: [10.7.0.128/25]}]}]
                    """.formatted(namespace, namespace)).size() == 1);

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(group(caller).egress())
                            .containsExactly(new Allow("10.7.0.0/25", Protocol.TCP, 443, 443)));
            assertThat(group(caller).sources())
                    .containsExactly("ClusterNetworkPolicy/" + namespace, "NetworkPolicy/out");
        } finally {
            client.resourceList(definition).delete();
        }
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).containsExactly(whole));
        assertThat(operator.isAlive()).isTrue();
    }

    @Test
    void podsArePeersAsLongAsTheyRun() {
        String namespace = cluster.newNamespace();
        AgentContainer caller = running(namespace, "caller", Agents.SMALL);
        networkPolicy(
                namespace,
                "out",
                "{podSelector: {matchLabels: {app: caller}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: sql}]}]}");
        Pod pod = (Pod) create("""
                apiVersion: v1
                kind: Pod
                metadata: {name: db, namespace: %s, labels: {app: db}}
                spec: {containers: [{name: db, image: db, ports: [{name: sql, containerPort: 5432}]}]}
                """.formatted(namespace)).getFirst();

        report(pod, "Running");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress())
                        .containsExactly(new Allow("10.244.7.7/32", Protocol.TCP, 5432, 5432)));

        report(pod, "Succeeded");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(group(caller).egress()).isNullOrEmpty());
        client.resource(pod).withGracePeriod(0).delete();
    }

    private static void report(Pod pod, String phase) {
        client.pods()
                .resource(pod)
                .subresource("status")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"status\":{\"phase\":\"" + phase
                                + "\",\"podIP\":\"10.244.7.7\",\"podIPs\":[{\"ip\":\"10.244.7.7\"}]}}");
    }

    private static AgentContainer running(String namespace, String name, String spec) {
        AgentContainer agent = Agents.create(client, namespace, name, spec);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        return agent;
    }

    private static void label(AgentContainer agent, String key, String value) {
        client.resource(agent)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"labels\":{\"%s\":\"%s\"}}}".formatted(key, value));
    }

    private static void networkPolicy(String namespace, String name, String spec) {
        create("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: %s}
                spec: %s
                """.formatted(name, namespace, spec));
    }

    private static List<HasMetadata> create(String yaml) {
        return client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .create();
    }

    private static Allow box(AgentContainer peer) {
        String address = Agents.read(client, peer).getStatus().addresses().getFirst();
        return new Allow(address + "/32", Protocol.TCP, 8080, 8080);
    }

    /** The ruleset of the agent's group as its node is given it. */
    private static Group group(AgentContainer agent) {
        String group = client.resources(AgentAssignment.class)
                .inNamespace(node.namespace())
                .withName(agent.getMetadata().getUid())
                .require()
                .getSpec()
                .policyGroup();
        return client.resources(AgentNodePolicy.class).inNamespace(node.namespace()).list().getItems().stream()
                .flatMap(policy -> policy.getSpec().groups().stream())
                .filter(each -> each.name().equals(group))
                .findFirst()
                .orElseThrow();
    }
}
