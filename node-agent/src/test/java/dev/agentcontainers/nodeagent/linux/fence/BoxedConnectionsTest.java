package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections.Begun;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BoxedConnectionsTest {
    private static final GroupRuleset SENDS = Groups.group(
            "sends",
            List.of(
                    new Allow("192.0.2.0/24", Protocol.UDP, 53, 60),
                    new Allow("100.80.0.0/12", Protocol.TCP, 80, 80),
                    new Allow("2001:db8::/32", Protocol.TCP, 80, 80)),
            List.of(),
            List.of());
    private static final GroupRuleset HEARS =
            Groups.group("hears", List.of(), List.of(new Allow("100.80.4.2/32", Protocol.TCP, 80, 80)), List.of());
    private static final BoxedConnections CONNECTIONS = new BoxedConnections(
            Map.of(
                    Ipv4.parse("100.80.4.2"), "sends",
                    Ipv4.parse("100.80.4.3"), "hears",
                    Ipv4.parse("100.80.4.4"), "withdrawn"),
            List.of(SENDS, HEARS));

    @ParameterizedTest
    @CsvSource({
        "100.80.4.2, 192.0.2.9,   17,  53, 0,           false, its box has it",
        "100.80.4.2, 192.0.2.9,   17,  60, 1073741825,  false, by its box's mark",
        "100.80.4.2, 192.0.2.9,   17,  61, 0,           true,  another port",
        "100.80.4.2, 192.0.2.9,   17,  61, 1073741825,  true,  another port by a box's mark",
        "100.80.4.2, 192.0.2.9,    6,  53, 0,           true,  another protocol",
        "100.80.4.2, 192.0.3.9,   17,  53, 0,           true,  another address",
        "100.80.4.2, 198.51.100.1, 6, 443, 7,           false, by a name's mark",
        "100.80.4.2, 198.51.100.1, 6, 443, -2147483647, false, by the mark of an intercepted name",
        "100.80.4.2, 169.254.1.1, 17,  53, 0,           false, a question for a name",
        "100.80.4.2, 100.80.4.3,   6,  80, 0,           false, both sides have it",
        "100.80.4.2, 100.80.4.4,   6,  80, 0,           true,  the receiver has no group any more",
        "100.81.0.1, 100.80.4.3,   6,  80, 0,           true,  of another node and not let in",
        "100.80.4.3, 192.0.2.9,   17,  53, 0,           true,  its group sends nothing",
        "100.80.4.9, 192.0.2.9,   17,  99, 0,           false, of no agent"
    })
    void sayWhichNoBoxHolds(
            String source, String destination, int protocol, int port, int mark, boolean lacks, String why) {
        assertThat(CONNECTIONS.lack(new Begun(Ipv4.parse(source), Ipv4.parse(destination), protocol, port, mark)))
                .as(why)
                .isEqualTo(lacks);
    }

    @Test
    void onlyLessIsALoss() {
        List<GroupRuleset> before = List.of(SENDS, HEARS);
        GroupRuleset more = Groups.group(
                "hears", Groups.at("192.0.2.1", 1), HEARS.ingress(), List.of(Groups.name("a.test", Protocol.TCP, 1)));

        assertThat(BoxedConnections.lost(before, before)).isFalse();
        assertThat(BoxedConnections.lost(before, List.of(more, SENDS))).isFalse();
        assertThat(BoxedConnections.lost(List.of(Groups.group("empty")), List.of()))
                .isFalse();
        assertThat(BoxedConnections.lost(before, List.of(SENDS)))
                .as("a group has gone")
                .isTrue();
        assertThat(BoxedConnections.lost(List.of(more), List.of(HEARS))).isTrue();
        assertThat(BoxedConnections.lost(List.of(HEARS), List.of(Groups.group("hears"))))
                .as("of ingress")
                .isTrue();
    }

    /** Their marks follow from the rules' names, and so stay when a rule loses a box or a port. */
    @Test
    void whatRulesWithBudgetsLoseIsLostToo() {
        GroupRuleset budgeted = Groups.budgeted(
                Groups.group("sends"),
                List.of(new Budget("rule", 1024L, null)),
                new Budgeted(
                        List.of(0),
                        List.of(new Allow("192.0.2.0/24", Protocol.UDP, 53, 53)),
                        List.of(Groups.name("a.test", Protocol.TCP, 443))));
        GroupBudgets marks = GroupBudgets.of(budgeted);
        int box = Objects.requireNonNull(marks.boxMarks().get(List.of(0)));
        int name = marks.nameMarks().values().iterator().next();
        BoxedConnections connections =
                new BoxedConnections(Map.of(Ipv4.parse("100.80.4.2"), "sends"), List.of(budgeted));

        assertThat(connections.lack(begun("192.0.2.9", 17, 53, box))).isFalse();
        assertThat(connections.lack(begun("192.0.3.9", 17, 53, box)))
                .as("a box that went")
                .isTrue();
        assertThat(connections.lack(begun("198.51.100.1", 6, 443, name))).isFalse();
        assertThat(connections.lack(begun("198.51.100.1", 6, 444, name)))
                .as("a port that went")
                .isTrue();
        assertThat(connections.lack(begun("198.51.100.1", 6, 443, box ^ 1)))
                .as("of another rule")
                .isTrue();
        assertThat(BoxedConnections.lost(
                        List.of(budgeted),
                        List.of(Groups.budgeted(
                                Groups.group("sends"),
                                budgeted.budgets(),
                                new Budgeted(
                                        List.of(0),
                                        List.of(new Allow("192.0.2.0/24", Protocol.UDP, 53, 53)),
                                        List.of())))))
                .as("a name")
                .isTrue();
    }

    private static Begun begun(String destination, int protocol, int port, int mark) {
        return new Begun(Ipv4.parse("100.80.4.2"), Ipv4.parse(destination), protocol, port, mark);
    }
}
