package dev.agentcontainers.nodeagent.standalone.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.local.ClientMessage;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunRequestTest {
    private static final String AGENT = """
            {apiVersion: agentcontainers.dev/v1alpha1, kind: AgentContainer, metadata: {name: a%s},
             spec: {isolation: {className: process}, command: [x]}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c%s}, data: {a: b}}
            """;

    @Test
    void takesTheNamespacesOfUsers() throws Exception {
        assertThat(objects("team-a", "", "").agent().getMetadata().getNamespace())
                .isEqualTo("team-a");
        assertThat(objects("default", ", namespace: kubernetes-fans", "")
                        .agent()
                        .getMetadata()
                        .getNamespace())
                .isEqualTo("kubernetes-fans");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Team_A             | (-n): is 'Team_A', but must be a DNS label
            ../etc             | (-n): is '../etc', but must be a DNS label
            ''                 | (-n): is '', but must be a DNS label
            kube-system        | (-n): is 'kube-system', but namespaces that begin with kube- are the system's
            agentnode-worker-1 | (-n): is 'agentnode-worker-1', but namespaces that begin with agentnode-
            agentcontainers-system | (-n): is 'agentcontainers-system', but namespaces that begin with agentcontainers-
            """)
    void refusesANamespaceThatNoUserHas(String namespace, String says) {
        assertThatThrownBy(() -> objects(namespace, "", ""))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining(says);
        // Also where no object is in it.
        assertThatThrownBy(() -> objects(namespace, ", namespace: team", ", namespace: team"))
                .hasMessageContaining(says);
    }

    @Test
    void refusesSuchNamespacesInManifests() {
        assertThatThrownBy(() -> objects("team", ", namespace: kube-public", ""))
                .hasMessageContaining("AgentContainer a: metadata.namespace: is 'kube-public'");
        assertThatThrownBy(() -> objects("team", "", ", namespace: agentnode-b"))
                .hasMessageContaining("ConfigMap c: metadata.namespace: is 'agentnode-b'");
        String policy = """

                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: p, namespace: kube-system}
                spec: {agentSelector: {}}
                """;
        assertThatThrownBy(() -> RunRequest.objects(new ClientMessage.Run(
                        "team", List.of(new ClientMessage.Manifest("agent.yaml", AGENT.formatted("", "") + policy)))))
                .hasMessageContaining("EgressPolicy p: metadata.namespace: is 'kube-system'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"run\"}", "{\"type\":\"run\",\"namespace\":\"a\"}"})
    void refusesWhatIsIncomplete(String json) throws Exception {
        ClientMessage.Run request = (ClientMessage.Run) Json.parse(json, ClientMessage.class);

        assertThatThrownBy(() -> RunRequest.objects(request)).hasMessageContaining("the request: has no ");
    }

    private static RunObjects objects(String namespace, String ofAgent, String ofMap) throws InvalidManifestException {
        return RunRequest.objects(new ClientMessage.Run(
                namespace, List.of(new ClientMessage.Manifest("agent.yaml", AGENT.formatted(ofAgent, ofMap)))));
    }
}
