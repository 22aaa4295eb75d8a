package dev.agentcontainers.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.api.generator.Yaml;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import dev.agentcontainers.api.v1alpha1.ImagePullSecret;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The API as a real API server takes it, completes it and shows it. */
@Tag("cluster")
class AcceptedApiIT {
    private static final String NAMESPACE = "team-a";

    @BeforeAll
    static void createExample() {
        AppliedApi.get().createNamespace(NAMESPACE, Map.of());
        AppliedApi.get()
                .client()
                .resource(Manifests.example(NAMESPACE))
                .fieldValidation(FieldValidateable.Validation.STRICT)
                .create();
    }

    @Test
    void applyingItAgainChangesNothing() {
        for (ApiManifests.Manifest manifest : ApiManifests.all()) {
            List<HasMetadata> first = AppliedApi.get().apply(manifest);
            List<HasMetadata> second = AppliedApi.get().apply(manifest);

            assertThat(second)
                    .extracting(object -> object.getMetadata().getGeneration())
                    .isEqualTo(first.stream()
                            .map(object -> object.getMetadata().getGeneration())
                            .toList());
        }
    }

    @Test
    void everyDefinitionIsEstablished() {
        assertThat(client().apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .list()
                        .getItems())
                .filteredOn(definition -> definition.getSpec().getGroup().equals(Api.GROUP))
                .hasSize(6)
                .allSatisfy(AcceptedApiIT::isSound);
    }

    private static void isSound(CustomResourceDefinition definition) {
        assertThat(definition.getStatus().getConditions())
                .filteredOn(condition -> condition.getStatus().equals("True"))
                .extracting(condition -> condition.getType())
                .contains("NamesAccepted", "Established")
                .doesNotContain("NonStructuralSchema");
    }

    @Test
    void admissionSetsTheFinalizerOnce() {
        var example = client().resource(Manifests.example(NAMESPACE)).get();
        var withFinalizer = Manifests.named("finalizer", NAMESPACE);
        withFinalizer.getMetadata().setFinalizers(List.of("example.org/other", Api.FINALIZER));

        assertThat(example.getFinalizers()).containsExactly(Api.FINALIZER);
        assertThat(AppliedApi.get().tryCreate(withFinalizer).getFinalizers())
                .containsExactlyInAnyOrder("example.org/other", Api.FINALIZER);
    }

    @Test
    void admissionKeepsOtherFinalizers() {
        var other = Manifests.named("other-finalizer", NAMESPACE);
        other.getMetadata().setFinalizers(List.of("example.org/other"));

        assertThat(AppliedApi.get().tryCreate(other).getFinalizers())
                .containsExactlyInAnyOrder("example.org/other", Api.FINALIZER);
    }

    @Test
    void theModelReadsWhatTheServerCompletes() {
        client().resource(Manifests.named("minimal", NAMESPACE)).create();

        AgentContainer minimal = client().resources(AgentContainer.class)
                .inNamespace(NAMESPACE)
                .withName("minimal")
                .get();

        assertThat(minimal.getSpec().platform().os()).isEqualTo(OperatingSystem.linux);
        assertThat(minimal.getSpec().lifecycle().restartPolicy()).isEqualTo(RestartPolicy.Never);
        assertThat(minimal.getSpec().lifecycle().terminationGracePeriodSeconds())
                .isEqualTo(10);
        assertThat(minimal.getSpec().resources().limits().pids()).isEqualTo(512);
        assertThat(minimal.getSpec().network()).isNull();
        // kstatus: an object that nobody has looked at yet must not look finished.
        assertThat(minimal.getStatus().observedGeneration()).isEqualTo(-1);
    }

    static Stream<Arguments> parts() {
        return StreamSupport.stream(
                        Manifests.yaml(Manifests.resource("parts.yaml")).spliterator(), false)
                .map(entry -> Arguments.argumentSet(entry.get("case").asText(), entry.get("patch")));
    }

    @ParameterizedTest
    @MethodSource("parts")
    void aDiskIsDividedAsTheNodeCanDoIt(JsonNode patch) {
        var divided = Manifests.patched(Manifests.named("divided", NAMESPACE), patch);

        assertThat(AppliedApi.get().tryCreate(divided).getFinalizers()).containsExactly(Api.FINALIZER);
    }

    static Stream<String> images() {
        return StreamSupport.stream(
                        Manifests.yaml(Manifests.resource("images.yaml")).spliterator(), false)
                .map(JsonNode::asText);
    }

