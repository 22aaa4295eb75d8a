package dev.agentcontainers.localcluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cluster")
class TemporaryControlPlaneIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static ControlPlane controlPlane;
    private static KubernetesClient admin;

    @BeforeAll
    static void start() {
        controlPlane = SharedControlPlane.get();
        admin = controlPlane.adminClient();
    }

    @AfterAll
    static void closeClient() {
        admin.close();
    }

    @Test
    void kubectlAndApiServerAreOfOneVersion() throws Exception {
        String output = kubectl("version");

        assertThat(output).contains("Client Version: v1.37.2").contains("Server Version: v1.37.2");
    }

    @Test
    void admissionPoliciesOfBothKindsAreServedAsStable() throws Exception {
        assertThat(kubectl("api-resources", "--api-group=admissionregistration.k8s.io"))
                .containsPattern("mutatingadmissionpolicies +admissionregistration.k8s.io/v1 ")
                .containsPattern("validatingadmissionpolicies +admissionregistration.k8s.io/v1 ");
    }

    @Test
    void refusesAUserWithoutRights() {
        try (KubernetesClient user = controlPlane.clientFor("mallory", "nobodies")) {
            assertThatThrownBy(() -> user.secrets().inNamespace("kube-system").list())
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContaining("User \"mallory\" cannot list resource \"secrets\"");
        }
    }

    @Test
    void knowsAUserByNameAndGroups() {
        try (KubernetesClient user = controlPlane.clientFor("some:user/with.signs", "team-a", "team:b")) {
            var info = user.resource(new SelfSubjectReviewBuilder().build())
                    .create()
                    .getStatus()
                    .getUserInfo();

            assertThat(info.getUsername()).isEqualTo("some:user/with.signs");
            assertThat(info.getGroups()).containsExactlyInAnyOrder("team-a", "team:b", "system:authenticated");
        }
    }

    @Test
    void finishesTheDeletionOfANamespace() {
        createNamespace("short-lived");
        admin.configMaps()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace("short-lived")
                        .withName("content")
                        .endMetadata()
                        .build())
                .create();

        admin.namespaces().withName("short-lived").delete();

        await().atMost(PATIENCE)
                .until(() -> admin.namespaces().withName("short-lived").get() == null);
    }

    @Test
    void collectsWhatADeletedObjectOwned() {
        createNamespace("collected");
        var owner = admin.configMaps()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace("collected")
                        .withName("owner")
                        .endMetadata()
                        .build())
                .create();
        admin.configMaps()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace("collected")
                        .withName("owned")
                        .withOwnerReferences(new OwnerReferenceBuilder()
                                .withApiVersion("v1")
                                .withKind("ConfigMap")
                                .withName("owner")
                                .withUid(owner.getMetadata().getUid())
                                .build())
                        .endMetadata()
                        .build())
                .create();

        admin.resource(owner).delete();

        await().atMost(PATIENCE)
                .until(() -> admin.configMaps()
                                .inNamespace("collected")
                                .withName("owned")
                                .get()
                        == null);
    }

    @Test
    void authenticatesATokenOfAServiceAccount() {
        createNamespace("tokens");
        admin.serviceAccounts()
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withNamespace("tokens")
                        .withName("robot")
                        .endMetadata()
                        .build())
                .create();
        TokenRequest request = admin.serviceAccounts()
                .inNamespace("tokens")
                .withName("robot")
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(600L)
                        .endSpec()
                        .build());
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(controlPlane.apiServer().toString())
                .withCaCertData(controlPlane.certificateAuthority())
                .withOauthToken(request.getStatus().getToken())
                .build();

        try (KubernetesClient robot =
                new KubernetesClientBuilder().withConfig(config).build()) {
            assertThatThrownBy(() -> robot.pods().inNamespace("tokens").list())
                    .hasMessageContaining("User \"system:serviceaccount:tokens:robot\" cannot list resource \"pods\"");
        }
    }

    @Test
    void publishesTheClientAuthorityForExtensionServers() {
        var authentication =
                admin.configMaps().inNamespace("kube-system").withName("extension-apiserver-authentication");

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(authentication.get())
                        .isNotNull()
                        .satisfies(map -> assertThat(map.getData())
                                .containsKeys("client-ca-file", "requestheader-client-ca-file")));
    }

    @Test
    void logsRequestsForAudit() throws Exception {
        admin.namespaces().withName("audited-by-name").get();

        Path log = controlPlane.auditLog().orElseThrow();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(Files.readString(log))
                        .contains("\"requestURI\":\"/api/v1/namespaces/audited-by-name\"")
                        .contains("\"username\":\"agentcontainers-admin\""));
    }

    private static void createNamespace(String name) {
        admin.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
    }

    private static String kubectl(String... arguments) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(controlPlane.kubectl().toString());
        builder.command().addAll(List.of(arguments));
        builder.environment().put("KUBECONFIG", controlPlane.kubeconfig().toString());
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
