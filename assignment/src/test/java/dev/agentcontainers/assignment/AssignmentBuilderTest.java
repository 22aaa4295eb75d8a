package dev.agentcontainers.assignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationClassSpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.assignment.reference.Reference;
import dev.agentcontainers.assignment.reference.References;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class AssignmentBuilderTest {
    private static final String SPEC = """
            isolation: {className: process}
            command: [run]
            env:
            - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
            - {name: NONE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['none']"}}}
            - {name: NODE, valueFrom: {fieldRef: {fieldPath: status.nodeName}}}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: value}}}
            - {name: MAYBE, valueFrom: {configMapKeyRef: {name: maybe, key: x, optional: true}}}
            ports: [{name: web, containerPort: 8080}]
            probes: {readiness: {httpGet: {port: web}, failureThreshold: 5}}
            resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 64Mi, pids: 10}}
            filesystem:
              mounts:
              - {path: /workspace, access: ReadWrite, source: {workspace: {}}}
              - {path: /opt/code, access: ReadOnly, source: {configMap: {name: code}}}
            """;

    @Test
    void resolvesReferencesAndFillsInDefaults() {
        AgentContainer agent = agent();
        List<Reference> references = References.of(agent);
        assertThat(references)
                .extracting(Reference::field)
                .containsExactly(
                        "spec.env[4].valueFrom.secretKeyRef",
                        "spec.env[5].valueFrom.configMapKeyRef",
                        "spec.filesystem.mounts[1].source.configMap");
        // The optional ConfigMap isn't there.
        Set<Reference> present = Set.of(references.get(0), references.get(2));

        AgentAssignment assignment =
                new AssignmentBuilder(agent, "node-a", present).create("agentnode-a", process(), "group", 7);

        assertThat(assignment.getMetadata().getName()).isEqualTo("uid-1");
        assertThat(assignment.getMetadata().getFinalizers()).containsExactly(Api.FINALIZER);
        assertThat(assignment.getSpec().epoch()).isEqualTo(7);
        assertThat(assignment.getSpec().env())
                .extracting(EnvironmentVariable::name)
                .containsExactly("NAME", "APP", "NONE", "NODE", "TOKEN");
        assertThat(assignment.getSpec().env().subList(0, 4))
                .extracting(EnvironmentVariable::value)
                .containsExactly("a", "a", "", "node-a");
        assertThat(assignment.getSpec().env().get(4).valueFrom().secretKeyRef().name())
                .isEqualTo(references.getFirst().copyName())
                .startsWith("s-");
        assertThat(assignment.getSpec().mounts().get(1).source().configMap().name())
                .startsWith("c-");
        assertThat(assignment.getSpec().resources().requests().cpu()).isEqualTo(new Quantity("50m"));
        assertThat(assignment.getSpec().resources().requests().memory()).isEqualTo(new Quantity("64Mi"));
        assertThat(assignment.getSpec().probes()).isEqualTo(agent.getSpec().probes());
        assertThat(assignment.getSpec().probes().readiness().httpGet().port().getStrVal())
                .isEqualTo("web");
        assertThat(assignment.getSpec().lifecycle().restartPolicy()).isEqualTo(RestartPolicy.Never);
        assertThat(assignment.getSpec().lifecycle().terminationGracePeriodSeconds())
                .isEqualTo(10);
        assertThat(assignment.getSpec().lifecycle().suspended())
                .as("what is not suspended looks as it did before there was such a field")
                .isNull();
    }

    /** A class that is stronger than was asked for may turn out to be as weak as was asked for. */
    @Test
    void theDriverMustBeAsStrongAsTheAgentWasPlacedBy() {
        assertThat(level("{className: strong}")).isEqualTo(IsolationLevel.UserspaceKernel);
        assertThat(level("{minimum: Container}")).isEqualTo(IsolationLevel.Container);
    }

    private static IsolationLevel level(String isolation) {
        IsolationClass strong = new IsolationClass();
        strong.setMetadata(new ObjectMetaBuilder().withName("strong").build());
        strong.setSpec(new IsolationClassSpec("gvisor", IsolationLevel.UserspaceKernel, null));
        return new AssignmentBuilder(agent("{isolation: %s, image: a}".formatted(isolation)), "node-a", Set.of())
                .create("agentnode-a", strong, "group", 7)
                .getSpec()
                .driver()
                .level();
    }

    @Test
    void changesOnlyWhatMayChange() {
        AgentContainer agent = agent();
        AgentAssignment before = new AssignmentBuilder(agent, "node-a", Set.copyOf(References.of(agent)))
                .create("agentnode-a", process(), "group", 7);
        AssignmentBuilder later = new AssignmentBuilder(agent, "node-a", Set.of());
        assertThat(later.update(before.getSpec(), "group")).isEmpty();
        assertThat(later.update(before.getSpec(), "other").orElseThrow().policyGroup())
                .isEqualTo("other");
        agent.getMetadata().setGeneration(2L);
        assertThat(later.update(before.getSpec(), "group").orElseThrow().env())
                .isEqualTo(before.getSpec().env());
    }

    @Test
    void namesCopiesOfPullSecretsAndLeavesOpenWhatTheImageDecides() {
        AgentContainer agent = agent("""
                isolation: {className: container}
                image: registry.example.org/team/agent:1.4
                imagePullPolicy: Always
                imagePullSecrets: [{name: first}, {name: second}]
                """);
        List<Reference> references = References.of(agent);
        assertThat(references)
                .extracting(Reference::kind, Reference::namespace, Reference::name, Reference::field, Reference::key)
                .containsExactly(
                        tuple(Reference.Kind.SECRET, "team", "first", "spec.imagePullSecrets[0]", ".dockerconfigjson"),
                        tuple(
                                Reference.Kind.SECRET,
                                "team",
                                "second",
                                "spec.imagePullSecrets[1]",
                                ".dockerconfigjson"));

        AgentAssignment assignment = new AssignmentBuilder(agent, "node-a", Set.copyOf(references))
                .create("agentnode-a", process(), "group", 7);

        assertThat(assignment.getSpec().image())
                .isEqualTo(new AgentAssignmentSpec.Image(
                        "registry.example.org/team/agent:1.4",
                        ImagePullPolicy.Always,
                        references.stream().map(Reference::copyName).toList()));
        assertThat(assignment.getSpec().command()).isNull();
        assertThat(assignment.getSpec().workingDir()).isNull();
        assertThat(new AssignmentBuilder(agent, "node-a", Set.of()).update(assignment.getSpec(), "group"))
                .isEmpty();
    }

    @Test
    void namesCopiesOfPullSecretsForImagesThatAreMounted() {
        AgentContainer agent = agent("""
                isolation: {className: process}
                command: [run]
                imagePullSecrets: [{name: first}]
                filesystem: {mounts: [{path: /model, source: {image: {reference: registry.example.org/model:3}}}]}
                """);
        List<Reference> references = References.of(agent);

        AgentAssignment assignment = new AssignmentBuilder(agent, "node-a", Set.copyOf(references))
                .create("agentnode-a", process(), "group", 7);

        assertThat(assignment.getSpec().image()).isNull();
        assertThat(assignment.getSpec().mountPullSecrets())
                .containsExactly(references.getFirst().copyName());
        assertThat(assignment.getSpec().mounts().getFirst().source().image())
                .isEqualTo(new Filesystem.ImageSource("registry.example.org/model:3", null));
        assertThat(new AssignmentBuilder(agent, "node-a", Set.of()).update(assignment.getSpec(), "group"))
                .isEmpty();
    }

    @Test
    void anAgentWithoutImageHasNone() {
        AgentContainer agent = agent();

        AgentAssignment assignment = new AssignmentBuilder(agent, "node-a", Set.copyOf(References.of(agent)))
                .create("agentnode-a", process(), "group", 7);

        assertThat(assignment.getSpec().image()).isNull();
        assertThat(assignment.getSpec().command()).containsExactly("run");
    }

    private static AgentContainer agent() {
        return agent(SPEC);
    }

    private static AgentContainer agent(String spec) {
        AgentContainer agent = Serialization.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: a, namespace: team, labels: {app: a}}
                spec:
                %s
                """.formatted(spec.indent(2)), AgentContainer.class);
        agent.getMetadata().setUid("uid-1");
        agent.getMetadata().setGeneration(1L);
        return agent;
    }

    private static IsolationClass process() {
        IsolationClass process = new IsolationClass();
        process.setMetadata(new ObjectMetaBuilder().withName("process").build());
        process.setSpec(new IsolationClassSpec("process", IsolationLevel.Process, null));
        return process;
    }
}
