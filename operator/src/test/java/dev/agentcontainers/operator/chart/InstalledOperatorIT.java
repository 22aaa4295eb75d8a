package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.client.GatewayTrust;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Operators with the environment and the rights that the chart gives them: a name that differs between the two shows here. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class InstalledOperatorIT {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String SERVICE = "agent-gateway";
    private static final Map<String, String> QUICK = Map.of(
            "AGENTCONTAINERS_OPERATOR_LEADER_LEASE_DURATION", "6s",
            "AGENTCONTAINERS_OPERATOR_LEADER_RENEW_DEADLINE", "4s",
            "AGENTCONTAINERS_OPERATOR_LEADER_RETRY_PERIOD", "1s");

    @TempDir
    static Path scratch;

    @TempDir
    Path machine;

    private static InstalledChart chart;
    private static KubernetesClient admin;

    @BeforeAll
    static void start() {
        chart = InstalledChart.on(scratch);
        admin = chart.admin();
        chart.createNamespace(InstalledChart.NAMESPACE);
        chart.installApi();
        chart.installMain("addresses.pool=100.96.0.0/14", "addresses.nodePrefixLength=24");
    }

    @AfterAll
    static void stop() {
        if (chart != null) {
            chart.close();
        }
    }

    @Test
    void aClustersNodeEnrolsAndTheServiceFollowsTheLeader() throws Exception {
        Service service = admin.services()
                .inNamespace(InstalledChart.NAMESPACE)
                .withName(SERVICE)
                .require();
        assertThat(service.getSpec().getSelector()).isNullOrEmpty();
        try (OperatorProcess first = chart.startOperator("first", "10.1.0.1", QUICK)) {
            await("the Service is directed to the first")
                    .atMost(SOON)
                    .until(() -> addresses().equals(List.of("10.1.0.1")));
            assertThat(slice().getEndpoints().getFirst().getNodeName()).isEqualTo("machine-of-first");
            assertThat(slice().getEndpoints().getFirst().getTargetRef().getName())
                    .isEqualTo("first");
            assertThat(slice().getPorts().getFirst().getName())
                    .isEqualTo(service.getSpec().getPorts().getFirst().getName());
            JsonNode leading = logged(first, "Leading with epoch");
            assertThat(leading.get("message").asText()).startsWith("Leading with epoch");
            enrol(slice().getPorts().getFirst().getPort());
            assertThat(logged(first, "enrolled node").at("/mdc/node").asText())
                    .as("a line says which object it is about")
                    .isEqualTo("cluster-node");

            try (OperatorProcess second = chart.startOperator("second", "10.1.0.2", QUICK)) {
                first.signal("KILL");
                await("a new leader takes over")
                        .atMost(SOON)
                        .until(() -> addresses().equals(List.of("10.1.0.2")));
                try (OperatorProcess third = chart.startOperator("third", "10.1.0.3", QUICK)) {
                    await().atMost(SOON).until(() -> third.log().contains("started in"));
                    second.close();
                    assertThat(leader())
                            .as("who leads after an orderly end: nobody yet, or the successor")
                            .doesNotStartWith("second_");
                    await("a successor takes over")
                            .atMost(SOON)
                            .until(() -> addresses().equals(List.of("10.1.0.3")));
                    assertThat(second.log())
                            .as("gave the Service back while it might")
                            .doesNotContain("still directed here");

                    directToTheOtherAddressFamily();
                    await("comes back").atMost(SOON).until(() -> addresses().equals(List.of("10.1.0.3")));
                    assertThat(slice().getAddressType()).isEqualTo("IPv4");
                }
            }
        }
        assertThat(slice().getMetadata().getOwnerReferences().getFirst().getUid())
                .isEqualTo(service.getMetadata().getUid());
    }

    private void enrol(int port) throws Exception {
        ConfigMap published = await().atMost(SOON)
                .until(
                        () -> admin.configMaps()
                                .inNamespace(InstalledChart.NAMESPACE)
                                .withName(GatewayPaths.CONFIG_MAP)
                                .get(),
                        Objects::nonNull);
        assertThat(published.getData().get(GatewayPaths.CONFIG_URL))
                .isEqualTo("https://agent-gateway.agents-here.svc:9443");
        String token = admin.serviceAccounts()
                .inNamespace(InstalledChart.NAMESPACE)
                .withName("agentcontainers-node-agent")
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withAudiences(GatewayPaths.ENROLMENT_AUDIENCE)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();

        NodeIdentity identity = new Enrolment(new IdentityFiles(machine))
                .join(new Invitation(
                        URI.create("https://127.0.0.1:" + port),
                        GatewayTrust.Authority.ofPem(published.getData().get(GatewayPaths.CONFIG_AUTHORITY)),
                        token,
                        "cluster-node",
                        Map.of()));

        assertThat(identity.grant().namespace()).isEqualTo("agentnode-cluster-node");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(admin.resources(AgentNode.class)
                                .withName("cluster-node")
                                .get()
                                .getSpec()
                                .agentCIDR())
                        .isEqualTo("100.96.0.0/24"));
    }

    /** The first line with that text, which is JSON. */
    private static JsonNode logged(OperatorProcess operator, String text) throws Exception {
        String line = operator.log()
                .lines()
                .filter(each -> each.contains(text))
                .findFirst()
                .orElseThrow();
        return new ObjectMapper().readTree(line);
    }

    private static String leader() {
        return admin.leases()
                .inNamespace(InstalledChart.NAMESPACE)
                .withName(InstalledChart.OPERATOR)
                .require()
                .getSpec()
                .getHolderIdentity();
    }

    /** As a leader whose Pod has an address of that family would have left it. */
    private static void directToTheOtherAddressFamily() {
        EndpointSlice present = slice();
        admin.resource(present).delete();
        admin.resource(new EndpointSliceBuilder(present)
                        .withMetadata(new ObjectMetaBuilder()
                                .withName(present.getMetadata().getName())
                                .withNamespace(present.getMetadata().getNamespace())
                                .withLabels(present.getMetadata().getLabels())
                                .build())
                        .withAddressType("IPv6")
                        .editFirstEndpoint()
                        .withAddresses("fd00::3")
                        .endEndpoint()
                        .build())
                .create();
    }

    /** The drain isn't run by anyone here, so that its time runs out. */
    @Test
    void anUninstallationThatFailsKeepsNobodyFromGoingOn() {
        assertThat(chart.attemptUninstall(Duration.ofSeconds(3)).exitCode()).isNotZero();

        assertThat(admin.admissionRegistration()
                        .v1()
                        .validatingAdmissionPolicyBindings()
                        .withName("agentcontainers-drain")
                        .get())
                .as("what keeps nodes and agents from being placed during a drain")
                .isNull();
    }

    private static EndpointSlice slice() {
        return admin.discovery()
                .v1()
                .endpointSlices()
                .inNamespace(InstalledChart.NAMESPACE)
                .withName(SERVICE)
                .get();
    }

    private static List<String> addresses() {
        EndpointSlice slice = slice();
        return slice == null || slice.getEndpoints() == null
                ? List.of()
                : slice.getEndpoints().stream()
                        .flatMap(endpoint -> endpoint.getAddresses().stream())
                        .toList();
    }
}
