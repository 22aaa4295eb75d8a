package dev.agentcontainers.cli.egress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ExplainCommandTest {
    @TempDir
    private Path folder;

    private record Answer(int exitCode, String text) {}

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("agents.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: researcher, namespace: team-a, labels: {app: researcher}}
                spec:
                  command: ["true"]
                  network:
                    egress:
                    - name: data
                      to: [{ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}}]
                      ports: [{protocol: TCP, port: 8080}]
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: store, namespace: team-b, labels: {app: store}}
                spec:
                  command: ["true"]
                  ports: [{name: files, containerPort: 9000}]
                status: {addresses: [100.80.0.7]}
                ---
                # Passed over.
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: other}
                """);
        Files.writeString(folder.resolve("policies.yaml"), """
                apiVersion: v1
                kind: List
                items:
                - apiVersion: networking.k8s.io/v1
                  kind: NetworkPolicy
                  metadata: {name: to-store, namespace: team-a}
                  spec:
                    podSelector: {matchLabels: {app: researcher}}
                    policyTypes: [Egress]
                    egress:
                    - to: [{namespaceSelector: {matchLabels: {team: b}}}]
                      ports: [{port: files}]
                - apiVersion: v1
                  kind: Namespace
                  metadata: {name: team-b, labels: {team: b}}
                """);
    }

    private Answer explain(String... arguments) {
        StringWriter out = new StringWriter();
        List<String> all = new ArrayList<>(List.of("-f", folder.toString(), "-n", "team-a"));
        all.addAll(List.of(arguments));
        int code = new CommandLine(new ExplainCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out))
                .setExecutionExceptionHandler((exception, _, _) -> {
                    if (exception instanceof UserException user) {
                        out.write(String.valueOf(user.getMessage()));
                        return user.exitCode();
                    }
                    throw exception;
                })
                .execute(all.toArray(String[]::new));
        return new Answer(code, out.toString());
    }

    @Test
    void whatIsAllowedNamesTheRule() {
        assertThat(explain("researcher", "10.20.0.7:8080")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → 10.20.0.7 port 8080/TCP
                egress    allowed in tier NetworkPolicy by inline/data spec.network.egress[data]
                ingress   10.20.0.7 is no agent and no Pod
                """));
    }

    @Test
    void whatIsDeniedSaysWhyAndWhatWouldAllowIt() {
        Answer answer = explain("researcher", "10.20.9.7:8080");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text())
                .startsWith("denied    team-a/researcher → 10.20.9.7 port 8080/TCP\n")
                .contains("inline/data spec.network.egress[data] allows the port, but not the address")
                .contains("add to spec.network.egress: {name: NAME, to: [{ipBlock: {cidr: 10.20.9.7/32}}]");
    }

    @Test
    void bothEndsOfAFlowBetweenAgentsAreJudged() throws IOException {
        Answer denied = explain("researcher", "ac/team-b/store:9000");
        assertThat(denied.exitCode()).isEqualTo(1);
        assertThat(denied.text())
                .contains("egress    allowed in tier NetworkPolicy by NetworkPolicy/to-store spec.egress[0]")
                .contains("no NetworkPolicy with policyType Ingress selects AgentContainer team-b/store");

        Files.writeString(folder.resolve("store.json"), """
                {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                 "metadata": {"name": "store", "namespace": "team-b"},
                 "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}}
                """);
        assertThat(explain("researcher", "ac/team-b/store:9000").exitCode()).isZero();
        // By its address it is the same agent.
        assertThat(explain("researcher", "100.80.0.7:9000").exitCode()).isZero();
        assertThat(explain("researcher", "100.80.0.7:9001").exitCode()).isEqualTo(1);
    }

    /** Other products have kinds of the same name, which mean something else. */
    @Test
    void policiesOfOtherGroupsAreNotJudgedBy() throws IOException {
        Files.writeString(folder.resolve("other.yaml"), """
                apiVersion: crd.projectcalico.org/v1
                kind: NetworkPolicy
                metadata: {name: anywhere, namespace: team-a}
                spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}
                """);

        assertThat(explain("researcher", "10.30.0.7:8080").exitCode()).isEqualTo(1);
    }

    @Test
    void anAddressOfANodeIsTheNodesWhoeverClaimsIt() throws IOException {
        Files.writeString(folder.resolve("node.yaml"), """
                apiVersion: v1
                kind: Node
                metadata: {name: worker}
                status: {addresses: [{type: InternalIP, address: 10.20.0.7}]}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: liar, namespace: team-a}
                spec: {containers: [{name: c, image: i}]}
                status: {podIPs: [{ip: 10.20.0.7}]}
                """);

        Answer answer = explain("researcher", "10.20.0.7:8080");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text()).contains("it goes to Node worker");
    }

    @Test
    void aDeniedNameIsAllowedByAnInlineRule() {
        assertThat(explain("researcher", "www.example.org").text())
                .contains("add to spec.network.egress: {name: NAME, to: [{domain: www.example.org}]");
    }

    @Test
    void egressPoliciesCountForThoseWhomTheySelect() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: site
                    to: [{domain: www.example.org}]
                    ports: [{port: 443}]
                """);

        assertThat(explain("researcher", "www.example.org")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → www.example.org port 443/TCP
                egress    allowed in tier NetworkPolicy by EgressPolicy/sites spec.egress[site]
                ingress   www.example.org is no agent and no Pod
                proxy     169.254.1.1:3128 serves nothing of it (not-served): it is reached directly (NO_PROXY)
                """));
        Answer denied = explain("researcher", "www.example.net");
        assertThat(denied.exitCode()).isEqualTo(1);
        assertThat(denied.text())
                .contains("EgressPolicy/sites spec.egress[site] allows the port, but not the address")
                .contains("add to spec.network.egress: {name: NAME, to: [{domain: www.example.net}]");
    }

    @Test
    void rulesWithTlsSayAsWhat() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: site
                    to: [{domain: "*.example.org"}]
                    ports: [{port: 443}]
                    tls: {}
                """);

        assertThat(explain("researcher", "www.example.org")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → www.example.org port 443/TCP
                egress    allowed in tier NetworkPolicy by EgressPolicy/sites spec.egress[site], only as TLS for www.example.org
                ingress   www.example.org is no agent and no Pod
                proxy     169.254.1.1:3128 serves it too: CONNECT, then TLS for that name
                """));
        assertThat(explain("researcher", "www.example.org:443/UDP").exitCode()).isEqualTo(1);
    }

    @Test
    void rulesWithBudgetsSayHowMuch() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: site
                    to: [{domain: "*.example.org"}]
                    ports: [{port: 443}]
                    budget: {bytes: 500Mi, rate: 10Mi}
                """);

        assertThat(explain("researcher", "www.example.org")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → www.example.org port 443/TCP
                egress    allowed in tier NetworkPolicy by EgressPolicy/sites spec.egress[site], within its budget of 500Mi at 10Mi per second
                ingress   www.example.org is no agent and no Pod
                proxy     169.254.1.1:3128 serves nothing of it (not-served): it is reached directly (NO_PROXY)
                """));
    }

    @Test
    void rulesThatLookHaveTheirBudgetsToo() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: unread
                    to: [{domain: www.example.org}]
                    ports: [{port: 443}]
                    tls: {}
                    budget: {bytes: 500Mi}
                  - name: read
                    to: [{domain: "*.example.org"}]
                    ports: [{port: 443}]
                    tls: {}
                    http: [{methods: [POST], paths: [/v1]}]
                    budget: {bytes: 100Mi}
                """);

        assertThat(explain("researcher", "www.example.org").text())
                .contains(
                        "only as TLS for www.example.org within its budget of 500Mi, or as HTTPS: POST /v1 within a budget of 100Mi",
                        "serves it too: CONNECT");
        assertThat(explain("researcher", "api.example.org").text())
                .contains("only as HTTPS: POST /v1 within a budget of 100Mi");
    }

    /** As on nodes a rule that does not look at what passes comes first, whichever of the names are wildcards. */
    @Test
    void theProxyServesOnlyWhatRulesLookAt() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: looking
                    to: [{domain: "*.example.org"}]
                    ports: [{port: 443}]
                    tls: {}
                  - name: charged
                    to: [{domain: charged.example.org}]
                    ports: [{port: 443}]
                    budget: {bytes: 500Mi}
                  - name: plain
                    to: [{domain: "*.plain.example.org"}]
                    ports: [{port: 443}]
                """);

        String direct = "proxy     169.254.1.1:3128 serves nothing of it (not-served)";
        assertThat(explain("researcher", "www.example.org").text())
                .contains("proxy     169.254.1.1:3128 serves it too: CONNECT");
        assertThat(explain("researcher", "charged.example.org").text()).contains(direct);
        assertThat(explain("researcher", "a.plain.example.org").text()).contains(direct);
        assertThat(explain("researcher", "www.example.org:80").text())
                .as("what is denied nobody serves")
                .doesNotContain("proxy  ");
        assertThat(explain("researcher", "169.254.1.1:3128").text()).contains("this is the node's proxy");
    }

    @Test
    void rulesWithHttpJudgeRequests() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: api
                    to: [{domain: "*.example.org"}]
                    ports: [{port: 80}]
                    http: [{methods: [GET], paths: [/v1/*]}]
                """);

        assertThat(explain("researcher", "api.example.org:80")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → api.example.org port 80/TCP
                egress    allowed in tier NetworkPolicy by EgressPolicy/sites spec.egress[api], only as HTTP: GET /v1/*
                ingress   api.example.org is no agent and no Pod
                proxy     169.254.1.1:3128 serves it too: requests for whole addresses (http://), without CONNECT
                """));
        assertThat(explain("researcher", "http://api.example.org/v1/%69tems?q=1"))
                .isEqualTo(new Answer(0, """
                allowed   team-a/researcher → GET /v1/items of api.example.org at api.example.org port 80/TCP
                egress    allowed in tier NetworkPolicy by EgressPolicy/sites spec.egress[api]
                ingress   api.example.org is no agent and no Pod
                proxy     169.254.1.1:3128 serves it too
                """));
        Answer denied = explain("-X", "POST", "researcher", "http://api.example.org/v1/items");
        assertThat(denied.exitCode()).isEqualTo(1);
        assertThat(denied.text())
                .contains(
                        "EgressPolicy/sites spec.egress[api] allows the address and the port, but only HTTP: GET /v1/*")
                .contains(
                        "To allow it add to spec.egress[api].http of EgressPolicy/sites: {methods: [POST], paths: ['/v1/items']}");
    }

    @Test
    void webSocketsAreAskedForByTheirUrl() throws IOException {
        Files.writeString(folder.resolve("sites.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: sites}
                spec:
                  agentSelector: {matchLabels: {app: researcher}}
                  egress:
                  - name: api
                    to: [{domain: "*.example.org"}]
                    ports: [{port: 443}]
                    tls: {}
                    http: [{methods: [GET], paths: [/v1/*]}, {methods: [GET], paths: [/v1/stream], webSocket: true}]
                """);

        assertThat(explain("researcher", "wss://api.example.org/v1/stream?q=1")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → GET /v1/stream of api.example.org inside TLS for a WebSocket at api.example.org port 443/TCP
                egress    allowed in tier NetworkPolicy by EgressPolicy/sites spec.egress[api]
                ingress   api.example.org is no agent and no Pod
                proxy     169.254.1.1:3128 serves it too: CONNECT, then TLS for that name
                """));
        Answer denied = explain("researcher", "wss://api.example.org/v1/items");
        assertThat(denied.exitCode()).isEqualTo(1);
        assertThat(denied.text())
                .contains("but only HTTPS: GET /v1/*; GET /v1/stream also for WebSockets")
                .contains(
                        "To allow it add to spec.egress[api].http of EgressPolicy/sites: {methods: [GET], paths: ['/v1/items'], webSocket: true}");
        assertThat(explain("researcher", "https://api.example.org/v1/items").exitCode())
                .isZero();
        assertThat(explain("researcher", "ws://api.example.org:443/v1/stream").exitCode())
                .as("without TLS")
                .isEqualTo(1);
    }

    @Test
    void programsReadIt() throws IOException {
        JsonNode answer = new ObjectMapper()
                .readTree(explain("-o", "json", "researcher", "169.254.169.254:80")
                        .text());
        assertThat(answer.path("allowed").asBoolean()).isFalse();
        assertThat(answer.path("egress").path("why").asText()).contains("metadata services");
        assertThat(answer.path("egress").path("remedy").asText()).isEqualTo("No policy can allow it.");
        assertThat(answer.path("ingress").path("allowed").asBoolean()).isTrue();
    }

    @Test
    void wrongQuestionsAreTwo() throws IOException {
        assertThat(explain("nobody", "10.20.0.7"))
                .isEqualTo(new Answer(2, "there is no AgentContainer nobody in namespace team-a"));
        assertThat(explain("researcher", "ac/store").text())
                .isEqualTo(
                        "there is no AgentContainer store in namespace team-a that is known; there are: AgentContainer team-a/researcher");
        assertThat(explain("-f", "/nowhere", "researcher", "10.20.0.7"))
                .isEqualTo(new Answer(2, "-f /nowhere: there is no such file"));
        Files.writeString(folder.resolve("broken.yaml"), "kind: NetworkPolicy\nspec: [\n");
        assertThat(explain("researcher", "10.20.0.7").text())
                .startsWith("-f " + folder.resolve("broken.yaml") + ": is not YAML");
    }
}
