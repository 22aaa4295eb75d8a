package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.fence.GroupBudgets.MarkedBox;
import dev.agentcontainers.policy.RulesetHash;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class GroupBudgetsTest {
    private static final Budget A = Groups.budget("a", 1 << 20);
    private static final Budget B = new Budget("EgressPolicy/sites spec.egress[b]", null, 1024L);

    private static final GroupRuleset BOTH = Groups.budgeted(
            Groups.group("g"),
            List.of(A, B),
            new Budgeted(List.of(0), Groups.at("192.0.2.1", 80), List.of()),
            new Budgeted(
                    List.of(0, 1),
                    Groups.at("192.0.2.2", 80),
                    List.of(
                            Groups.name("a.example.org", Protocol.TCP, 443),
                            Groups.name("b.example.org", Protocol.TCP, 443))));

    @Test
    void eachMarkIsChargedToItsRules() {
        GroupBudgets budgets = GroupBudgets.of(BOTH);
        assertThat(budgets.allMarks()).hasSize(4).allMatch(ConnectionMark.BUDGETED::isOf);
        assertThat(budgets.byMark().values())
                .containsExactlyInAnyOrder(List.of(A), List.of(A, B), List.of(A, B), List.of(A, B));
        assertThat(budgets.byMark().keySet()).isEqualTo(budgets.allMarks());
    }

    /** They have neither a mark nor a limit: packets of such connections pass no chain in which they are charged. */
    @Test
    void whatIsRelayedTheKernelChargesNothingTo() {
        GroupBudgets budgets = GroupBudgets.of(Groups.budgeted(
                Groups.group("g"),
                List.of(A, B),
                new Budgeted(List.of(0), Groups.at("192.0.2.1", 80), List.of()),
                new Budgeted(
                        List.of(1),
                        List.of(),
                        List.of(),
                        List.of(Groups.name("a.example.org", Protocol.TCP, 443)),
                        null,
                        null)));
        assertThat(budgets.charged()).containsExactly(A);
        assertThat(budgets.relayed()).containsExactly(B);
        assertThat(budgets.allMarks()).hasSize(1);
        assertThat(budgets.ports()).isEmpty();
    }

    /** A connection keeps what it is charged to when other rules come and go, and in another group. */
    @Test
    void marksFollowFromTheRulesAlone() {
        GroupBudgets more = GroupBudgets.of(Groups.budgeted(
                Groups.group("h"),
                List.of(Groups.budget("0", 5), A, B),
                new Budgeted(List.of(0), Groups.at("192.0.2.9", 80), List.of()),
                new Budgeted(
                        List.of(1, 2),
                        Groups.at("192.0.2.3", 81),
                        List.of(Groups.name("b.example.org", Protocol.TCP, 443)))));
        assertThat(GroupBudgets.of(BOTH).allMarks())
                .containsAll(Set.of(
                        Objects.requireNonNull(more.boxMarks().get(List.of(1, 2))),
                        more.mark("b.example.org", new NamedPort(Protocol.TCP, 443))
                                .orElseThrow()));
        assertThat(more.digest()).isNotEqualTo(GroupBudgets.of(BOTH).digest());
    }

    @Test
    void whatIsReadBackHashesLikeWhatWasApplied() {
        GroupBudgets budgets = GroupBudgets.of(BOTH);
        List<MarkedBox> read = budgets.boxes(false);
        assertThat(RulesetHash.of(
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        budgets.budgets(),
                        budgets.held(read)))
                .isEqualTo(BOTH.hash());
        int only = Objects.requireNonNull(budgets.boxMarks().get(List.of(0)));
        List<MarkedBox> swapped =
                read.stream().map(each -> new MarkedBox(each.box(), only)).collect(Collectors.toList());
        assertThat(RulesetHash.of(
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        budgets.budgets(),
                        budgets.held(swapped)))
                .isNotEqualTo(BOTH.hash());
        assertThatThrownBy(
                        () -> budgets.held(List.of(new MarkedBox(read.getFirst().box(), 7))))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void namesAreKnownByTheirOwnPortsOnly() {
        GroupBudgets budgets = GroupBudgets.of(BOTH);
        assertThat(budgets.mark("a.example.org", new NamedPort(Protocol.TCP, 443)))
                .isPresent();
        assertThat(budgets.mark("a.example.org", new NamedPort(Protocol.TCP, 444)))
                .isEmpty();
        assertThat(budgets.mark("a.example.org", new NamedPort(Protocol.UDP, 443)))
                .isEmpty();
        assertThat(budgets.mark("x.a.example.org", new NamedPort(Protocol.TCP, 443)))
                .isEmpty();
        assertThat(budgets.ports()).hasSize(2);
    }

    /** Flows that have become QUIC are not told from others: where it is taken back their mark must be none any more. */
    @Test
    void portsToWhichQuicPassesHaveAMarkOfTheirOwn() {
        NamedPort quic = new NamedPort(Protocol.UDP, 4000);
        NamedPort other = new NamedPort(Protocol.UDP, 4001);
        NamedPort tcp = new NamedPort(Protocol.TCP, 443);
        GroupBudgets with = GroupBudgets.of(quic(List.of(Groups.name("a.example.org", Protocol.UDP, 4000))));
        GroupBudgets without = GroupBudgets.of(quic(List.of(Groups.name("a.example.org", Protocol.UDP, 4002))));

        assertThat(with.mark("a.example.org", quic)).isNotEqualTo(without.mark("a.example.org", quic));
        assertThat(without.allMarks())
                .doesNotContain(with.mark("a.example.org", quic).orElseThrow());
        assertThat(List.of(with.mark("a.example.org", other), with.mark("a.example.org", tcp)))
                .containsOnly(without.mark("a.example.org", quic));
        assertThat(with.byMark().keySet()).isEqualTo(with.allMarks());
        assertThat(with.ports()).extracting(MarkedPort::port).containsExactlyInAnyOrder(quic, other, tcp);
        assertThat(with.digest()).isNotEqualTo(without.digest());
        assertThat(without).as("at a port that is none of these").isEqualTo(GroupBudgets.of(quic(List.of())));
    }

    private static GroupRuleset quic(List<AllowedName> quic) {
        List<Budgeted> budgeted = List.of(new Budgeted(
                List.of(0),
                List.of(),
                List.of(
                        new AllowedName("a.example.org", Protocol.UDP, 4000, 4001),
                        Groups.name("a.example.org", Protocol.TCP, 443))));
        return new GroupRuleset(
                "g",
                RulesetHash.of(
                        List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(A), budgeted, quic),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(A),
                budgeted,
                List.of(),
                quic);
    }

    @Test
    void whatIsChargedToNothingIsRefused() {
        for (List<Integer> places : List.of(List.<Integer>of(), List.of(2), List.of(-1), List.of(0, 0, 0, 0, 0))) {
            GroupRuleset ruleset = Groups.budgeted(
                    Groups.group("g"), List.of(A, B), new Budgeted(places, Groups.at("192.0.2.1", 80), List.of()));
            assertThatThrownBy(() -> GroupBudgets.of(ruleset))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("policy group 'g': budgeted");
        }
    }

    /** A packet passes only where an element leads it to a quota. */
    @Test
    void theChainsOnlyTakeAway() {
        assertThat(BudgetRules.text().lines().filter(line -> line.endsWith(" accept")))
                .allMatch(line -> line.contains(" quota name ") || line.contains("budgets ct mark & "));
        assertThat(BudgetRules.text())
                .contains(
                        "add rule inet agentfence budgets ct mark & 3221225472 != 3221225472 accept\n",
                        "add rule inet agentfence spend_sent goto used_up\n",
                        "add rule inet agentfence spend_received drop\n",
                        "add rule inet agentfence used_up drop\n");
    }
}
