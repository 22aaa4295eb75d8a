package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.agentcontainers.localcluster.process.ExternalProgram;
import dev.agentcontainers.nodeagent.image.registry.RegistriesFile;
import dev.agentcontainers.nodeagent.image.signature.SignaturesFile;
import dev.agentcontainers.protocol.GatewayPaths;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What Helm makes of the charts without a cluster. */
class ChartTemplateIT {

    private static final String NAMESPACE = "elsewhere";

    @TempDir
    static Path scratch;

    private static ExternalProgram helm;

    @BeforeAll
    static void findHelm() {
        helm = HelmCluster.offlineHelmOrSkip(scratch);
    }

    static Stream<Path> charts() {
        return Stream.of(Charts.MAIN, Charts.API);
    }

    @ParameterizedTest
    @MethodSource("charts")
    void lintFindsNothing(Path chart) {
        assertThat(helm.run("lint", "--strict", chart.toString())).contains("0 chart(s) failed");
    }

    static Stream<Arguments> wrongValues() {
        return Stream.of(
                Arguments.of("operator.replicas=two", "at '/operator/replicas': got string, want integer"),
                Arguments.of("operator.replicas=0", "at '/operator/replicas': minimum: got 0, want 1"),
                Arguments.of("operator.replica=2", "at '/operator': additional properties 'replica' not allowed"),
                Arguments.of("foo=1", "at '': additional properties 'foo' not allowed"),
                Arguments.of("operator.logLevel=LOUD", "at '/operator/logLevel': value must be one of 'ERROR', 'WARN'"),
                Arguments.of("operator.image.digest=abc", "at '/operator/image/digest': 'abc' does not match pattern"),
                Arguments.of("gateway.service.type=External", "at '/gateway/service/type': value must be one of"),
                Arguments.of("gateway.url=http://a", "at '/gateway/url': 'http://a' does not match pattern"),
                Arguments.of(
                        "nodeAgent.linux.stateDirectory=var/lib",
                        "at '/nodeAgent/linux/stateDirectory': 'var/lib' does not match pattern"),
                Arguments.of(
                        "nodeAgent.linux.maxUnavailable=some",
                        "at '/nodeAgent/linux/maxUnavailable': 'some' does not match pattern"),
                Arguments.of(
                        "nodeAgent.linux.healthPort=70000",
                        "at '/nodeAgent/linux/healthPort': maximum: got 70,000, want 65,535"),
                Arguments.of(
                        "nodeAgent.windows.enabled=true",
                        "at '/nodeAgent/windows/image/repository': minLength: got 0, want 1"),
                Arguments.of(
                        "nodeAgent.linux.images.signatures.rules[0].unsigned=Allowed",
                        "at '/nodeAgent/linux/images/signatures/rules/0': missing property 'images'"),
                Arguments.of(
                        "nodeAgent.linux.images.registries.mirror=x",
                        "at '/nodeAgent/linux/images/registries': additional properties 'mirror' not allowed"),
                Arguments.of("drain.timeoutSeconds=1", "at '/drain/timeoutSeconds': minimum: got 1, want 10"),
                Arguments.of("jsonLogs=sometimes", "at '/jsonLogs': got string, want boolean"),
                Arguments.of("addresses.pool=fd00::/16", "at '/addresses/pool': 'fd00::/16' does not match pattern"),
                Arguments.of(
                        "addresses.nodePrefixLength=30", "at '/addresses/nodePrefixLength': maximum: got 30, want 28"),
                Arguments.of("gateway.service.ipFamily=IPv5", "at '/gateway/service/ipFamily': value must be one of"),
                Arguments.of(
                        "addresses.pool=100.80.0.0/24",
                        "addresses.nodePrefixLength is 22, but addresses.pool is 100.80.0.0/24"),
                Arguments.of(
                        "gateway.enabled=false",
                        "gateway.enabled is false, but nodeAgent.linux.enabled or nodeAgent.windows.enabled is true"),
                Arguments.of(
                        "operator.tolerations[0].effect=Never", "at '/operator/tolerations/0/effect': value must"));
    }

