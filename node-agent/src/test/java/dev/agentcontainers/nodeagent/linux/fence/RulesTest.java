package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.linux.fence.SetNames.Kind;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RulesTest {
    private static final AddressPlan PLAN =
            AddressPlan.of(new FenceSettings("100.80.4.0/22", "100.80.0.0/12", List.of()));

    private static String base() {
        return Rules.base(PLAN, "never_1", OptionalInt.of(4096));
    }

    @Test
    void everyHookButNatDropsByDefault() {
        assertThat(base().lines().filter(line -> line.contains("type filter hook")))
                .hasSize(4)
                .allMatch(line -> line.endsWith("policy drop; }"));
    }

    @Test
    void everyPacketOfAnAgentIsCheckedWhateverItsConnection() {
        assertThat(base().lines().filter(line -> line.contains("from_agent ") && line.contains("accept")))
                .isEmpty();
        assertThat(base().lines().filter(line -> line.startsWith("add rule inet agentfence from_agent")))
                .containsSubsequence(
                        "add rule inet agentfence from_agent ct state invalid goto refuse",
                        "add rule inet agentfence from_agent ip daddr @never_1 goto refuse",
                        "add rule inet agentfence from_agent iifname vmap @agents",
                        "add rule inet agentfence from_agent goto refuse");
    }

    /** What no rule allows never comes to these hooks. */
    @Test
    void whatAnAgentBeginsIsCountedBeforeAnyOfItPassesWhereTheKernelCan() {
        for (String hook : List.of("input", "forward")) {
            String first = "add rule inet agentfence " + hook + " ";
            assertThat(base().lines().filter(line -> line.startsWith(first)))
                    .first()
                    .isEqualTo(first + "ct state new iifname \"ac*\" add @connections { iifname ct count over 4096 }"
                            + " goto crowded");
        }
        assertThat(Rules.base(PLAN, "never_1", OptionalInt.empty())).doesNotContain("ct count");
    }

    /** The kernel shows several datagrams as one (UDP_SEGMENT), and only its first bytes can be looked at. */
    @Test
    void whatMayHoldASecondDatagramThatBeginsQuicIsRefusedBeforeAnythingElse() {
        assertThat(base().lines().filter(line -> line.startsWith("add rule inet agentfence unless_quic")))
                .startsWith("add rule inet agentfence unless_quic meta l4proto udp meta length >= 2076 goto refuse")
                .hasSize(6);
    }

    /** What goes to agents from the fence without having been asked for takes a mark; what comes back to it is its answer. */
    @Test
    void probesPassByTheirMarkAndTheirAnswersByTheirConnection() {
        String base = base();
        String answer = "meta l4proto tcp ct state established ct direction reply accept";
        assertThat(base.lines().filter(line -> line.contains("meta mark " + ProbeConnection.MARK)))
                .containsExactly("add rule inet agentfence output oifname \"ac*\" ip saddr 169.254.1.1 meta l4proto tcp"
                        + " meta mark " + ProbeConnection.MARK + " accept");
        assertThat(base.lines().filter(line -> line.endsWith(answer)))
                .containsExactly(
                        "add rule inet agentfence ask_for_names " + answer,
                        "add rule inet agentfence input iifname \"ac*\" ip daddr 169.254.1.1 " + answer);
        assertThat(base.lines().filter(line -> line.startsWith("add rule inet agentfence ask_for_names")))
                .startsWith(
                        "add rule inet agentfence ask_for_names fib daddr type != local goto refuse",
                        "add rule inet agentfence ask_for_names " + answer);
        assertThat(ProbeConnection.MARK).isNotEqualTo(Interception.MARK);
    }

    @Test
    void sourcesAreTranslatedExceptWithinTheFleet() {
        assertThat(Rules.host("agentcontainers_x", PLAN, List.of()))
                .contains(
                        "outgoing ip saddr 100.80.4.0/22 ip daddr != 100.80.0.0/12 oifname != \"acu-*\" masquerade\n");
    }

    @Test
    void group() {
        assertThat(Rules.boxSet(
                        "a4_g_3",
                        false,
                        List.of(
                                Groups.allow("10.0.0.0/8", Protocol.TCP, 80, 80),
                                Groups.allow("10.0.0.1/32", Protocol.UDP, 1, 65535))))
                .isEqualTo(
                        "add set inet agentfence a4_g_3 { type ipv4_addr . inet_proto . inet_service; flags interval;"
                                + " elements = { 10.0.0.0/8 . tcp . 80, 10.0.0.1/32 . udp . 1-65535 }; }\n");
        assertThat(Rules.namesSet("n_g_0af9_5", Set.of(new MarkedPort(-1, new NamedPort(Protocol.UDP, 443)))))
                .isEqualTo("add set inet agentfence n_g_0af9_5 { type mark . inet_proto . inet_service;"
                        + " elements = { 4294967295 . udp . 443 }; }\n");
        GroupSets sets = new GroupSets(
                Map.of(
                        Kind.EGRESS_IPV4, "a4_g_3",
                        Kind.EGRESS_IPV6, "a6_g_4",
                        Kind.INGRESS_IPV4, "i4_g_5",
                        Kind.NAMES, "n_g_0af9_6",
                        Kind.QUIC_NAMES, "q_g_0af9_7"),
                1 << 30 | 5);
        assertThat(Rules.group("g", sets)).isEqualTo("""
                        add chain inet agentfence g_g
                        add chain inet agentfence r_g
                        add chain inet agentfence f_g
                        flush chain inet agentfence f_g
                        add rule inet agentfence f_g ct state established ct direction original ct mark 1073741829 accept
                        add rule inet agentfence f_g meta l4proto udp ct state established ct direction original ct mark . meta l4proto . th dport @q_g_0af9_7 accept
                        add rule inet agentfence f_g meta l4proto udp ct state established ct direction original ct mark . meta l4proto . th dport @n_g_0af9_6 jump unless_quic
                        add rule inet agentfence f_g ct state established ct direction original ct mark . meta l4proto . th dport @n_g_0af9_6 accept
                        flush chain inet agentfence g_g
                        add rule inet agentfence g_g ct mark != 0 ct mark & 1073741824 == 0 ct direction original ip daddr . meta l4proto . th dport @a4_g_3 accept
                        add rule inet agentfence g_g ct direction original ip daddr . meta l4proto . th dport @a4_g_3 ct mark set 1073741829 accept
                        add rule inet agentfence g_g ct mark != 0 ct mark & 1073741824 == 0 ct direction original ip6 daddr . meta l4proto . th dport @a6_g_4 accept
                        add rule inet agentfence g_g ct direction original ip6 daddr . meta l4proto . th dport @a6_g_4 ct mark set 1073741829 accept
                        add rule inet agentfence g_g ct direction reply ip daddr . meta l4proto . th sport @i4_g_5 accept
                        add rule inet agentfence g_g ct mark set iifname . ip daddr . meta l4proto . th dport map @resolved
                        add rule inet agentfence g_g meta l4proto udp ct mark . meta l4proto . th dport @q_g_0af9_7 accept
                        add rule inet agentfence g_g meta l4proto udp ct mark . meta l4proto . th dport @n_g_0af9_6 jump unless_quic
                        add rule inet agentfence g_g ct mark . meta l4proto . th dport @n_g_0af9_6 accept
                        add rule inet agentfence g_g goto refuse
                        flush chain inet agentfence r_g
                        add rule inet agentfence r_g ct direction original ip saddr . meta l4proto . th dport @i4_g_5 accept
                        add rule inet agentfence r_g ct direction reply ip saddr . meta l4proto . th sport @a4_g_3 accept
                        add rule inet agentfence r_g ct direction reply ip6 saddr . meta l4proto . th sport @a6_g_4 accept
                        add rule inet agentfence r_g goto refuse
                        """);
    }

    /** A connection's mark is looked up before it could get another. */
    @Test
    void whatIsInterceptedStaysSo() {
        GroupSets sets = new GroupSets(
                Map.of(
                        Kind.EGRESS_IPV4, "a4_g_3",
                        Kind.NAMES, "n_g_0af9_6",
                        Kind.TLS_NAMES, "t_g_0af9_7"),
                1 << 30 | 5);
        assertThat(sets.sendingRules())
                .containsExactly(
                        "ct mark . meta l4proto . th dport @t_g_0af9_7 goto intercept",
                        "ct mark != 0 ct mark & 1073741824 == 0"
                                + " ct direction original ip daddr . meta l4proto . th dport @a4_g_3 accept",
                        "ct direction original ip daddr . meta l4proto . th dport @a4_g_3 ct mark set 1073741829 accept",
                        "ct mark set iifname . ip daddr . meta l4proto . th dport map @resolved",
                        "meta l4proto udp ct mark . meta l4proto . th dport @n_g_0af9_6 jump unless_quic",
                        "ct mark . meta l4proto . th dport @n_g_0af9_6 accept",
                        "ct mark set iifname . ip daddr . meta l4proto . th dport map @intercepted",
                        "ct mark . meta l4proto . th dport @t_g_0af9_7 goto intercept",
                        "goto refuse");
        assertThat(base().lines().filter(line -> line.startsWith("add rule inet agentfence intercept")))
                .containsExactly(
                        "add rule inet agentfence intercept meta l4proto tcp tproxy ip to 169.254.1.1:10443"
                                + " meta mark set 1633907824 accept",
                        "add rule inet agentfence intercept goto refuse");
    }

    @Test
    void aGroupWithoutSetsRefusesEverything() {
        assertThat(Rules.group("g", GroupSets.NONE)).isEqualTo("""
                        add chain inet agentfence g_g
                        add chain inet agentfence r_g
                        add chain inet agentfence f_g
                        flush chain inet agentfence f_g
                        flush chain inet agentfence g_g
                        add rule inet agentfence g_g goto refuse
                        flush chain inet agentfence r_g
                        add rule inet agentfence r_g goto refuse
                        """);
    }

    @Test
    void theHostsTableAllowsNothingAndTouchesNothingElse() {
        assertThat(Rules.host("agentcontainers_x", PLAN, List.of("eth0", "eth1"))
                        .lines())
                .allMatch(line -> line.contains(" ip agentcontainers_x"))
                .noneMatch(line -> line.endsWith(" accept"));
    }
}
