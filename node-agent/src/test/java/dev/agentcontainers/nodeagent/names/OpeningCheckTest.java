package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.names.OpeningCheck.Result;
import dev.agentcontainers.nodeagent.names.OpeningCheck.Result.Granted;
import dev.agentcontainers.nodeagent.names.OpeningCheck.Result.Refused;
import dev.agentcontainers.policy.Invariants;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.protocol.names.NodeMessage.DirectName;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.ProxyMessage.Open;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpeningCheckTest {
    private static final String AGENT = "100.80.0.2";
    private static final ClosedToNames CLOSED =
            ClosedToNames.of("100.80.0.0/12", List.of("203.0.113.7", "198.51.100.0/24"));

    private static AllowedName name(String domain, Protocol protocol, int port, int endPort) {
        return new AllowedName(domain, protocol, port, endPort);
    }

    private static NamedGroup group(List<AllowedName> names, Allow... egress) {
        return NamedGroup.of(new GroupRuleset("g", "h", List.of(egress), List.of(), names));
    }

    private static final NamedGroup GROUP = group(
            List.of(name("www.example.org", Protocol.TCP, 443, 443), name("*.example.net", Protocol.UDP, 8000, 8001)));

    private static Result check(NamedGroup group, String name, int seconds, String... addresses) {
        return OpeningCheck.check(new Open(1, AGENT, name, List.of(addresses), seconds), group, CLOSED);
    }

    private static ResolvedDestination to(String address, Protocol protocol, int port) {
        return new ResolvedDestination(address, protocol, port, Duration.ofSeconds(60));
    }

    @Test
    void opensPublicAddressesAtThePortsOfTheNamesRules() {
        assertThat(check(GROUP, "www.example.org", 60, "192.0.2.1", "192.0.2.2"))
                .isEqualTo(new Granted(
                        List.of(to("192.0.2.1", Protocol.TCP, 443), to("192.0.2.2", Protocol.TCP, 443)),
                        List.of("192.0.2.1", "192.0.2.2")));
        assertThat(check(GROUP, "A.example.net.", 60, "192.0.2.1"))
                .isEqualTo(new Granted(
                        List.of(to("192.0.2.1", Protocol.UDP, 8000), to("192.0.2.1", Protocol.UDP, 8001)),
                        List.of("192.0.2.1")));
    }

    @Test
    void portsOfAllRulesForTheNameAreOpenedAndOfNoOther() {
        NamedGroup group = group(List.of(
                name("www.example.org", Protocol.TCP, 443, 443),
                name("*.example.org", Protocol.TCP, 80, 80),
                name("www.example.net", Protocol.TCP, 22, 22)));

        assertThat(check(group, "www.example.org", 60, "192.0.2.1"))
                .isEqualTo(new Granted(
                        List.of(to("192.0.2.1", Protocol.TCP, 443), to("192.0.2.1", Protocol.TCP, 80)),
                        List.of("192.0.2.1")));
    }

    /** The nearest of them is charged, for all that are above it too; a rule without a budget has it charged to none. */
    @Test
    void namesOfRulesWithBudgetsAreOpenedToBeCharged() {
        NamedGroup group = NamedGroup.of(new GroupRuleset(
                "g",
                "h",
                List.of(),
                List.of(),
                List.of(name("free.example.org", Protocol.TCP, 443, 443)),
                List.of(name("b.example.org", Protocol.TCP, 443, 443)),
                List.of(),
                List.of(),
                List.of(),
                List.of(new Budget("one", 1024L, null), new Budget("other", 1024L, null)),
                List.of(
                        new Budgeted(List.of(0), List.of(), List.of(name("*.example.org", Protocol.TCP, 443, 443))),
                        new Budgeted(
                                List.of(0, 1), List.of(), List.of(name("*.a.example.org", Protocol.TCP, 443, 443))))));

        assertThat(check(group, "x.a.example.org", 60, "192.0.2.1"))
                .isEqualTo(new Granted(List.of(charged("*.a.example.org")), List.of("192.0.2.1")));
        assertThat(check(group, "a.example.org", 60, "192.0.2.1"))
                .isEqualTo(new Granted(List.of(charged("*.example.org")), List.of("192.0.2.1")));
        assertThat(check(group, "b.example.org", 60, "192.0.2.1"))
                .as("with tls beside")
                .isEqualTo(new Granted(List.of(charged("*.example.org")), List.of("192.0.2.1")));
        assertThat(check(group, "free.example.org", 60, "192.0.2.1"))
                .isEqualTo(new Granted(List.of(to("192.0.2.1", Protocol.TCP, 443)), List.of("192.0.2.1")));
    }

    private static ResolvedDestination charged(String domain) {
        return new ResolvedDestination(
                "192.0.2.1", Protocol.TCP, 443, Duration.ofSeconds(60), false, Optional.of(domain));
    }

    /** Nothing is forwarded to where only TLS may pass, unless a rule without it has the port too. */
    @Test
    void namesForTlsAloneAreOpenedToBeIntercepted() {
        NamedGroup group = NamedGroup.of(new GroupRuleset(
                "g",
                "h",
                List.of(),
                List.of(),
                List.of(name("*.example.org", Protocol.TCP, 443, 443)),
                List.of(
                        name("www.example.org", Protocol.TCP, 443, 444),
                        name("www.example.net", Protocol.TCP, 443, 443),
                        name("www.example.net", Protocol.UDP, 443, 443))));

        assertThat(check(group, "www.example.net", 60, "192.0.2.1"))
                .isEqualTo(new Granted(
                        List.of(new ResolvedDestination("192.0.2.1", Protocol.TCP, 443, Duration.ofSeconds(60), true)),
                        List.of("192.0.2.1")));
        assertThat(check(group, "www.example.org", 60, "192.0.2.1"))
                .isEqualTo(new Granted(
                        List.of(
                                to("192.0.2.1", Protocol.TCP, 443),
                                new ResolvedDestination("192.0.2.1", Protocol.TCP, 444, Duration.ofSeconds(60), true)),
                        List.of("192.0.2.1")));
        assertThat(group.names()).containsExactlyInAnyOrder("*.example.org", "www.example.org", "www.example.net");
        assertThat(check(group, "www.example.net", 60, "10.0.0.1")).isEqualTo(new Granted(List.of(), List.of()));
    }

    @Test
    void namesForSomeRequestsAreOpenedToBeInterceptedToo() {
        NamedGroup group = NamedGroup.of(new GroupRuleset(
                "g",
                "h",
                List.of(),
                List.of(),
                List.of(name("*.example.org", Protocol.TCP, 80, 80)),
                List.of(name("www.example.org", Protocol.TCP, 443, 443)),
                List.of(new AllowedHttp("www.example.org", 80, 81, List.of("GET"), List.of("/"), null)),
                List.of(),
                List.of()));

        assertThat(check(group, "www.example.org", 60, "192.0.2.1"))
                .isEqualTo(new Granted(
                        List.of(
                                to("192.0.2.1", Protocol.TCP, 80),
                                new ResolvedDestination("192.0.2.1", Protocol.TCP, 443, Duration.ofSeconds(60), true),
                                new ResolvedDestination("192.0.2.1", Protocol.TCP, 81, Duration.ofSeconds(60), true)),
                        List.of("192.0.2.1")));
        assertThat(check(group, "www.example.org", 60, "10.0.0.1")).isEqualTo(new Granted(List.of(), List.of()));
        assertThat(group.httpNames())
                .containsExactly(new HttpName("www.example.org", 80, 81, List.of("GET"), List.of("/"), List.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "org",
                "example.org",
                "example.net",
                "other.example.org",
                "www.example.org.attacker.test",
                "www.example.org\u0000",
                "a b.example.net",
                "*.example.net",
                "192.0.2.1",
                "www..example.org"
            })
    void refusesNamesThatNoRuleOfTheGroupAllows(String name) {
        assertThat(check(GROUP, name, 60, "192.0.2.1"))
                .isEqualTo(new Refused("no rule of the agent's group allows that name"));
    }

    @Test
    void aGroupWithoutNamesOpensNothing() {
        assertThat(check(
                        group(List.of(), new Allow("0.0.0.0/0", Protocol.TCP, 1, 65535)),
                        "www.example.org",
                        60,
                        "192.0.2.1"))
                .isInstanceOf(Refused.class);
    }

    static Stream<String> closed() {
        return Stream.concat(
                Invariants.cidrs().stream().map(Cidr::parse).map(Cidr::address),
                Stream.of(
                        "10.0.0.0",
                        "10.255.255.255",
                        "172.16.0.1",
                        "172.31.255.254",
                        "192.168.0.1",
                        "100.64.0.1",
                        "100.127.255.254",
                        "100.80.0.2",
                        "100.95.255.255",
                        "127.0.0.53",
                        "169.254.169.254",
                        "169.254.1.1",
                        "100.100.100.200",
                        "168.63.129.16",
                        "192.0.0.8",
                        "198.18.0.1",
                        "198.19.255.254",
                        "239.1.2.3",
                        "250.1.1.1",
                        "255.255.255.255",
                        "203.0.113.7",
                        "198.51.100.9",
                        "::1",
                        "::ffff:192.0.2.1",
                        "::ffff:c000:201",
                        "64:ff9b::c000:201",
                        "2001:db8::1",
                        "fd00::1"));
    }

    static Stream<String> closedOfIpv4() {
        return closed().filter(address -> Cidr.parse(address).family() == AddressFamily.IPV4);
    }

    @ParameterizedTest
    @MethodSource("closed")
    void opensNothingThatIsNotPublicOrIsTheNodesOrTheFleets(String address) {
        assertThat(check(GROUP, "www.example.org", 60, address)).isEqualTo(new Granted(List.of(), List.of()));
        assertThat(check(GROUP, "www.example.org", 60, address, "192.0.2.1"))
                .isEqualTo(new Granted(List.of(to("192.0.2.1", Protocol.TCP, 443)), List.of("192.0.2.1")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0"})
    void opensTheNeighboursOfClosedRanges(String address) {
        assertThat(check(GROUP, "www.example.org", 60, address))
                .isEqualTo(new Granted(List.of(to(address, Protocol.TCP, 443)), List.of(address)));
    }

    @Test
    void tellsAPrivateAddressThatARuleReachesAlreadyAndOpensNothing() {
        NamedGroup group = group(
                List.of(name("intern.example.org", Protocol.TCP, 443, 443)),
                new Allow("10.1.0.0/16", Protocol.TCP, 443, 443),
                new Allow("10.2.0.0/16", Protocol.TCP, 1, 442),
                new Allow("10.2.0.0/16", Protocol.TCP, 444, 65535),
                new Allow("10.3.0.0/16", Protocol.UDP, 443, 443));

        assertThat(check(group, "intern.example.org", 60, "10.1.2.3", "10.2.2.3", "10.3.2.3", "10.4.2.3"))
                .isEqualTo(new Granted(List.of(), List.of("10.1.2.3")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "192.0.2.0/24",
                "192.0.2.1/32",
                "192.0.2",
                "3221225985",
                "0xc0000201",
                "0300.0.2.1",
                "192.0.2.01",
                " 192.0.2.1",
                "192.0.2.1\n",
                "192.0.2.1-2",
                "192.0.2.*",
                "www.example.org",
                "192.0.2.1, 192.0.2.2",
                "192.0.2.1 . tcp . 22",
                "fe80::1%eth0"
            })
    void refusesWhatIsNoAddressInPlainNotation(String address) {
        assertThat(check(GROUP, "www.example.org", 60, "192.0.2.1", address)).isInstanceOf(Refused.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 331, 86400, Integer.MAX_VALUE})
    void refusesLivesThatNoAnswerHas(int seconds) {
        assertThat(check(GROUP, "www.example.org", seconds, "192.0.2.1")).isInstanceOf(Refused.class);
    }

    @Test
    void boundsAddressesAndDestinations() {
        String[] many = IntStream.range(0, 101).mapToObj(i -> "192.0.2." + i).toArray(String[]::new);
        assertThat(check(GROUP, "www.example.org", 60, many)).isInstanceOf(Refused.class);

        NamedGroup wide = group(List.of(name("www.example.org", Protocol.TCP, 1001, 1064)));
        String[] hundred = IntStream.range(0, 100).mapToObj(i -> "192.0.2." + i).toArray(String[]::new);
        assertThat(check(wide, "www.example.org", 60, hundred)).isInstanceOfSatisfying(Granted.class, granted -> {
            assertThat(granted.destinations()).hasSize(OpeningCheck.MOST_DESTINATIONS);
            assertThat(granted.addresses()).hasSize(OpeningCheck.MOST_DESTINATIONS / 64);
        });
    }

    @Test
    void aRuleThatCannotBeReadAllowsNothing() {
        NamedGroup group =
                group(List.of(name("*", Protocol.TCP, 443, 443), name("www.example.org", Protocol.TCP, 443, 443)));

        assertThat(group.names()).containsExactly("www.example.org");
        assertThat(check(group, "anything.test", 60, "192.0.2.1")).isInstanceOf(Refused.class);
    }

    @Test
    void nothingAskedForNothingOpened() {
        assertThat(OpeningCheck.check(
                        new Open(1, AGENT, "www.example.org", Collections.emptyList(), 60), GROUP, CLOSED))
                .isEqualTo(new Granted(List.of(), List.of()));
    }

    /** Only there the proxy itself may go, for an agent that asks it: nobody else counts or ends that. */
    @Test
    void whatIsInterceptedIsToldByAddressAndPort() {
        NamedGroup group = NamedGroup.of(new GroupRuleset(
                "g",
                "h",
                List.of(new Allow("10.0.0.0/8", Protocol.TCP, 443, 443)),
                List.of(),
                List.of(
                        name("plain.example.org", Protocol.TCP, 443, 443),
                        name("*.example.net", Protocol.TCP, 443, 443)),
                List.of(
                        name("*.example.org", Protocol.TCP, 443, 443),
                        name("a.example.net", Protocol.TCP, 443, 444),
                        name("*.example.org", Protocol.UDP, 443, 443)),
                List.of(new AllowedHttp("www.example.org", 80, 80, List.of("GET"), List.of("/"), null)),
                List.of(),
                List.of(),
                List.of(new Budget("one", 1024L, null)),
                List.of(new Budgeted(
                        List.of(0),
                        List.of(),
                        List.of(
                                name("charged.example.org", Protocol.TCP, 443, 443),
                                name("*.charged.example.org", Protocol.TCP, 1, 1000))))));

        assertThat(intercepted(group, "www.example.org", "192.0.2.1", "192.0.2.2"))
                .isEqualTo(Map.of("192.0.2.1", List.of(443, 80), "192.0.2.2", List.of(443, 80)));
        assertThat(intercepted(group, "plain.example.org", "192.0.2.1"))
                .as("a rule without tls, beside a wildcard with tls")
                .isEmpty();
        assertThat(intercepted(group, "a.example.net", "192.0.2.1"))
                .as("beside a wildcard without tls")
                .isEqualTo(Map.of("192.0.2.1", List.of(444)));
        assertThat(intercepted(group, "charged.example.org", "192.0.2.1"))
                .as("a rule with a budget, beside a wildcard with tls")
                .isEmpty();
        assertThat(intercepted(group, "a.charged.example.org", "192.0.2.1"))
                .as("within a budget by a wildcard")
                .isEmpty();
        assertThat(check(group, "www.example.org", 60, "10.1.2.3", "192.0.2.1"))
                .as("a rule with addresses reaches it, and the agent is told")
                .isInstanceOfSatisfying(Granted.class, granted -> {
                    assertThat(granted.addresses()).containsExactly("10.1.2.3", "192.0.2.1");
                    assertThat(granted.intercepted(group)).isEqualTo(Map.of("192.0.2.1", List.of(443, 80)));
                });
        assertThat(group.directNames())
                .containsExactlyInAnyOrder(
                        new DirectName("plain.example.org", 443, 443),
                        new DirectName("*.example.net", 443, 443),
                        new DirectName("charged.example.org", 443, 443),
                        new DirectName("*.charged.example.org", 1, 1000));
        assertThat(GROUP.directNames()).as("nothing is intercepted").isEmpty();
    }

    /** In the fence a box within a budget takes the agent's own connection before it would be handed over. */
    @Test
    void whereABoxIsChargedTheProxyDoesNotGo() {
        NamedGroup group = NamedGroup.of(new GroupRuleset(
                "g",
                "h",
                List.of(new Allow("192.0.2.128/25", Protocol.TCP, 443, 443)),
                List.of(),
                List.of(),
                List.of(name("www.example.org", Protocol.TCP, 443, 444)),
                List.of(),
                List.of(),
                List.of(),
                List.of(new Budget("one", 1024L, null)),
                List.of(new Budgeted(
                        List.of(0),
                        List.of(
                                new Allow("192.0.2.0/25", Protocol.TCP, 1, 443),
                                new Allow("203.0.113.0/24", Protocol.UDP, 1, 65535)),
                        List.of()))));

        assertThat(intercepted(group, "www.example.org", "192.0.2.1", "192.0.2.129", "203.0.113.1"))
                .isEqualTo(Map.of(
                        "192.0.2.1", List.of(444), "192.0.2.129", List.of(443, 444), "203.0.113.1", List.of(443, 444)));
    }

    private static Map<String, List<Integer>> intercepted(NamedGroup group, String name, String... addresses) {
        return ((Granted) check(group, name, 60, addresses)).intercepted(group);
    }

    /** What the proxy is told, which is the same as what is judged here. */
    @ParameterizedTest
    @MethodSource("closedOfIpv4")
    void theRangesThatAreClosedHoldEachSuchAddress(String address) {
        Cidr cidr = Cidr.parse(address);
        assertThat(CLOSED.ranges().stream().map(Cidr::parse)).anyMatch(range -> range.contains(cidr));
        assertThat(CLOSED.ranges().stream().map(Cidr::parse))
                .noneMatch(range -> range.contains(Cidr.parse("192.0.2.1")));
    }
}