    @ParameterizedTest
    @MethodSource("wrongValues")
    void aWrongValueIsNamed(String value, String message) {
        ExternalProgram.Result result = helm.attempt("template", "t", Charts.MAIN.toString(), "--set", value);

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output()).contains(message);
    }

    @Test
    void thoseWhoBindTheOperatorsRightsNameItsServiceAccountInTheReleasesNamespace() {
        List<HasMetadata> objects = render();
        Deployment operator = only(objects, Deployment.class);
        List<Subject> subjects = new ArrayList<>();
        for (HasMetadata object : objects) {
            if (object instanceof ClusterRoleBinding binding && !isHook(object)) {
                subjects.addAll(binding.getSubjects());
            } else if (object instanceof RoleBinding binding && !isHook(object)) {
                subjects.addAll(binding.getSubjects());
            }
        }

        assertThat(subjects).extracting(Subject::getName).doesNotContain("system:unauthenticated", "system:masters");
        subjects.removeIf(subject -> subject.getKind().equals("Group"));
        assertThat(subjects).isNotEmpty().allSatisfy(subject -> {
            assertThat(subject.getName())
                    .isEqualTo(operator.getSpec().getTemplate().getSpec().getServiceAccountName());
            assertThat(subject.getNamespace()).isEqualTo(NAMESPACE);
        });
        assertThat(objects)
                .extracting(object -> object.getMetadata().getNamespace())
                .doesNotContain("agentcontainers-system");
    }

    @Test
    void nodeAgentsRunOnTheHostAndEnrolWithTheAudienceThatTheOperatorAccepts() {
        PodSpec pod = only(render(), DaemonSet.class).getSpec().getTemplate().getSpec();
        Container agent = pod.getContainers().getFirst();

        assertThat(pod.getHostPID()).isTrue();
        assertThat(pod.getHostNetwork()).isTrue();
        assertThat(pod.getAutomountServiceAccountToken()).isFalse();
        assertThat(agent.getCommand())
                .startsWith("/usr/bin/nsenter", "--target=1", "--mount", "--uts", "--ipc", "--cgroup", "--")
                .endsWith("/var/lib/agentcontainers/runtime/0.1.0-SNAPSHOT/jdk/bin/java");
        assertThat(pod.getVolumes().stream()
                        .filter(volume -> volume.getProjected() != null)
                        .flatMap(volume -> volume.getProjected().getSources().stream())
                        .filter(source -> source.getServiceAccountToken() != null)
                        .map(source -> source.getServiceAccountToken().getAudience()))
                .containsExactly(GatewayPaths.ENROLMENT_AUDIENCE);
    }

    @Test
    void eachVersionOfTheRuntimeHasAFolderOfItsOwn() {
        String digest = "sha256:" + "a".repeat(64);
        PodSpec pod = only(render("--set", "nodeAgent.linux.image.digest=" + digest), DaemonSet.class)
                .getSpec()
                .getTemplate()
                .getSpec();

        assertThat(pod.getContainers().getFirst().getImage()).isEqualTo("agentcontainers/node-agent@" + digest);
        assertThat(pod.getContainers().getFirst().getCommand().getLast())
                .isEqualTo("/var/lib/agentcontainers/runtime/sha256-" + "a".repeat(64) + "/jdk/bin/java");
    }

    @Test
    void noObjectIsThereTwice() {
        assertThat(render())
                .extracting(object -> object.getKind() + " "
                        + object.getMetadata().getNamespace() + "/"
                        + object.getMetadata().getName())
                .doesNotHaveDuplicates();
    }

    @Test
    void withoutGatewayNothingOfItIsThere() {
        assertThat(render("--set", "gateway.enabled=false,nodeAgent.linux.enabled=false"))
                .filteredOn(object -> object.getMetadata().getName().contains("gateway"))
                .isEmpty();
    }

    @Test
    void operatorAndNodeAgentsAgreeOnTheAgentsAddresses() {
        List<HasMetadata> objects = render("--set", "addresses.pool=10.128.0.0/10");

        assertThat(variable(operatorOf(objects), "AGENTCONTAINERS_OPERATOR_ADDRESS_POOL"))
                .isEqualTo("10.128.0.0/10");
        assertThat(variable(nodeAgentOf(objects), "AGENTCONTAINERS_NODE_FLEET_CIDR"))
                .isEqualTo("10.128.0.0/10");
    }

    @ParameterizedTest
    @CsvSource({
        "'',$(AGENT_GATEWAY_SERVICE_HOST)",
        "IPv4,$(AGENT_GATEWAY_SERVICE_HOST)",
        "IPv6,[$(AGENT_GATEWAY_SERVICE_HOST)]"
    })
    void theGatewaysUrlIsOneInEachAddressFamily(String family, String host) {
        List<HasMetadata> objects = render("--set", "gateway.service.ipFamily=" + family);

        assertThat(nodeAgentOf(objects).getEnv()).extracting(EnvVar::getValue).contains("https://" + host + ":9443");
    }

    @ParameterizedTest
    @CsvSource({"1.35.9,false", "1.36.0,true"})
    void whatTheApiServerDoesNotKnowIsLeftOut(String version, boolean known) {
        String api = helm.run("template", "t", Charts.API.toString(), "--kube-version", version);
        String main = helm.run("template", "t", Charts.MAIN.toString(), "--kube-version", version);

        assertThat(api).doesNotContain("kind: MutatingAdmissionPolicy");
        assertThat(main.contains("kind: MutatingAdmissionPolicy\n")).isEqualTo(known);
        assertThat(main.contains("kind: MutatingAdmissionPolicyBinding\n")).isEqualTo(known);
        assertThat(api).contains("kind: ValidatingAdmissionPolicy\n");
    }

    @Test
    void logsAreJsonUnlessToldOtherwise() {
        assertThat(variable(operatorOf(render()), "QUARKUS_LOG_CONSOLE_JSON_ENABLED"))
                .isEqualTo("true");
        assertThat(variable(nodeAgentOf(render("--set", "jsonLogs=false")), "QUARKUS_LOG_CONSOLE_JSON_ENABLED"))
                .isEqualTo("false");
    }

    private static Container operatorOf(List<HasMetadata> objects) {
        return only(objects, Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst();
    }

    private static Container nodeAgentOf(List<HasMetadata> objects) {
        return only(objects, DaemonSet.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst();
    }

    private static String variable(Container container, String name) {
        return container.getEnv().stream()
                .filter(variable -> variable.getName().equals(name))
                .map(EnvVar::getValue)
                .findFirst()
                .orElse("");
    }

    @Test
    void everyOptionAtOnceRenders() {
        List<HasMetadata> objects = render(
                "--set",
                "nodeAgent.windows.enabled=true,nodeAgent.windows.image.repository=example.org/windows,"
                        + "operator.serviceMonitor.enabled=true,operator.serviceMonitor.labels.a=b,"
                        + "enrolment.bootstrapToken.existingSecret=token,enrolment.apiServerUrl=https://api:6443,"
                        + "gateway.service.type=LoadBalancer,gateway.names={gateway.example.org},"
                        + "gateway.url=https://gateway.example.org,imagePullSecrets[0].name=registry,"
                        + "commonLabels.team=agents,operator.extraEnv[0].name=A,operator.extraEnv[0].value=b,"
                        + "operator.networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus");

        assertThat(objects)
                .extracting(HasMetadata::getKind)
                .contains("ServiceMonitor", "NetworkPolicy", "PodDisruptionBudget", "Job");
        assertThat(objects).filteredOn(DaemonSet.class::isInstance).hasSize(2);
        assertThat(objects)
                .allSatisfy(
                        object -> assertThat(object.getMetadata().getLabels()).containsEntry("team", "agents"));
    }

    /** In the place where the kubelet keeps them on the host, whose mount namespace the node agent is in. */
    @Test
    void nodesAreToldOfImagesInFilesThatTheyUnderstand() throws IOException {
        Path values = Files.writeString(scratch.resolve("images.yaml"), """
                nodeAgent:
                  linux:
                    images:
                      registries:
                        mirrors: {docker.io: ["mirror.example.org:5000"]}
                      signatures:
                        rules:
                        - {images: ["registry.example.org/sandbox/*"], unsigned: Allowed}
                        - images: ["*"]
                          signedBy:
                          - name: release
                            key: |
                              -----BEGIN PUBLIC KEY-----
                              MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExE/ceDfGSk3bbKIYwE7KbX/qlCCF
                              KgLhXGSjmcYr6LF9eMtjRWgilUi7go5A/u5RcIma1bxnlsGLcjdSO2mXXA==
                              -----END PUBLIC KEY-----
                      credentialsSecret: pulls
                """);
        List<HasMetadata> objects = render("-f", values.toString());

        PodSpec pod = only(objects, DaemonSet.class).getSpec().getTemplate().getSpec();
        String folder = "/var/lib/kubelet/pods/$(POD_UID)/volumes/kubernetes.io~projected/images/";
        assertThat(pod.getContainers().getFirst().getEnv())
                .extracting(EnvVar::getName, EnvVar::getValue)
                .contains(
                        tuple("AGENTCONTAINERS_NODE_REGISTRIES_FILE", folder + "registries.yaml"),
                        tuple("AGENTCONTAINERS_NODE_SIGNATURES_FILE", folder + "signatures.yaml"),
                        tuple("AGENTCONTAINERS_NODE_REGISTRY_CREDENTIALS_FILE", folder + "credentials.json"));
        Volume images = pod.getVolumes().stream()
                .filter(volume -> volume.getName().equals("images"))
                .findFirst()
                .orElseThrow();
        assertThat(images.getProjected().getSources().get(1).getSecret().getName())
                .isEqualTo("pulls");
        ConfigMap files = only(objects, ConfigMap.class);
        assertThat(images.getProjected().getSources().getFirst().getConfigMap().getName())
                .isEqualTo(files.getMetadata().getName());
        for (Map.Entry<String, String> file : files.getData().entrySet()) {
            Files.writeString(scratch.resolve(file.getKey()), file.getValue());
        }
        assertThat(RegistriesFile.read(scratch.resolve("registries.yaml"))).isNotNull();
        assertThat(SignaturesFile.read(scratch.resolve("signatures.yaml"))).isNotNull();
    }

    /** Understood as far as to the file of the host, which this one has not. */
    @Test
    void nodesAreToldOfIdentitiesThatSign() throws IOException {
        Path values = Files.writeString(scratch.resolve("identities.yaml"), """
                nodeAgent:
                  linux:
                    images:
                      signatures:
                        rules:
                        - images: ["*"]
                          signedBy:
                          - name: release
                            identity:
                              issuer: https://token.actions.githubusercontent.com
                              subjectPattern: https://github.com/team/agent/.github/workflows/release.yaml@refs/tags/*
                              trustedRootFile: /nowhere/sigstore.json
                """);
        String file =
                only(render("-f", values.toString()), ConfigMap.class).getData().get("signatures.yaml");
        Path written = Files.writeString(scratch.resolve("identities-signatures.yaml"), file);

        assertThatThrownBy(() -> SignaturesFile.read(written))
                .hasMessageEndingWith(
                        "'rules[0].signedBy[0].identity.trustedRootFile': /nowhere/sigstore.json does not exist");
    }

    private static List<HasMetadata> render(String... arguments) {
        List<String> line = new ArrayList<>(List.of("template", "t", Charts.MAIN.toString(), "-n", NAMESPACE));
        line.addAll(List.of(arguments));
        String yaml = helm.run(line.toArray(String[]::new));
        List<Object> documents =
                Serialization.unmarshal(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)));
        return documents.stream().map(HasMetadata.class::cast).toList();
    }

    private static boolean isHook(HasMetadata object) {
        return object.getMetadata().getAnnotations() != null
                && object.getMetadata().getAnnotations().containsKey("helm.sh/hook");
    }

    private static <T> T only(List<HasMetadata> objects, Class<T> type) {
        List<T> found =
                objects.stream().filter(type::isInstance).map(type::cast).toList();
        assertThat(found).hasSize(1);
        return found.getFirst();
    }
}
