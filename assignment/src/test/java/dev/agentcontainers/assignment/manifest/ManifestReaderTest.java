package dev.agentcontainers.assignment.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.api.v1alpha1.MountAccess;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked
class ManifestReaderTest {
    /** The table that the API's own tests put to a real API server. */
    private static final Path TABLE =
            Path.of("../crds/src/test/resources/dev/agentcontainers/api/manifests/bad-manifests.yaml");

    /** A good object of each kind of the API that a run takes. */
    private static String good(String kind) {
        return switch (kind) {
            case "AgentContainer" -> GOOD;
            case "EgressPolicy" -> """
                    apiVersion: agentcontainers.dev/v1alpha1
                    kind: EgressPolicy
                    metadata: {name: wrong}
                    spec: {agentSelector: {matchLabels: {app: a}}, egress: [{name: a, to: [{domain: www.example.org}], ports: [{port: 443}]}]}
                    """;
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static final String GOOD = """
            apiVersion: agentcontainers.dev/v1alpha1
            kind: AgentContainer
            metadata: {name: wrong}
            spec: {isolation: {className: process}, command: [sleep, '60']}
            """;

    private static final String AGENT = "AgentContainer";
    private static final Set<String> KINDS = Set.of(AGENT, "EgressPolicy");

    static Stream<Arguments> whatTheApiServerRefuses() throws IOException {
        return Yaml.read(Files.readString(TABLE))
                .getFirst()
                .valueStream()
                .filter(entry -> KINDS.contains(entry.path("kind").asText(AGENT)))
                .map(entry -> Arguments.argumentSet(entry.get("case").asText(), entry));
    }

    @ParameterizedTest
    @MethodSource("whatTheApiServerRefuses")
    void refusesWhatTheApiServerRefusesNamingTheSameField(JsonNode entry) {
        ObjectNode object =
                (ObjectNode) Yaml.read(good(entry.path("kind").asText(AGENT))).getFirst();
        merge(object, entry.get("patch"));

        assertThatThrownBy(() -> new ManifestReader("default").take("file", object))
                .isInstanceOf(InvalidManifestException.class)
                .satisfies(refusal -> entry.get("says")
                        .forEach(part -> assertThat(refusal.getMessage()).containsIgnoringCase(part.asText())));
    }

    static Stream<String> images() throws IOException {
        return Yaml.read(Files.readString(TABLE.resolveSibling("images.yaml")))
                .getFirst()
                .valueStream()
                .map(JsonNode::asText);
    }

    @ParameterizedTest
    @MethodSource("images")
    void takesImagesThatTheApiServerTakes(String image) throws InvalidManifestException {
        RunObjects objects = read("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: a}
                spec: {isolation: {className: container}, image: '%s', imagePullSecrets: [{name: registry}]}
                ---
                apiVersion: v1
                kind: Secret
                metadata: {name: registry}
                type: kubernetes.io/dockerconfigjson
                stringData: {.dockerconfigjson: '{"auths": {}}'}
                """.formatted(image));

        assertThat(objects.agent().getSpec().image()).isEqualTo(image);
        assertThat(objects.agent().getSpec().command()).isNull();
        assertThat(objects.sources().missing()).isEmpty();
    }

    static Stream<Arguments> parts() throws IOException {
        return Yaml.read(Files.readString(TABLE.resolveSibling("parts.yaml")))
                .getFirst()
                .valueStream()
                .map(entry -> Arguments.argumentSet(entry.get("case").asText(), entry.get("patch")));
    }

    @ParameterizedTest
    @MethodSource("parts")
    void takesDivisionsOfADiskThatTheApiServerTakes(JsonNode patch) {
        ObjectNode object = (ObjectNode) Yaml.read(GOOD).getFirst();
        merge(object, patch);

        assertThatCode(() -> new ManifestReader("default").take("file", object)).doesNotThrowAnyException();
    }

    @Test
    void takesTheExampleOfAnImage() throws IOException, InvalidManifestException {
        RunObjects objects = read(Files.readString(Path.of("../examples/image/agent.yaml")));

        assertThat(objects.agent().getSpec().image()).isEqualTo("docker.io/library/python:3.13-slim");
        assertThat(objects.egressPolicies()).hasSize(1);
        assertThat(objects.sources().missing()).isEmpty();
    }

    @Test
    void takesTheExampleOfAMountedImage() throws IOException, InvalidManifestException {
        RunObjects objects = read(Files.readString(Path.of("../examples/model/agent.yaml")));

        assertThat(objects.agent().getSpec().image()).isNull();
        assertThat(objects.agent()
                        .getSpec()
                        .filesystem()
                        .mounts()
                        .getFirst()
                        .source()
                        .image()
                        .reference())
                .isEqualTo("docker.io/library/debian:13-slim");
    }

    @Test
    void takesTheExampleOfADisplay() throws IOException, InvalidManifestException {
        RunObjects objects = read(Files.readString(Path.of("../examples/desktop/agent.yaml")));

        assertThat(objects.agent().getSpec().session().display().width()).isEqualTo(1024);
    }

    @Test
    void takesTheExampleOfProbes() throws IOException, InvalidManifestException {
        RunObjects objects = read(Files.readString(Path.of("../examples/probes/agent.yaml")));

        assertThat(objects.agent()
                        .getSpec()
                        .probes()
                        .startup()
                        .tcpSocket()
                        .port()
                        .getStrVal())
                .isEqualTo("web");
        assertThat(objects.agent().getSpec().probes().readiness().httpGet().path())
                .isEqualTo("/ready");
        assertThat(objects.agent().getSpec().probes().liveness().exec().command())
                .hasSize(3);
    }

    @Test
    void missesPullSecretsAndTheirKey() throws InvalidManifestException {
        String agent = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: a}
                spec: {isolation: {className: container}, image: agent, imagePullSecrets: [{name: registry}]}
                """;

        assertThat(read(agent).sources().missing())
                .hasValue("spec.imagePullSecrets[0]: there is no Secret registry in namespace team");
        assertThat(read(agent + "---\n{apiVersion: v1, kind: Secret, metadata: {name: registry}, stringData: {a: b}}")
                        .sources()
                        .missing())
                .hasValue("spec.imagePullSecrets[0]: Secret registry has no key .dockerconfigjson");
    }

    /** Else the cases above would fail for another reason. */
    @Test
    void takesWhatIsGood() throws InvalidManifestException {
        RunObjects objects = read(GOOD + "---\n" + good("EgressPolicy"));

        assertThat(objects.egressPolicies()).singleElement().satisfies(policy -> {
            assertThat(policy.getMetadata().getNamespace()).isEqualTo("team");
            assertThat(policy.getSpec().agentSelector().getMatchLabels()).containsEntry("app", "a");
            assertThat(policy.getSpec().egress().getFirst().ports().getFirst().protocol())
                    .as("the schema's default")
                    .isEqualTo(Protocol.TCP);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Team", "team_a", "-a", "a-", "a.b", "a/../b", "a\nb", "a\n"})
    void refusesANamespaceThatIsNoLabel(String namespace) throws InvalidManifestException {
        ManifestReader reader = new ManifestReader(namespace);
        reader.read("file", GOOD);

        assertThatThrownBy(reader::objects)
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("(-n): is '" + namespace + "', but must be a DNS label: at most 63");
    }

    @Test
    void refusesANamespaceThatIsTooLong() throws InvalidManifestException {
        ManifestReader longest = new ManifestReader("a".repeat(63));
        longest.read("file", GOOD);
        assertThat(longest.objects().agent().getMetadata().getNamespace()).hasSize(63);

        ManifestReader longer = new ManifestReader("a".repeat(64));
        longer.read("file", GOOD);
        assertThatThrownBy(longer::objects).hasMessageContaining("must be a DNS label");
    }

    /** A JSON merge patch (RFC 7396). */
    private static void merge(ObjectNode target, JsonNode patch) {
        for (Map.Entry<String, JsonNode> field : patch.properties()) {
            if (field.getValue().isNull()) {
                target.remove(field.getKey());
            } else if (field.getValue().isObject()) {
                if (!target.path(field.getKey()).isObject()) {
                    target.putObject(field.getKey());
                }
                merge((ObjectNode) target.get(field.getKey()), field.getValue());
            } else {
                target.set(field.getKey(), field.getValue());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"agentcontainers., 20", "egresspolicies., 8"})
    void knowsEveryRuleOfTheSchema(String name, int atLeast) {
        String definition = ApiManifests.customResourceDefinitions().stream()
                .filter(manifest -> manifest.name().startsWith(name))
                .findFirst()
                .orElseThrow()
                .yaml();
        List<JsonNode> rules = Yaml.read(definition).getFirst().findValues("x-kubernetes-validations");

        assertThat(rules).hasSizeGreaterThan(atLeast);
        rules.forEach(list ->
                list.forEach(rule -> ValidationRules.named(rule.get("rule").asText())));
    }

    @Test
    void refusesAliasesThatMakeMoreThanAMemoryHolds() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
        for (int i = 1; i <= 16; i++) {
            bomb.append("a%1$d: &a%1$d [*a%2$d, *a%2$d, *a%2$d]\n".formatted(i, i - 1));
        }
        for (String text : List.of(bomb.toString(), "a: &a [*a]")) {
            assertThatThrownBy(() -> read(text))
                    .isInstanceOf(InvalidManifestException.class)
                    .hasMessageContaining("a document of more than 100000 values");
        }
    }

    @Test
    void fillsInTheDefaultsOfTheSchema() throws InvalidManifestException {
        RunObjects objects = read(GOOD.replace("command:", """
                filesystem: {mounts: [{path: /w, source: {workspace: {}}}]},
                  resources: {limits: {memory: 64Mi}}, network: null, command:"""));

        assertThat(objects.agent().getMetadata().getNamespace()).isEqualTo("team");
        assertThat(objects.agent().getSpec().resources().limits().pids()).isEqualTo(512);
        assertThat(objects.agent().getSpec().filesystem().mounts().getFirst().access())
                .isEqualTo(MountAccess.ReadOnly);
        assertThat(objects.agent().getSpec().network()).isNull();
    }

    @Test
    void takesTheObjectsThatAnAgentRefersTo() throws InvalidManifestException {
        RunObjects objects = read(GOOD.replace("command:", """
                env: [{name: T, valueFrom: {secretKeyRef: {name: s, key: t}}}],
                  filesystem: {mounts: [{path: /c, source: {configMap: {name: c}}}]}, command:""") + """
                ---
                apiVersion: v1
                kind: List
                items:
                - {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {t: hush}}
                - {apiVersion: v1, kind: Namespace, metadata: {name: team}}
                ---
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: team}, data: {a: b}}
                ---
                # nothing
                ---
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {}, egress: [{}]}}
                """);

        assertThat(objects.sources().missing()).isEmpty();
        assertThat(objects.sources().byCopyName()).hasSize(2);
        assertThat(objects.secrets().getFirst().getData())
                .containsEntry("t", Base64.getEncoder().encodeToString("hush".getBytes(StandardCharsets.UTF_8)));
        assertThat(objects.networkPolicies()).hasSize(1);
    }

    @Test
    void namesTheFieldOfAReferenceWithoutObject() throws InvalidManifestException {
        RunObjects objects = read(
                GOOD.replace("command:", "env: [{name: T, valueFrom: {secretKeyRef: {name: s, key: t}}}], command:"));

        assertThat(objects.sources().missing())
                .contains("spec.env[0].valueFrom.secretKeyRef: there is no Secret s in namespace team");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}                                     | can't be part of a standalone run
            {apiVersion: agentcontainers.dev/v1, kind: AgentContainer, metadata: {name: d}}                  | can't be part of a standalone run
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, dta: {}}                                  | dta: unknown field
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: 1}}                             | data.a: must be of type string, but is of type integer
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a/b: x}}                           | keys must be
            {apiVersion: v1, kind: ConfigMap, data: {a: x}}                                                  | metadata.name: Required value
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, lables: {}}}                               | metadata.lables: unknown field
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a: b c}}}                         | metadata.labels.a: Invalid value
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {-a: b}}}                          | metadata.labels: keys must be
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {egress: [{to: [{podSelector: {matchLabels: [a]}}]}]}} | spec.egress[0].to[0].podSelector.matchLabels: must be of type object, but is of type array
            {apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: hush!}}                            | data.a: must be base64
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}}                     | spec: Required value
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {egres: []}}  | spec.egres: unknown field
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {egress: [{to: [{ipBlock: {cidr: 10.0.0.1}}]}]}} | spec.egress[0].to[0].ipBlock.cidr: must be a CIDR
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {egress: [{ports: [{port: 0}]}]}} | spec.egress[0].ports[0]: port must be 1 to 65535
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {egress: [{to: [{}]}]}} | spec.egress[0].to[0]: set ipBlock
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, metadata: {name: d}}                      | found duplicate key metadata
            [1, 2]                                                                                           | is not an object
            'a: b: c'                                                                                        | is not YAML
            """)
    void refusesOtherObjectsNamingWhatIsWrong(String yaml, String says) {
        assertThatThrownBy(() -> new ManifestReader("team").read("file", yaml))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("file")
                .hasMessageContaining(says);
    }

    @Test
    void refusesTwoOfOneNameAndTwoAgents() {
        assertThatThrownBy(() -> read(GOOD + "---\n" + GOOD))
                .hasMessageContaining("AgentContainer team/wrong is there twice, before in file");
        assertThatThrownBy(() -> read(GOOD + "---\n" + GOOD.replace("wrong", "other")))
                .hasMessageContaining("hold 2 AgentContainers (wrong, other)");
        assertThatThrownBy(() -> read("")).hasMessageContaining("hold no AgentContainer");
    }

    private static RunObjects read(String yaml) throws InvalidManifestException {
        ManifestReader reader = new ManifestReader("team");
        reader.read("file", yaml);
        return reader.objects();
    }
}
