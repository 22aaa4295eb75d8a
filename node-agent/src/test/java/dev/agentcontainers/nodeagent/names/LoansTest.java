package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Granted;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.GiveBack;
import dev.agentcontainers.protocol.names.ProxyMessage.Spend;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The most that a proxy in foreign hands can do with budgets. */
class LoansTest {
    private final RecordingFence recording = new RecordingFence();
    private final CountDownLatch takesBack = new CountDownLatch(1);
    private volatile CountDownLatch mayTakeBack = new CountDownLatch(0);
    private final NamesFence fence = new NamesFence(new ForwardingFence(recording) {
        @Override
        public void takeBack(SandboxId id, String rule, long bytes) throws SandboxException {
            takesBack.countDown();
            try {
                assertThat(mayTakeBack.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            super.takeBack(id, rule, bytes);
        }
    });
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

    /** The fence may be at work for others meanwhile. */
    @Test
    void aProxyIsNotSilentWhileItsRestIsTakenBack(@TempDir Path folder) throws Exception {
        mayTakeBack = new CountDownLatch(1);
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(address);
            try (SocketChannel proxy = SocketChannel.open(address);
                    ProxyConnection connection = new ProxyConnection(listener.accept())) {
                Thread served = Thread.ofVirtual()
                        .start(() -> connection.serve(
                                new Openings(fence, fence::closed, NameAudit.NONE),
                                new Certifications(fence, Optional.empty()),
                                loans,
                                NameAudit.NONE));
                MessageChannel<NodeMessage> messages =
                        new MessageChannel<>(proxy, NodeMessage.class, NodeMessage.MAXIMUM_LENGTH);
                messages.send(new Spend(7, "a", "relayed", 500));
                assertThat(messages.receive()).contains(new Granted(7, 500));
                messages.send(new GiveBack("a", "relayed", 500));
                assertThat(takesBack.await(20, TimeUnit.SECONDS)).isTrue();
                connection.ask(0);
                assertThat(connection.isSilent(Duration.ofMinutes(1).toNanos(), Duration.ofSeconds(10)))
                        .isFalse();
                mayTakeBack.countDown();
                proxy.shutdownOutput();
                served.join();
            }
        }
        assertThat(recording.opened()).last().isEqualTo("taken back 500 from a of relayed");
    }
}
