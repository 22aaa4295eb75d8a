package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ManifestReader;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.sandbox.Assignment.EnvironmentEntry;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunPlanTest {
    private static final MachineFacts MACHINE = new MachineFacts(
            OperatingSystem.linux, Architecture.amd64, "6.1", "Debian", 2000, 1L << 30, 1L << 40, 32_768, "boot");

    @Test
    void comesToAnAssignmentAPolicyAndMaterials() throws Exception {
        RunPlan plan = plan("isolation: {minimum: Process}", """
                  env:
                  - {name: T, valueFrom: {secretKeyRef: {name: s, key: t}}}
                  - {name: N, valueFrom: {fieldRef: {fieldPath: status.nodeName}}}
                  filesystem: {mounts: [{path: /c, source: {configMap: {name: c}}}]}
                  resources: {limits: {memory: 64Mi}}
                  network: {egress: [{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]}
                ---
                {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {t: hush}}
                ---
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}, binaryData: {z: /wA=}}
                """);

        assertThat(plan.assignment().driver().name()).isEqualTo("process");
        assertThat(plan.assignment().limits().memoryBytes()).isEqualTo(OptionalLong.of(64 << 20));
        assertThat(plan.assignment().limits().pids()).isEqualTo(OptionalLong.of(512));
        assertThat(plan.assignment().environment()).contains(new EnvironmentEntry.Literal("N", "standalone-0"));
        assertThat(plan.policy().groups()).singleElement().satisfies(group -> {
            assertThat(group.name()).isEqualTo(plan.assignment().policyGroup());
            assertThat(group.egress()).hasSize(1);
        });
        GivenMaterials materials = new GivenMaterials(plan.sources());
        Mount.ConfigMapFiles files =
                (Mount.ConfigMapFiles) plan.assignment().mounts().getFirst();
        assertThat(materials.configMap(files.configMap()).orElseThrow().get("a"))
                .isEqualTo(new byte[] {'b'});
        assertThat(materials.configMap(files.configMap()).orElseThrow().get("z"))
                .isEqualTo(new byte[] {(byte) 0xff, 0});
        EnvironmentEntry.FromSecret secret =
                (EnvironmentEntry.FromSecret) plan.assignment().environment().getFirst();
        assertThat(materials.secret(secret.secret()).orElseThrow().get("t"))
                .isEqualTo("hush".getBytes(StandardCharsets.UTF_8));
        assertThat(materials.secret("s")).isEmpty();
    }

    @Test
    void policiesOfTheManifestsCountWhereTheySelectTheAgent() throws Exception {
        RunPlan plan = plan("isolation: {minimum: Process}", """
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {}
                  egress:
                  - {name: site, to: [{domain: www.example.org}], ports: [{port: 443}]}
                  - {name: lake, to: [{ipBlock: {cidr: 10.40.0.0/16}}], ports: [{port: 8080}]}
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: others}
                spec: {agentSelector: {matchLabels: {app: other}}, egress: [{name: all, to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}
                """);

        assertThat(plan.policy().groups()).singleElement().satisfies(group -> {
            assertThat(group.sources()).containsExactly("EgressPolicy/sites");
            assertThat(group.egress()).containsExactly(new Allow("10.40.0.0/16", Protocol.TCP, 8080, 8080));
            assertThat(group.names()).containsExactly(new AllowedName("www.example.org", Protocol.TCP, 443, 443));
        });
        assertThat(plan.problems()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "minimum: Process, container",
        "minimum: Container, container",
        "minimum: UserspaceKernel, gvisor",
        "minimum: MicroVM, microvm",
        "className: gvisor, gvisor",
        "className: microvm, microvm",
        "className: container, container"
    })
    void anImageHasTheCheapestDriverThatWillDo(String isolation, String driver) throws Exception {
        RunObjects objects = objects("""
                {apiVersion: agentcontainers.dev/v1alpha1, kind: AgentContainer, metadata: {name: a}, spec: {command: [x], image: example.org/a, isolation: {%s}}}
                """.formatted(isolation));

        assertThat(RunPlan.of(objects, MACHINE, "standalone-0")
                        .assignment()
                        .driver()
                        .name())
                .isEqualTo(driver);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            isolation: {className: kata}                                  | spec.isolation.className: there is no IsolationClass kata
            isolation: {className: gvisor}                                | spec.isolation.className: is gvisor, but spec.image is not set
            isolation: {className: container}                             | spec.isolation.className: is container, but spec.image is not set
            isolation: {className: process}, image: example.org/a         | spec.isolation.className: is process, but spec.image is set
            isolation: {minimum: UserspaceKernel}                         | isolates that as strongly as Process
            isolation: {minimum: MicroVM}                                 | spec.isolation.minimum: is MicroVM
            isolation: {className: process}, platform: {os: windows}      | spec.platform.os: is windows, but this machine is linux
            isolation: {className: process}, platform: {arch: arm64}      | spec.platform.arch: is arm64, but this machine is amd64
            isolation: {className: process}, lifecycle: {suspended: true} | spec.lifecycle.suspended: is true, but nobody could resume a standalone run
            isolation: {className: process}, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}] | spec.env[0].valueFrom.secretKeyRef: there is no Secret s
            """)
    void refusesWhatThisMachineCanNotGive(String spec, String says) throws InvalidManifestException {
        RunObjects objects = objects("""
                {apiVersion: agentcontainers.dev/v1alpha1, kind: AgentContainer, metadata: {name: a}, spec: {command: [x], %s}}
                """.formatted(spec));

        assertThatThrownBy(() -> RunPlan.of(objects, MACHINE, "standalone-0"))
                .isInstanceOf(RefusedRunException.class)
                .hasMessageContaining(says);
    }

    private static RunPlan plan(String isolation, String rest) throws Exception {
        return RunPlan.of(objects("""
                        apiVersion: agentcontainers.dev/v1alpha1
                        kind: AgentContainer
                        metadata: {name: a}
                        spec:
                          command: [x]
                          %s
                        %s""".formatted(isolation, rest)), MACHINE, "standalone-0");
    }

    private static RunObjects objects(String yaml) throws InvalidManifestException {
        ManifestReader reader = new ManifestReader("default");
        reader.read("test", yaml);
        return reader.objects();
    }
}