    @ParameterizedTest
    @MethodSource("images")
    void anImageNeedsNoCommand(String image) {
        var agent = Manifests.patched(Manifests.named("from-image", NAMESPACE), Yaml.read("""
                        spec:
                          command: null
                          image: '%s'
                          imagePullPolicy: IfNotPresent
                          imagePullSecrets: [{name: first}, {name: second.example.org}]
                        """.formatted(image)));

        AgentContainer created = client().getKubernetesSerialization()
                .convertValue(AppliedApi.get().tryCreate(agent), AgentContainer.class);

        assertThat(created.getSpec().image()).isEqualTo(image);
        assertThat(created.getSpec().command()).isNull();
        assertThat(created.getSpec().imagePullPolicy()).isEqualTo(ImagePullPolicy.IfNotPresent);
        assertThat(created.getSpec().imagePullSecrets())
                .containsExactly(new ImagePullSecret("first"), new ImagePullSecret("second.example.org"));
    }

    @Test
    void explainReadsWell() throws Exception {
        assertThat(kubectl("explain", "ac.spec.network.egress"))
                .contains("Allowed egress, added to what NetworkPolicies and EgressPolicies that")
                .contains("name\t<string> -required-", "Name of the rule, shown where it decides.")
                .contains("to\t<[]Object> -required-", "Where to. At least one peer.")
                .contains("ports\t<[]Object>", "Default: all of TCP, UDP and SCTP");
        assertThat(kubectl("explain", "ac.spec.lifecycle.restartPolicy"))
                .contains("ENUM:", "    OnFailure\n", "OnFailure (exit code other");
        assertThat(kubectl("explain", "ac.spec.image"))
                .contains("registry.example.org/team/agent:1.4", "node's own programs, which it sees read-only");
        assertThat(kubectl("explain", "ac.status.conditions")).contains("lastTransitionTime", "required");
    }

    @Test
    void getShowsWhatPeopleLookFor() throws Exception {
        List<String> lines = kubectl("get", "ac", "researcher", "-n", NAMESPACE, "-o", "wide")
                .lines()
                .toList();

        assertThat(lines.getFirst().split(" {2,}"))
                .containsExactly(
                        "NAME",
                        "PHASE",
                        "READY",
                        "NODE",
                        "OS",
                        "ISOLATION",
                        "POLICY",
                        "ADDRESS",
                        "IMAGE",
                        "RESTARTS",
                        "EXIT CODE",
                        "AGE");
        assertThat(lines.get(1)).contains("researcher", "linux");
        assertThat(kubectl("get", "ac", "-n", NAMESPACE).lines().findFirst().orElseThrow())
                .doesNotContain("POLICY", "RESTARTS");
        assertThat(kubectl("get", "all", "-n", NAMESPACE)).contains("agentcontainer.agentcontainers.dev/researcher");
    }

    @Test
    void egressPoliciesAreTakenAndShown() throws Exception {
        var policy = Manifests.good("EgressPolicy", "sites", NAMESPACE);
        client().resource(policy)
                .fieldValidation(FieldValidateable.Validation.STRICT)
                .create();

        EgressPolicy read = client().resources(EgressPolicy.class)
                .inNamespace(NAMESPACE)
                .withName("sites")
                .get();
        assertThat(read.getSpec().agentSelector().getMatchLabels()).containsEntry("app", "a");
        assertThat(read.getSpec().egress().getFirst().ports().getFirst().protocol())
                .as("the schema's default")
                .isEqualTo(Protocol.TCP);
        List<String> lines =
                kubectl("get", "egresspolicies", "-n", NAMESPACE).lines().toList();
        assertThat(lines.getFirst().split(" {2,}")).containsExactly("NAME", "AGENTS", "AGE");
        assertThat(lines.get(1)).contains("sites", "{\"matchLabels\":{\"app\":\"a\"}}");
        assertThat(kubectl("get", "agents", "-n", NAMESPACE)).contains("egresspolicy.agentcontainers.dev/sites");
        assertThat(kubectl("explain", "egresspolicies.spec"))
                .contains("agentSelector\t<Object> -required-", "egress\t<[]Object>")
                .contains("AgentContainers of the policy's namespace, by labels; empty: all.");
    }

    private static KubernetesClient client() {
        return AppliedApi.get().client();
    }

    private static String kubectl(String... arguments) throws IOException, InterruptedException {
        var controlPlane = AppliedApi.get().controlPlane();
        List<String> command = new ArrayList<>(List.of(
                controlPlane.kubectl().toString(),
                "--kubeconfig",
                controlPlane.kubeconfig().toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
