package dev.agentcontainers.policy.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    @Test
    void anAgentIsWhatItsObjectTells() {
        var agent = Endpoint.Agent.of(agent("""
                status: {phase: Running, addresses: [10.1.0.5, 'fd00:1::5']}
                """));

        assertThat(agent.namespace()).isEqualTo("team-a");
        assertThat(agent.labels()).containsExactly(Map.entry("app", "web"));
        assertThat(agent.addresses()).containsExactly(Cidr.parse("10.1.0.5"), Cidr.parse("fd00:1::5"));
        assertThat(agent.ports())
                .containsExactly(new ServedPort("http", Protocol.TCP, 8080), new ServedPort("dns", Protocol.UDP, 53));
        assertThat(agent.inlineRules()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "status: {phase: Pending}",
                "status: {phase: Succeeded, addresses: [10.1.0.5]}",
                "status: {phase: Failed, addresses: [10.1.0.5]}"
            })
    void anAgentThatIsNotThereHasNoAddress(String status) {
        assertThat(Endpoint.Agent.of(agent(status)).addresses()).isEmpty();
    }

    @Test
    void anAddressThatIsNoneIsRefused() {
        assertThatThrownBy(() -> Endpoint.Agent.of(agent("status: {addresses: [10.1.0.0/16]}")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'10.1.0.0/16' is a range");
    }

    @Test
    void aPodIsWhatItsObjectTells() {
        var pod = Endpoint.Pod.of(pod("""
                spec:
                  initContainers:
                  - {name: once, ports: [{name: once, containerPort: 1}]}
                  - {name: proxy, restartPolicy: Always, ports: [{name: proxy, containerPort: 15001}]}
                  containers:
                  - {name: a, ports: [{name: http, containerPort: 8080}, {containerPort: 9}]}
                  - {name: b, ports: [{name: sig, containerPort: 9003, protocol: SCTP}]}
                status: {phase: Running, podIPs: [{ip: 10.2.0.1}, {ip: 'fd00:2::1'}]}
                """)).orElseThrow();

        assertThat(pod.addresses()).containsExactly(Cidr.parse("10.2.0.1"), Cidr.parse("fd00:2::1"));
        assertThat(pod.ports())
                .containsExactly(
                        new ServedPort("http", Protocol.TCP, 8080),
                        new ServedPort("sig", Protocol.SCTP, 9003),
                        new ServedPort("proxy", Protocol.TCP, 15001));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spec: {hostNetwork: true, containers: []}\nstatus: {phase: Running, podIPs: [{ip: 10.2.0.1}]}",
                "spec: {containers: []}\nstatus: {phase: Succeeded, podIPs: [{ip: 10.2.0.1}]}",
                "spec: {containers: []}\nstatus: {phase: Failed, podIPs: [{ip: 10.2.0.1}]}"
            })
    void aPodWithoutAnAddressOfItsOwnIsNoEndpoint(String pod) {
        assertThat(Endpoint.Pod.of(pod(pod))).isEmpty();
    }

    @Test
    void aNodeHasAddressesOnlyOfItsInterfaces() {
        var node = Endpoint.Node.of(YAML.unmarshal("""
                metadata: {name: n, labels: {os: linux}}
                status: {addresses: [{type: Hostname, address: n}, {type: InternalIP, address: 192.168.1.1},
                                     {type: ExternalIP, address: 203.0.113.1}, {type: ExternalIP, address: 203.0.113.1}]}
                """, io.fabric8.kubernetes.api.model.Node.class));

        assertThat(node.addresses()).containsExactly(Cidr.parse("192.168.1.1"), Cidr.parse("203.0.113.1"));
    }

    @Test
    void anAddressBelongsToOneEndpoint() {
        var one = new Endpoint.Pod("p", "one", Map.of(), List.of(Cidr.parse("10.0.0.1")), List.of());
        var other = new Endpoint.Node("other", Map.of(), List.of(Cidr.parse("10.0.0.1")));

        assertThat(new Endpoints(Map.of(), List.of(one)).identified(Party.at("10.0.0.1")))
                .isEqualTo(Party.of(one));
        assertThat(new Endpoints(Map.of(), List.of(one)).identified(Party.at("10.0.0.2")))
                .isEqualTo(Party.at("10.0.0.2"));
        assertThatThrownBy(() -> new Endpoints(Map.of(), List.of(one, other)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Node other has the address 10.0.0.1, but so has Pod p/one");
    }

    @Test
    void everyNamespaceHasTheLabelOfItsName() {
        var endpoints = new Endpoints(Map.of("p", Map.of("team", "a", "kubernetes.io/metadata.name", "q")), List.of());

        assertThat(endpoints.namespaceLabels("p"))
                .containsOnly(Map.entry("team", "a"), Map.entry("kubernetes.io/metadata.name", "p"));
        assertThat(endpoints.namespaceLabels("other")).containsOnly(Map.entry("kubernetes.io/metadata.name", "other"));
    }

    @Test
    void aPartyIsSomebody() {
        assertThatThrownBy(() -> new Party(null, null, null)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Party(null, Cidr.parse("10.0.0.0/8"), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10.0.0.0/8");
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 10.0.0.1", "2001:DB8:0::1, [2001:db8::1]"})
    void hostsAreWrittenAsInUrls(String address, String host) {
        assertThat(Party.at(address).host()).isEqualTo(host);
    }

    private static AgentContainer agent(String more) {
        return YAML.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: a, namespace: team-a, labels: {app: web}}
                spec:
                  isolation: {className: process}
                  command: [x]
                  ports: [{name: http, containerPort: 8080}, {name: dns, protocol: UDP, containerPort: 53}]
                  network: {egress: [{name: r, to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}
                """ + more, AgentContainer.class);
    }

    private static io.fabric8.kubernetes.api.model.Pod pod(String more) {
        return YAML.unmarshal(
                "metadata: {name: p, namespace: team-a}\n" + more, io.fabric8.kubernetes.api.model.Pod.class);
    }
}
