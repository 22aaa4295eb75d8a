package dev.agentcontainers.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.cli.demo.DemoOutput.Services;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.endpoint.Endpoints;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the demo says of a run, and that it calls nothing a success that was none. The spec is that of the example. */
class DemoOutputTest {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private static final String STATUS = """
            phase: Succeeded
            exitCode: 0
            nodeName: local-1
            isolation: {requested: process, effective: process, strength: Process}
            policy: {group: g, hash: 0123abcd, revision: 1, sources: [inline/knowledge]}
            transitions:
              accepted: "2026-01-01T00:00:00.000000Z"
              scheduled: "2026-01-01T00:00:00.010000Z"
              prepared: "2026-01-01T00:00:00.110000Z"
              fenced: "2026-01-01T00:00:00.130000Z"
              started: "2026-01-01T00:00:00.160000Z"
              finished: "2026-01-01T00:00:10.160000Z"
            """;

    private static final String LOG = """
            a warning of the interpreter
            {"event": "started", "uid": 0}
            {"event": "call", "service": "knowledge", "url": "http://198.51.100.10:8080/knowledge", \
            "result": "answered", "answer": {"service": "know"}, "milliseconds": 3.5}
            {"event": "call", "service": "collector", "url": "http://198.51.100.20:8080/collect", \
            "result": "failed", "error": "timed out", "milliseconds": 5005.1}
            {"event": "finished"}
            """;

    private static final String OPENS = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: opens, namespace: quickstart}
            spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}
            """;

    private static final String OPENS_TOO = """
            apiVersion: agentcontainers.dev/v1alpha1
            kind: EgressPolicy
            metadata: {name: opens, namespace: quickstart}
            spec:
              agentSelector: {}
              egress: [{name: all, to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{protocol: TCP, port: 8080}]}]
            """;

    private static final Services SERVICES = new Services(1, 0, true);

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private static Policies policies(String... manifests) {
        List<NetworkPolicy> networkPolicies = new ArrayList<>();
        List<EgressPolicy> egressPolicies = new ArrayList<>();
        for (String manifest : manifests) {
            if (manifest.contains("kind: EgressPolicy")) {
                egressPolicies.add(YAML.unmarshal(manifest, EgressPolicy.class));
            } else {
                networkPolicies.add(YAML.unmarshal(manifest, NetworkPolicy.class));
            }
        }
        return Policies.of(networkPolicies, egressPolicies, List.of());
    }

    private List<String> print(String status, String log, Services services, String... policies) throws IOException {
        Path manifests = Path.of(System.getProperty("project.root"), "examples/quickstart/agent.yaml");
        String spec = Files.readString(manifests).split("---\n", -1)[1];
        AgentContainer agent = YAML.unmarshal(spec + "status:\n" + status.indent(2), AgentContainer.class);
        return new DemoOutput(new PrintStream(said, true, StandardCharsets.UTF_8), Path.of("/home/kubeconfig"))
                .print(agent, DemoReport.of(log), policies(policies), Endpoints.NONE, services);
    }

    @Test
    void showsWhatHappened() throws IOException {
        assertThat(print(STATUS, LOG, SERVICES)).isEmpty();
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains(
                        "AgentContainer quickstart/researcher: Succeeded, exit code 0",
                        "scheduled to   local-1",
                        "isolated as    process (asked for process, level Process established on the node)",
                        "ruleset 0123abcd from [inline/knowledge]",
                        "accepted → scheduled 10 ms, → prepared 100 ms, → fenced 20 ms, → first instruction 30 ms,"
                                + " → finished 10000 ms",
                        "allowed call   http://198.51.100.10:8080/knowledge (3.5 ms)",
                        "the agent saw  {\"service\":\"know\"}",
                        "denied call   http://198.51.100.20:8080/collect (5005.1 ms)",
                        "the agent saw  timed out",
                        "heard 0 of 1 calls; it answers this machine",
                        "export KUBECONFIG=/home/kubeconfig",
                        "agentctl logs -n quickstart researcher")
                .containsPattern("verdict +allowed by .*knowledge")
                .contains("verdict        198.51.100.20:8080/TCP is denied: none of inline/knowledge allows it");
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                wrong("the agent ended as Failed", STATUS.replace("Succeeded", "Failed"), LOG, SERVICES),
                wrong("the status names no node", STATUS.replace("nodeName: local-1\n", ""), LOG, SERVICES),
                wrong(
                        "the status does not say how the agent was isolated",
                        STATUS.replaceAll("isolation: .*\n", ""),
                        LOG,
                        SERVICES),
                wrong(
                        "the status names no policy that was enforced",
                        STATUS.replaceAll("policy: .*\n", ""),
                        LOG,
                        SERVICES),
                wrong("the status lacks the time of a stage", STATUS.replaceAll("  fenced: .*\n", ""), LOG, SERVICES),
                wrong("the status has no transitions", STATUS.replaceAll("(?s)transitions:.*", ""), LOG, SERVICES),
                wrong(
                        "the agent's log does not end with its event 'finished'",
                        STATUS,
                        LOG.replace("finished", "task"),
                        SERVICES),
                wrong(
                        "the agent's log has no allowed call",
                        STATUS,
                        LOG.replaceAll(".*knowledge.*\n", ""),
                        new Services(0, 0, true)),
                wrong(
                        "a call that is to be allowed was not answered: refused",
                        STATUS,
                        LOG.replace(
                                "\"answered\", \"answer\": {\"service\": \"know\"}",
                                "\"failed\", \"error\": \"refused\""),
                        SERVICES),
                wrong("the agent's log has no denied call", STATUS, LOG.replaceAll(".*collector.*\n", ""), SERVICES),
                wrong(
                        "a call that is to be denied was answered: {}",
                        STATUS,
                        LOG.replace("\"failed\", \"error\": \"timed out\"", "\"answered\", \"answer\": {}"),
                        SERVICES),
                wrong("the allowed service heard 0 of 1 calls", STATUS, LOG, new Services(0, 0, true)),
                wrong("the denied service heard 1 calls", STATUS, LOG, new Services(1, 1, true)),
                wrong(
                        "the denied service does not listen, so its silence shows nothing",
                        STATUS,
                        LOG,
                        new Services(1, 0, false)));
    }

    private static Arguments wrong(String problem, String status, String log, Services services) {
        return Arguments.of(problem, status, log, services);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void findsWhatDidNotHappen(String problem, String status, String log, Services services) throws IOException {
        assertThat(print(status, log, services)).containsExactly(problem);
    }

    @Test
    void findsThatPolicyAllowsWhatIsToBeDenied() throws IOException {
        assertThat(print(STATUS, LOG, SERVICES, OPENS)).containsExactly("policy does not agree with the denied call");
        assertThat(print(STATUS, LOG, SERVICES, OPENS_TOO))
                .containsExactly("policy does not agree with the denied call");
    }
}
