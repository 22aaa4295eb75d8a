package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rules about QUIC to what names resolve to. */
class QuicTest {
    private static final String SITE =
            "{name: site, %sto: [{domain: a.example.org}], ports: [{port: 443}, {protocol: UDP, port: 442, endPort: 444}]}";

    private static CompiledPolicy compiled(String rules) {
        return PolicyCompiler.compile(subject("[" + rules + "]"), List.of());
    }

    private static AllowedName udp(String domain, int port, int endPort) {
        return new AllowedName(domain, Protocol.UDP, port, endPort);
    }

    @Test
    void withoutItsPortIsNotOpenAndThatIsSaid() {
        CompiledPolicy policy = compiled(SITE.formatted(""));

        assertThat(policy.names())
                .containsExactly(
                        new AllowedName("a.example.org", Protocol.TCP, 443, 443),
                        udp("a.example.org", 442, 442),
                        udp("a.example.org", 444, 444));
        assertThat(policy.quicNames()).isEmpty();
        assertThat(policy.problems())
                .singleElement()
                .asString()
                .contains("spec.network.egress[site]: UDP port 443 is for QUIC");
        assertThat(compiled(SITE.formatted("quic: Deny, "))).isEqualTo(policy);
    }

    @Test
    void withItAllPortsAreOpenForIt() {
        CompiledPolicy policy = compiled(SITE.formatted("quic: Allow, "));

        assertThat(policy.names())
                .containsExactly(
                        new AllowedName("a.example.org", Protocol.TCP, 443, 443), udp("a.example.org", 442, 444));
        assertThat(policy.quicNames()).containsExactly(udp("a.example.org", 442, 444));
        assertThat(policy.problems()).isEmpty();
        assertThat(policy.asGroup("g").quicNames()).isEqualTo(policy.quicNames());
        assertThat(PolicyGroup.nameOf(subject("[" + SITE.formatted("quic: Allow, ") + "]")))
                .isNotEqualTo(PolicyGroup.nameOf(subject("[" + SITE.formatted("") + "]")));
    }

    @Test
    void oneRulesWordIsNotAnothers() {
        CompiledPolicy policy =
                compiled("{name: a, quic: Allow, to: [{domain: a.example.org}], ports: [{protocol: UDP, port: 443}]},"
                        + " {name: b, to: [{domain: b.example.org}], ports: [{protocol: UDP, port: 443}]}");

        assertThat(policy.names()).containsExactly(udp("a.example.org", 443, 443));
    }

    /** What no node opens none could confirm. */
    @Test
    void itPassesOnlyToWhatIsOpen() {
        String more = "{name: %s, %sto: [{domain: %s}], ports: [{protocol: UDP, port: 4000}]}";
        StringBuilder many = new StringBuilder();
        for (int index = 0; index < 40; index++) {
            many.append(", {name: n%d, to: [{domain: n%d.example.org}], ports: [".formatted(index, index));
            for (int port = 1; port < 128; port += 2) {
                many.append(port == 1 ? "" : ", ")
                        .append("{port: ")
                        .append(port)
                        .append("}");
            }
            many.append("]}");
        }
        CompiledPolicy none = compiled(more.formatted("a", "quic: Allow, ", "a.example.org") + many);
        CompiledPolicy within = compiled(more.formatted("a", "quic: Allow, budget: {bytes: 1Mi}, ", "a.example.org")
                + ", " + more.formatted("b", "", "'*.example.org'"));

        assertThat(none.names()).as("too many").isEmpty();
        assertThat(none.quicNames()).isEmpty();
        assertThat(within.names()).containsExactly(udp("*.example.org", 4000, 4000));
        assertThat(within.quicNames()).as("below an open one").containsExactly(udp("a.example.org", 4000, 4000));
    }

    @Test
    void namesThatAreTooLongTogetherToBeSaidTwiceHaveNone() {
        String rules = IntStream.range(0, 20)
                .mapToObj(rule -> "{name: r%d, quic: Allow, to: [%s], ports: [{protocol: UDP, port: 443}]}"
                        .formatted(
                                rule,
                                IntStream.range(0, 60)
                                        .mapToObj(index -> "{domain: n%d-%d.%s.%s.%s.example.org}"
                                                .formatted(rule, index, "d".repeat(60), "d".repeat(60), "d".repeat(60)))
                                        .collect(Collectors.joining(", "))))
                .collect(Collectors.joining(", "));
        CompiledPolicy policy = compiled(rules);

        assertThat(policy.names()).hasSize(1200);
        assertThat(policy.quicNames()).isEmpty();
        assertThat(policy.problems()).singleElement().asString().contains("so QUIC passes to none");
    }

    /** One that does not look for it must not take such a ruleset for its own. */
    @Test
    void theHashOfUdpToNamesIsAnother() {
        List<AllowedName> udp = List.of(udp("a.example.org", 53, 53));
        List<AllowedName> tcp = List.of(new AllowedName("a.example.org", Protocol.TCP, 53, 53));

        assertThat(List.of(hash(udp, List.of()), hash(udp, udp), hash(tcp, List.of())))
                .doesNotHaveDuplicates();
        assertThat(hash(tcp, List.of())).isEqualTo(RulesetHash.of(List.of(), List.of(), tcp));
    }

    private static String hash(List<AllowedName> names, List<AllowedName> quic) {
        return RulesetHash.of(List.of(), List.of(), names, List.of(), List.of(), List.of(), List.of(), List.of(), quic);
    }

    @Test
    void addressesAreNotLookedAt() {
        CompiledPolicy policy =
                compiled("{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{protocol: UDP, port: 443}]}");

        assertThat(policy.egress()).hasSize(1);
        assertThat(policy.problems()).isEmpty();
    }
}
