package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Granted;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.GiveBack;
import dev.agentcontainers.protocol.names.ProxyMessage.Spend;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The most that a proxy in foreign hands can do with budgets. */
class LoansTest {
    private final RecordingFence recording = new RecordingFence();
    private final NamesFence fence = new NamesFence(recording);
    private final Loans loans = new Loans(fence);

    @BeforeEach
    void prepare() throws Exception {
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        fence.apply(List.of(
                new GroupRuleset(
                        "spending",
                        "h1",
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(new Budget("relayed", 1L << 20, null), new Budget("direct", 1L << 20, null)),
                        List.of(
                                new Budgeted(
                                        List.of(0),
                                        List.of(),
                                        List.of(),
                                        List.of(new AllowedName("www.example.org", Protocol.TCP, 443, 443)),
                                        null,
                                        null),
                                new Budgeted(
                                        List.of(1),
                                        List.of(new Allow("192.0.2.0/24", Protocol.TCP, 80, 80)),
                                        List.of()))),
                new GroupRuleset("other", "h2", List.of())));
        fence.attach(new SandboxId("a"), new NetworkAttachment(1), "spending");
        fence.attach(new SandboxId("b"), new NetworkAttachment(2), "other");
    }

    private NodeMessage spend(String spender, String rule, long bytes) {
        return loans.spend(new Spend(7, spender, rule, bytes));
    }

    @Test
    void whatARuleOfTheGroupHasIsLent() {
        assertThat(spend("a", "relayed", 500)).isEqualTo(new Granted(7, 500));
        assertThat(recording.opened()).containsExactly("lent 500 to a of relayed");
    }

    @ParameterizedTest
    @CsvSource({
        "b, relayed, 500",
        "c, relayed, 500",
        "a, direct, 500",
        "a, another, 500",
        "a, relayed, 0",
        "a, relayed, -5",
        "a, relayed, 1048577",
    })
    void nothingElseIs(String spender, String rule, long bytes) {
        assertThat(spend(spender, rule, bytes)).isInstanceOf(Refused.class);
        assertThat(recording.opened()).isEmpty();
    }

    @Test
    void whatTheFenceDoesNotChargeIsNotLent() {
        recording.refuse();
        assertThat(spend("a", "relayed", 500)).isInstanceOf(Refused.class);
    }

    /** The proxy asks again four times a second. */
    @Test
    void whatLastsIsWarnedOfOnce() {
        recording.refuse();
        for (int i = 0; i < 3; i++) {
            spend("a", "relayed", 500);
            spend("a", "another", 500);
        }
        assertThat(loans.warnings()).isEqualTo(2);
        for (int i = 0; i < 1000; i++) {
            spend("a", "rule " + i, 500);
        }
        assertThat(loans.warnings()).as("with names that are made up").isEqualTo(64);
    }

    @Test
    void nobodyGivesBackMoreThanWasLentNorTwice() {
        spend("a", "relayed", 500);
        spend("a", "relayed", 100);
        loans.giveBack(new GiveBack("a", "relayed", 5000));
        loans.giveBack(new GiveBack("a", "relayed", 500));
        assertThat(recording.opened()).last().isEqualTo("taken back 600 from a of relayed");
    }

    /** Whatever it had: who says that it was not used is another one. */
    @Test
    void whatAProxyHadThatIsGoneIsNeverGivenBack() {
        spend("a", "relayed", 500);
        new Loans(fence).giveBack(new GiveBack("a", "relayed", 500));
        assertThat(recording.opened()).containsExactly("lent 500 to a of relayed");
    }

    @Test
    void nothingIsGivenBackOfARuleThatHasGone() throws Exception {
        spend("a", "relayed", 500);
        fence.apply(List.of(new GroupRuleset("spending", "h3", List.of())));
        loans.giveBack(new GiveBack("a", "relayed", 500));
        assertThat(recording.opened()).containsExactly("lent 500 to a of relayed");
    }
}
