package dev.agentcontainers.cli.egress.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.cli.egress.CommandAnswer;
import dev.agentcontainers.cli.record.WrittenRecord;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.protocol.names.NameVerdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulateCommandTest {
    private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        Files.createDirectories(folder.resolve("now"));
        Files.writeString(folder.resolve("now/objects.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: researcher, namespace: team-a, labels: {app: researcher}}
                spec: {command: ["true"]}
                status: {addresses: [100.80.4.2]}
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: writer, namespace: team-a, labels: {app: researcher}}
                spec: {command: ["true"]}
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: store, namespace: team-b, labels: {app: store}}
                spec:
                  command: ["true"]
                  ports: [{name: files, containerPort: 9000}]
                status: {addresses: [100.80.4.3]}
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites, namespace: team-a}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: site
                    to: [{domain: www.example.org}, {domain: "*.example.net"}]
                    ports: [{port: 443}]
                  - name: data
                    to: [{ipBlock: {cidr: 10.20.0.0/16}}]
                    ports: [{port: 8080}, {port: 5432}]
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: to-store, namespace: team-a}
                spec:
                  podSelector: {matchLabels: {app: researcher}}
                  policyTypes: [Egress]
                  egress:
                  - to: [{namespaceSelector: {}}]
                    ports: [{port: files}]
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: store, namespace: team-b}
                spec:
                  podSelector: {}
                  policyTypes: [Ingress]
                  ingress:
                  - from: [{namespaceSelector: {}}]
                """);
        try (WrittenRecord record = WrittenRecord.in(folder.resolve("audit"), AT)) {
            record.asked("team-a/researcher", "www.example.org", NameVerdict.RESOLVED, "192.0.2.10")
                    .connected("team-a/researcher", "192.0.2.10", 443, "www.example.org")
                    .connected("team-a/researcher", "192.0.2.10", 443, "www.example.org")
                    .connected("team-a/researcher", "10.20.0.7", 8080, "")
                    .denied("team-a/researcher", Barrier.EGRESS, "10.30.0.7", 8080, "")
                    .denied("team-a/researcher", Barrier.CLOSED, "169.254.169.254", 80, "")
                    .asked("team-a/researcher", "api.example.com", NameVerdict.DENIED)
                    .connectedTo("team-a/researcher", "team-b/store", "100.80.4.3", 9000)
                    .connected("team-a/gone", "10.20.0.7", 8080, "");
        }
    }

    private CommandAnswer simulate(String... arguments) {
        List<String> all = new ArrayList<>(List.of(
                "--offline",
                folder.resolve("now").toString(),
                "-n",
                "team-a",
                "--records",
                folder.resolve("audit").toString()));
        all.addAll(List.of(arguments));
        return CommandAnswer.of(new SimulateCommand(), all.toArray(String[]::new));
    }

    private String file(String name, String yaml) throws IOException {
        return Files.writeString(folder.resolve(name), yaml).toString();
    }

    private String sites() throws IOException {
        return file("sites.yaml", """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: site
                    to: [{domain: www.example.org}]
                    ports: [{port: 443}]
                    tls: {}
                  - name: api
                    to: [{domain: api.example.com}]
                    ports: [{port: 443}]
                  - name: data
                    to: [{ipBlock: {cidr: 10.30.0.0/16}}]
                    ports: [{port: 8080}]
                """);
    }

    private String notes() {
        return """
                note      13 events were read from %s
                note      not judged: flows that were stopped by what no policy decides (node addresses, metadata services, broken packets): 1
                note      not judged: flows that have an agent at an end that is not there, or an address that is none: 1
                """.formatted(folder.resolve("audit"));
    }

    @Test
    void whatAChangeOpensAndClosesAndWhichRecordedFlowsItIsAbout() throws IOException {
        assertThat(simulate("-f", sites())).isEqualTo(new CommandAnswer(1, """
                agents    team-a/researcher, team-a/writer
                          opens   egress   10.30.0.0/16  TCP 8080
                          opens   egress   api.example.com  TCP 443
                          closes  egress   10.20.0.0/16  TCP 5432, TCP 8080
                          closes  egress   *.example.net  TCP 443
                          narrows egress   www.example.org  TCP 443, to TLS
                flow      team-a/researcher → 10.20.0.7 port 8080/TCP: allowed, would be denied
                          recorded: 1, last at 2026-01-02T03:04:11Z
                          now:  EgressPolicy/sites spec.egress[data], tier NetworkPolicy
                          then: 10.20.0.7:8080/TCP is denied: none of EgressPolicy/sites, NetworkPolicy/to-store allows it
                flow      team-a/researcher → 192.0.2.10 (www.example.org) port 443/TCP: allowed, would be allowed only as TLS for www.example.org
                          recorded: 2, last at 2026-01-02T03:04:09Z
                          now:  EgressPolicy/sites spec.egress[site], tier NetworkPolicy
                          then: EgressPolicy/sites spec.egress[site], tier NetworkPolicy only as TLS for www.example.org
                flow      team-a/researcher → 10.30.0.7 port 8080/TCP: denied, would be allowed
                          recorded: 1, last at 2026-01-02T03:04:13Z
                          now:  10.30.0.7:8080/TCP is denied: none of EgressPolicy/sites, NetworkPolicy/to-store allows it
                          then: EgressPolicy/sites spec.egress[data], tier NetworkPolicy
                name      team-a/researcher asks for api.example.com: denied, would be allowed
                          recorded: 1, last at 2026-01-02T03:04:15Z
                          now:  no rule of the agent's policies allows the name
                          then: EgressPolicy/sites spec.egress[api], tier NetworkPolicy
                changes   2 of 3 agents; 4 of 6 recorded flows and names, of which 1 would be denied
                """ + notes(), ""));
    }

    /** What is opened is more than a request. */
    @Test
    void webSocketsAreTold() throws IOException {
        String policy = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: streams}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: stream
                    to: [{domain: stream.example.com}]
                    ports: [{port: 443}]
                    tls: {}
                    http: [{methods: [GET], paths: [/v1/stream], webSocket: true}]
                """;
        assertThat(simulate("-f", file("streams.yaml", policy)).text())
                .contains("stream.example.com  TCP 443  GET /v1/stream  also WebSockets  inside TLS\n");
        assertThat(simulate("-f", file("streams.yaml", policy.replace(", webSocket: true", "")))
                        .text())
                .contains("stream.example.com  TCP 443  GET /v1/stream  inside TLS\n");
    }

    @Test
    void aPolicyThatIsDeletedIsMissed() {
        CommandAnswer answer = simulate("--without", "egp/sites");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text())
                .contains("closes  egress   *.example.net, www.example.org  TCP 443\n")
                .contains("flow      team-a/researcher → 10.20.0.7 port 8080/TCP: allowed, would be denied")
                .contains("name      team-a/researcher asks for www.example.org: allowed, would be denied")
                .contains("3 would be denied");
    }

    @Test
    void theOtherEndCounts() throws IOException {
        CommandAnswer answer = simulate("--without", "netpol/team-b/store");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text())
                .contains(
                        "agent     team-b/store\n          closes  ingress  100.80.4.2/31  all TCP, all UDP, all SCTP\n")
                .contains(
                        "flow      team-a/researcher → 100.80.4.3 (AgentContainer team-b/store) port 9000/TCP: allowed, would be denied")
                .contains(
                        "now:  NetworkPolicy/to-store spec.egress[0], tier NetworkPolicy; NetworkPolicy/store spec.ingress[0], tier NetworkPolicy");

        // Labels decide as well: of agents, and of namespaces.
        assertThat(simulate("-f", file("agent.yaml", """
                                apiVersion: agentcontainers.dev/v1alpha1
                                kind: AgentContainer
                                metadata: {name: researcher, namespace: team-a, labels: {app: other}}
                                spec:
                                  isolation: {className: process}
                                  command: ["true"]
                                  resources: {limits: {cpu: 100m, memory: 64Mi}}
                                """)).text())
                .contains("agent     team-a/researcher\n          closes  egress   ");
        assertThat(simulate("-f", file("policy.yaml", """
                                apiVersion: networking.k8s.io/v1
                                kind: NetworkPolicy
                                metadata: {name: store, namespace: team-b}
                                spec:
                                  podSelector: {}
                                  policyTypes: [Ingress]
                                  ingress:
                                  - from: [{namespaceSelector: {matchLabels: {team: a}}}]
                                """)).exitCode()).isEqualTo(1);
        assertThat(simulate("-f", folder.resolve("policy.yaml").toString(), "-f", file("namespace.yaml", """
                                        apiVersion: v1
                                        kind: Namespace
                                        metadata: {name: team-a, labels: {team: a}}
                                        """))
                        .text())
                .contains("0 of 6 recorded flows");
    }

    @Test
    void whatChangesNothingIsZero() throws IOException {
        CommandAnswer same = simulate("-f", file("same.yaml", """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: nobody, namespace: team-a}
                spec: {podSelector: {matchLabels: {app: nobody}}, policyTypes: [Egress], egress: [{}]}
                """));
        assertThat(same).isEqualTo(new CommandAnswer(0, """
                no change 0 of 3 agents; 0 of 6 recorded flows and names, of which 0 would be denied
                """ + notes(), ""));
    }

    @Test
    void agentsComeAndGo() throws IOException {
        CommandAnswer answer = simulate("--without", "ac/writer", "-f", file("new.yaml", """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: reader, namespace: team-a, labels: {app: researcher}}
                spec:
                  isolation: {className: process}
                  command: ["true"]
                  resources: {limits: {cpu: 100m, memory: 64Mi}}
                """));
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text())
                .contains("new       team-a/reader\n          opens   egress   ")
                .contains("gone      team-a/writer\n          closes  egress   ");
    }

    @Test
    void programsReadIt() throws IOException {
        JsonNode answer = new ObjectMapper()
                .readTree(simulate("-o", "json", "-f", sites()).text());
        assertThat(answer.path("agents").asInt()).isEqualTo(3);
        assertThat(answer.at("/changedAgents/0/agents/1").asText()).isEqualTo("team-a/writer");
        assertThat(answer.at("/changedAgents/0/difference/opened/egress")).isEqualTo(new ObjectMapper().readTree("""
                [{"cidr": "10.30.0.0/16", "protocol": "TCP", "port": 8080, "endPort": 8080}]
                """));
        assertThat(answer.at("/changedAgents/0/difference/narrowed/0/domain").asText())
                .isEqualTo("www.example.org");
        assertThat(answer.at("/changedAgents/0/difference/opened").has("ingress"))
                .isFalse();
        JsonNode denied = answer.at("/changedRecords/0");
        assertThat(denied.path("after").asText()).isEqualTo("denied");
        assertThat(denied.path("recorded").asInt()).isEqualTo(1);
        assertThat(denied.path("beforeWhy").asText())
                .isEqualTo("EgressPolicy/sites spec.egress[data], tier NetworkPolicy");
        assertThat(answer.path("change").asBoolean()).isTrue();
    }

    @Test
    void whatTheCompilerLeavesOutIsDenied() throws IOException {
        // Public addresses are closed at the port by an administrator, so no name opens any there.
        CommandAnswer answer = simulate("-f", file("admin.yaml", """
                apiVersion: policy.networking.k8s.io/v1alpha2
                kind: ClusterNetworkPolicy
                metadata: {name: admin}
                spec:
                  tier: Admin
                  priority: 1
                  subject: {namespaces: {}}
                  egress:
                  - action: Deny
                    to: [{networks: [198.51.100.0/24]}]
                """));
        assertThat(answer.text())
                .contains(
                        "flow      team-a/researcher → 192.0.2.10 (www.example.org) port 443/TCP: allowed, would be denied")
                .contains(
                        "rules allow it, but nodes are not told so: EgressPolicy/sites spec.egress[site]: a rule before it closes public addresses")
                .contains("problem EgressPolicy/sites spec.egress[site]: a rule before it closes public addresses");
    }

    @Test
    void wrongQuestionsAreTwo() throws IOException {
        assertThat(simulate())
                .isEqualTo(
                        new CommandAnswer(
                                2,
                                "",
                                "egress simulate: say what would change, by -f FILE for what would be applied or --without KIND/[NAMESPACE/]NAME for what would be deleted"));
        assertThat(simulate("--without", "egp/nothing"))
                .isEqualTo(new CommandAnswer(
                        2, "", "--without: there is no EgressPolicy team-a/nothing; there are: team-a/sites"));
        for (String wrong : List.of("egp", "egp/", "service/x", "cnp/team-a/x", "egp/a/b/c", "sites")) {
            assertThat(simulate("--without", wrong).errors()).startsWith("--without " + wrong + ": write KIND/NAME");
        }
        assertThat(simulate("-f", "-", "--records", "-").errors()).contains("there is only one");
        assertThat(simulate("-f", sites(), "--records", "/nowhere"))
                .isEqualTo(new CommandAnswer(2, "", "--records /nowhere: there is no such file"));
        assertThat(simulate("-f", file("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"))
                        .errors())
                .contains("holds nothing that policies are judged by");
        assertThat(simulate("-f", sites(), "--since", "yesterday").exitCode()).isEqualTo(2);
        // What the API server would refuse.
        CommandAnswer refused = simulate("-f", file("refused.yaml", """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites, namespace: team-a}
                spec:
                  agentSelectr: {}
                  egress: []
                """));
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.errors())
                .contains("refused.yaml: EgressPolicy sites")
                .contains("agentSelectr");
    }

    @Test
    void onlyYoungRecordsCountWhereAsked() throws IOException {
        assertThat(simulate("-f", sites(), "--since", "1h").text()).contains("0 of 0 recorded flows and names");
    }
}
