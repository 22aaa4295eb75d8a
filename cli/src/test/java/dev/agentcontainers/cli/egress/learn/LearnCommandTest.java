package dev.agentcontainers.cli.egress.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.egress.CommandAnswer;
import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.egress.ManifestObjects;
import dev.agentcontainers.cli.record.WrittenRecord;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.policy.Evaluator;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LearnCommandTest {
    private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
    private static final String AGENT = "team-a/researcher";
    private static final int UDP = 17;

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("objects.yaml"), """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: researcher, namespace: team-a, labels: {app: researcher, tier: "1"}}
                spec:
                  command: ["true"]
                  network:
                    egress:
                    - name: all
                      to: [{ipBlock: {cidr: 0.0.0.0/0}}]
                status: {addresses: [100.80.4.2]}
                ---
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: store, namespace: team-b, labels: {app: store}}
                spec: {command: ["true"]}
                status: {addresses: [100.80.4.3]}
                ---
                apiVersion: v1
                kind: Node
                metadata: {name: worker}
                status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}
                """);
    }

    private WrittenRecord written() {
        return WrittenRecord.in(folder.resolve("audit"), AT);
    }

    private CommandAnswer learn(String... arguments) {
        List<String> all = new ArrayList<>(List.of(
                "-f",
                folder.resolve("objects.yaml").toString(),
                "-n",
                "team-a",
                "--records",
                folder.resolve("audit").toString()));
        all.addAll(List.of(arguments));
        all.add("researcher");
        return CommandAnswer.of(new LearnCommand(), all.toArray(String[]::new));
    }

    /** As kubectl would read it, and an API server take it. */
    private static KnownObjects read(String yaml) throws IOException {
        return ManifestObjects.checked("default")
                .add("learned", new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .objects();
    }

    @Test
    void aPolicyOfWhatWasSeen() throws Exception {
        try (WrittenRecord record = written()) {
            record.asked(AGENT, "api.example.com", NameVerdict.RESOLVED, "192.0.2.10")
                    .connected(AGENT, "192.0.2.10", 443, "api.example.com")
                    .looked(AGENT, TlsVerdict.PASSED, "192.0.2.10", 443, "api.example.com")
                    .asked(AGENT, "www.example.org", NameVerdict.RESOLVED, "192.0.2.20", "192.0.2.21")
                    .asked(AGENT, "www.example.org", NameVerdict.NO_DATA)
                    .connected(AGENT, "192.0.2.20", 443, "www.example.org")
                    .connected(AGENT, "192.0.2.21", 443, "www.example.org")
                    // Behind the same address, and the record knows it by the name that came last.
                    .asked(AGENT, "static.example.org", NameVerdict.RESOLVED, "192.0.2.20")
                    .connected(AGENT, "10.20.0.7", 5432, "")
                    .connected(AGENT, UDP, "198.51.100.53", 53, "", 80, 120)
                    .connectedTo(AGENT, "team-b/store", "100.80.4.3", 9000)
                    .asked(AGENT, "unused.example.org", NameVerdict.RESOLVED, "192.0.2.30")
                    .denied(AGENT, Barrier.EGRESS, "203.0.113.9", 22, "")
                    .asked(AGENT, "denied.example.org", NameVerdict.DENIED)
                    .denied(AGENT, Barrier.CLOSED, "169.254.169.254", 80, "")
                    .denied(AGENT, Barrier.EGRESS, "10.9.0.1", 10250, "")
                    .reachedBy("100.80.9.9", AGENT, 80)
                    .connected("team-a/other", "192.0.2.99", 443, "");
        }
        CommandAnswer answer = learn();

        assertThat(answer.errors())
                .isEqualTo(
                        "Rules: 5, from 22 events of team-a/researcher; marked RISK: 4. Replayed against it, 6 different flows (6 in all) and 3 names: none is denied.\n");
        assertThat(answer.text()).isEqualTo("""
                # Learned by agentctl egress learn from 22 events that were recorded of team-a/researcher.
                # Replayed against it, 6 different flows (6 in all) and 3 names: none is denied.
                # Look at what has RISK before you apply it (4).
                # Rules only add to each other. These govern the agent now, and go on doing so: inline/all
                # Not in it: denied (--include-denied takes them as needed too): 203.0.113.9:22/TCP, 10.9.0.1:10250/TCP
                # Not in it: stopped by what no policy opens: 169.254.169.254:80/TCP
                # Not in it: reached the agent, of which an EgressPolicy says nothing: 100.80.4.2:80/TCP
                # Not in it: names that were asked for and not connected to: unused.example.org
                # Not in it: names that were denied (--include-denied takes them as needed too): denied.example.org
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata:
                  name: researcher-learned
                  namespace: team-a
                spec:
                  agentSelector: {matchLabels: {"app": "researcher", "tier": "1"}}
                  egress:
                  - name: tls-tcp-443
                    to:
                    - domain: api.example.com  # connected: 1, sent: 500 B, received: 4000 B
                    ports:
                    - {protocol: TCP, port: 443}
                    tls: {}
                  - name: names-tcp-443
                    to:
                    - domain: static.example.org  # led to where another name was connected to
                    - domain: www.example.org  # connected: 2, sent: 1000 B, received: 8000 B
                    ports:
                    - {protocol: TCP, port: 443}
                  - name: agents-tcp-9000
                    to:
                    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "team-b"}}
                      podSelector: {matchLabels: {"app": "store"}}  # connected: 1
                    ports:
                    - {protocol: TCP, port: 9000}
                  # RISK: raw addresses, of which no name is known: say what they are, or take the rule out
                  - name: addresses-tcp-5432
                    to:
                    # RISK: private address
                    - ipBlock: {cidr: "10.20.0.7/32"}  # connected: 1, sent: 500 B, received: 4000 B
                    ports:
                    - {protocol: TCP, port: 5432}
                  # RISK: raw addresses, of which no name is known: say what they are, or take the rule out
                  - name: addresses-udp-53
                    to:
                    # RISK: a name server of its own goes round the node's rules for names
                    - ipBlock: {cidr: "198.51.100.53/32"}  # connected: 1, sent: 80 B, received: 120 B
                    ports:
                    - {protocol: UDP, port: 53}
                """);
        assertThat(answer.exitCode()).isZero();
    }

    /** End to end by the evaluator itself, not by what the command says of it. */
    @Test
    void whatWasRecordedPassesByIt() throws Exception {
        try (WrittenRecord record = written()) {
            record.connected(AGENT, "192.0.2.10", 443, "api.example.com")
                    .connected(AGENT, "10.20.0.7", 5432, "")
                    .connectedTo(AGENT, "team-b/store", "100.80.4.3", 9000);
        }
        KnownObjects world = new ManifestObjects("default")
                .add(folder.resolve("objects.yaml").toString())
                .objects();
        Policies learned = Policies.of(List.of(), read(learn().text()).egressPolicies(), List.of());
        Endpoint.Agent agent = new Endpoint.Agent(
                "team-a",
                "researcher",
                Map.of("app", "researcher", "tier", "1"),
                List.of(Cidr.parse("100.80.4.2")),
                List.of(),
                List.of());

        for (Party reached : List.of(
                new Party(null, Cidr.parse("192.0.2.10"), "api.example.com"),
                Party.at("10.20.0.7"),
                Party.at("100.80.4.3"))) {
            int port = reached.domain() != null ? 443 : reached.equals(Party.at("10.20.0.7")) ? 5432 : 9000;
            assertThat(isAllowed(learned, world, agent, reached, port))
                    .as("%s", reached)
                    .isTrue();
            assertThat(isAllowed(learned, world, agent, reached, port + 1))
                    .as("%s", reached)
                    .isFalse();
        }
        assertThat(isAllowed(learned, world, agent, Party.at("10.20.0.8"), 5432))
                .isFalse();
        assertThat(isAllowed(learned, world, agent, Party.at("192.0.2.10"), 443))
                .isFalse();
    }

    private static boolean isAllowed(
            Policies policies, KnownObjects world, Endpoint.Agent agent, Party destination, int port) {
        return Evaluator.evaluate(
                        policies, world.endpoints(), new Flow(Party.of(agent), destination, Protocol.TCP, port))
                .egress()
                .isAllowed();
    }

    @Test
    void whatWasQuicToANameIsAllowedAsThat() throws Exception {
        try (WrittenRecord record = written()) {
            record.asked(AGENT, "www.example.org", NameVerdict.RESOLVED, "192.0.2.20")
                    .connected(AGENT, UDP, "192.0.2.20", 443, "www.example.org", 80, 120);
        }
        CommandAnswer answer = learn();

        assertThat(answer.text())
                .contains("    - {protocol: UDP, port: 443}\n    quic: Allow  # UDP port 443 was connected to\n");
        assertThat(answer.text()).contains("none is denied");
        assertThat(answer.exitCode()).isZero();
    }

    @Test
    void whatWasDeniedIsTakenWhereAsked() throws Exception {
        try (WrittenRecord record = written()) {
            record.denied(AGENT, Barrier.EGRESS, "203.0.113.9", 22, "")
                    .asked(AGENT, "denied.example.org", NameVerdict.DENIED)
                    .asked(AGENT, "x".repeat(60) + ".evil.test", NameVerdict.TUNNEL)
                    .denied(AGENT, Barrier.CLOSED, "169.254.169.254", 80, "")
                    .denied(AGENT, Barrier.EGRESS, "10.9.0.1", 10250, "")
                    .looked(AGENT, TlsVerdict.OTHER_NAME, "192.0.2.10", 443, "cdn.example.net");
        }
        CommandAnswer nothing = learn();
        assertThat(nothing.exitCode()).isEqualTo(1);
        assertThat(nothing.text()).isEmpty();
        assertThat(nothing.errors())
                .startsWith("nothing was recorded that team-a/researcher was let do, so there is nothing to learn")
                .contains("--include-denied");

        CommandAnswer answer = learn("--include-denied");
        assertThat(answer.exitCode()).as(answer.errors()).isZero();
        assertThat(answer.text())
                .contains("# Not in it: names that look like they carry data out: " + "x".repeat(60) + ".evil.test\n")
                .contains(
                        "# Not in it: only a ClusterNetworkPolicy of tier Admin opens nodes: 10.9.0.1:10250/TCP (Node worker)\n")
                .contains("# Not in it: stopped by what no policy opens: 169.254.169.254:80/TCP\n")
                .contains(
                        "  - name: tls-tcp-443\n    to:\n    # RISK: was denied\n    - domain: cdn.example.net  # denied: 1\n")
                .contains("    # RISK: the name was denied, so nothing is known of its port: 443 is assumed\n")
                .contains("- domain: denied.example.org  # denied: 1\n")
                .contains("- ipBlock: {cidr: \"203.0.113.9/32\"}  # denied: 1\n")
                .doesNotContain("169.254.169.254/32");
    }

    @Test
    void riskyThingsAreMarked() throws Exception {
        try (WrittenRecord record = written()) {
            for (int port = 7001; port <= 7012; port++) {
                record.connected(AGENT, "192.0.2.50", port, "many.example.org");
            }
            for (int number = 0; number < 12; number++) {
                record.connected(AGENT, "192.0.2.60", 443, "n" + number + ".example.net");
            }
            record.connected(AGENT, "192.0.2.70", 443, "7f3a90c1d2e4b586a7f3a90c1d2e4b58.evil.test")
                    .connected(AGENT, 6, "192.0.2.80", 443, "drop.example.org", 200L << 20, 1000);
        }
        assertThat(learn().text())
                .contains("# RISK: many ports (12)\n")
                .contains("    - {protocol: TCP, port: 7001, endPort: 7012}\n")
                .contains(
                        "# RISK: 12 names below example.net: their labels can carry data out; *.example.net would stand for them, and for all others\n")
                .contains(
                        "# RISK: the name looks like it carries data out\n    - domain: \"7f3a90c1d2e4b586a7f3a90c1d2e4b58.evil.test\"")
                .contains("# RISK: much more was sent than received\n    - domain: drop.example.org");
    }

    /** The flow alone looks as if everything had passed, and a plain rule would open what requests were refused. */
    @Test
    void whereOnlySomeRequestsPassNoRuleIsWritten() throws Exception {
        try (WrittenRecord record = written()) {
            record.connected(AGENT, "192.0.2.10", 8080, "api.example.com")
                    .requested(AGENT, HttpVerdict.NO_RULE, "192.0.2.10", 8080, "DELETE")
                    .connected(AGENT, "192.0.2.10", 443, "api.example.com");
        }
        for (CommandAnswer answer : List.of(learn(), learn("--include-denied"))) {
            assertThat(answer.text())
                    .contains("only some requests of HTTP pass there: a rule with http is written by hand")
                    .contains("port: 443")
                    .doesNotContain("port: 8080");
        }
    }

    @Test
    void whatPassedWithinABudgetNoRuleIsWrittenFor() throws Exception {
        Files.writeString(
                folder.resolve("objects.yaml"),
                Files.readString(folder.resolve("objects.yaml"))
                        .replace(
                                "      to: [{ipBlock: {cidr: 0.0.0.0/0}}]",
                                "      to: [{domain: limited.example.com}]\n      ports: [{port: 443}]\n"
                                        + "      tls: {}\n      budget: {bytes: 1Mi}"));
        try (WrittenRecord record = written()) {
            record.asked(AGENT, "limited.example.com", NameVerdict.RESOLVED, "192.0.2.10")
                    .connected(AGENT, "192.0.2.10", 443, "limited.example.com")
                    .looked(AGENT, TlsVerdict.PASSED, "192.0.2.10", 443, "limited.example.com");
        }
        CommandAnswer answer = learn();
        assertThat(answer.text() + answer.errors())
                .contains("only within a budget does it pass there")
                .doesNotContain("- domain: limited.example.com");
    }

    @Test
    void whomElseItSelectsIsSaid() throws Exception {
        try (WrittenRecord record = written()) {
            record.connected(AGENT, "192.0.2.10", 443, "api.example.com");
        }
        String objects = Files.readString(folder.resolve("objects.yaml"));
        Files.writeString(
                folder.resolve("objects.yaml"),
                objects + "---\n"
                        + "apiVersion: agentcontainers.dev/v1alpha1\nkind: AgentContainer\n"
                        + "metadata: {name: twin, namespace: team-a, labels: {app: researcher, tier: \"1\", more: x}}\n"
                        + "spec: {command: [\"true\"]}\n");
        assertThat(learn().text()).contains("  # RISK: the labels select other agents too: twin\n");

        Files.writeString(
                folder.resolve("objects.yaml"), objects.replace(", labels: {app: researcher, tier: \"1\"}", ""));
        assertThat(learn().text())
                .contains(
                        "  # RISK: the agent has no labels: this selects every agent of its namespace; give it one\n  agentSelector: {}\n");
    }

    @Test
    void whatNoEgressPolicyCanAllowIsSaidAndIsOne() throws Exception {
        try (WrittenRecord record = written()) {
            record.connected(AGENT, "192.0.2.10", 443, "api.example.com");
        }
        Files.writeString(folder.resolve("objects.yaml"), Files.readString(folder.resolve("objects.yaml")) + """
                ---
                apiVersion: policy.networking.k8s.io/v1alpha2
                kind: ClusterNetworkPolicy
                metadata: {name: admin}
                spec:
                  tier: Admin
                  priority: 1
                  subject: {namespaces: {}}
                  egress:
                  - action: Deny
                    to: [{networks: [192.0.2.0/24]}]
                """);
        CommandAnswer answer = learn();
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text())
                .contains("# Replayed against it, 1 different flows and 1 names: denied are 2.\n")
                .contains("#   192.0.2.10:443/TCP is denied in tier Admin by ClusterNetworkPolicy/admin");
    }

    /** Whatever an agent did and however much: the API takes the policy, and all of it passes. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void replayingIsCleanWhateverWasDone(long seed) throws Exception {
        Random random = new Random(seed);
        try (WrittenRecord record = written()) {
            for (int number = 0; number < 400; number++) {
                int port = random.nextInt(4) == 0 ? 1 + random.nextInt(65_535) : 443;
                String address = (random.nextBoolean() ? "192.0.2." : "10.1.2.") + random.nextInt(40);
                String name = "h%d.s%d.example.org".formatted(random.nextInt(60), random.nextInt(3));
                switch (random.nextInt(6)) {
                    case 0 -> record.asked(AGENT, name.toUpperCase(Locale.ROOT), NameVerdict.RESOLVED, address);
                    case 1 -> record.connected(AGENT, address, port, "");
                    case 2 -> record.connected(AGENT, address, port, name);
                    case 3 -> record.connected(AGENT, UDP, address, port, "_" + name, 1, 1);
                    case 4 -> record.looked(AGENT, TlsVerdict.PASSED, address, port, name);
                    default -> record.denied(AGENT, Barrier.EGRESS, address, port, name);
                }
            }
        }
        for (List<String> arguments : List.of(List.<String>of(), List.of("--include-denied"))) {
            CommandAnswer answer = learn(arguments.toArray(String[]::new));
            assertThat(answer.exitCode()).as(answer.text()).isZero();
            assertThat(answer.text()).contains("none is denied").doesNotContain("*.example.org\"", "domain: \"*");
            assertThat(read(answer.text()).egressPolicies()).isNotEmpty();
        }
    }

    @Test
    void wrongQuestionsAreTwo() throws Exception {
        try (WrittenRecord record = written()) {
            record.connected("team-a/other", "192.0.2.10", 443, "");
        }
        assertThat(CommandAnswer.of(
                        new LearnCommand(),
                        "-f",
                        folder.resolve("objects.yaml").toString(),
                        "--records",
                        folder.resolve("audit").toString(),
                        "nobody"))
                .isEqualTo(new CommandAnswer(2, "", "there is no AgentContainer nobody in namespace default"));
        assertThat(learn("--records", "/nowhere").errors()).isEqualTo("--records /nowhere: there is no such file");
        assertThat(learn("-f", "-", "--records", "-").exitCode()).isEqualTo(2);
        assertThat(learn().exitCode()).isEqualTo(1);
        assertThat(learn("--name", "Not A Name").exitCode()).isEqualTo(2);
    }
}
