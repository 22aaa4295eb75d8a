package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper.Times;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EgressProxyKeeperTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final SandboxId AGENT = new SandboxId("agent");
    private static final long USER = 1_900_000_000L;

    /** Nothing waits long, but for a proxy's silence, which goes by the test's clock. */
    private static final Times TIMES = new Times(
            Duration.ofMillis(200),
            PATIENCE,
            Duration.ofMillis(5),
            Duration.ofMillis(20),
            Duration.ofMillis(5),
            SILENCE);

    @TempDir
    private Path folder;

    private final List<String> events = new CopyOnWriteArrayList<>();
    private final AtomicLong time = new AtomicLong();
    private final AtomicReference<List<String>> resolvers = new AtomicReference<>(List.of("192.0.2.53"));
    private final HoldingFence kernel = new HoldingFence();
    private final NamesFence fence = new NamesFence(kernel);
    private FakeProxies proxies;
    private EgressProxyKeeper keeper;

    /** A fence that tells what it holds the proxy to. */
    private final class HoldingFence extends ForwardingFence {
        private volatile boolean refusing;

        HoldingFence() {
            super(new RecordingFence());
        }

        @Override
        public long confineProxy(Collection<InetSocketAddress> to) throws SandboxException {
            if (refusing) {
                throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel has no nftables");
            }
            events.add("held to " + to);
            return USER;
        }

        @Override
        public NameServerSockets nameServerSockets() {
            return new NameServerSockets() {
                @Override
                public int datagrams() {
                    return -1;
                }

                @Override
                public int streams() {
                    return -1;
                }

                @Override
                public int intercepted() {
                    return -1;
                }

                @Override
                public int asked() {
                    return -1;
                }

                @Override
                public void close() {}
            };
        }
    }

    @BeforeEach
    void openFence() throws SandboxException {
        proxies = new FakeProxies(folder, events);
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        keeper = new EgressProxyKeeper(
                fence, proxies, resolvers::get, NameLimits.DEFAULT, Optional.empty(), NameAudit.NONE, TIMES, time::get);
    }

    @AfterEach
    void close() throws IOException, InterruptedException {
        keeper.close();
        proxies.kill();
    }

    private void allowAName() throws SandboxException {
        fence.apply(List.of(new GroupRuleset(
                "group",
                "hash",
                List.of(),
                List.of(),
                List.of(new AllowedName("www.example.org", Protocol.TCP, 443, 443)))));
    }

    private void start() throws SandboxException {
        fence.attach(AGENT, new NetworkAttachment(1), "group");
        allowAName();
        keeper.start();
    }

    private void awaitTold() {
        await().atMost(PATIENCE).until(() -> proxies.told().stream().anyMatch(NodeMessage.Configure.class::isInstance));
    }

    private long asked() {
        return proxies.told().stream().filter(NodeMessage.Ask.class::isInstance).count();
    }

    private void awaitAskedOftenAgain() {
        long before = asked();
        await().atMost(PATIENCE).until(() -> asked() > before + 3);
    }

    @Test
    void nothingIsStartedWithoutNames() throws SandboxException {
        keeper.start();
        await().during(Duration.ofMillis(100)).atMost(PATIENCE).until(events::isEmpty);

        allowAName();

        await().atMost(PATIENCE).until(() -> proxies.started() == 1);
    }

    @Test
    void itIsHeldToItsResolversBeforeItIsStartedAndTold() throws SandboxException {
        start();
        awaitTold();

        assertThat(events.stream().distinct())
                .startsWith("held to [/192.0.2.53:53]", "started as " + USER, "told [192.0.2.53]");
    }

    @Test
    void itIsHeldToOtherResolversBeforeItIsToldOfThem() throws SandboxException {
        start();
        awaitTold();

        resolvers.set(List.of("127.0.0.53", "[2001:db8::53]:5353"));

        String told = "told [127.0.0.53, [2001:db8::53]:5353]";
        await().atMost(PATIENCE).until(() -> events.contains(told));
        assertThat(events.indexOf("held to [/127.0.0.53:53, /[2001:db8:0:0:0:0:0:53]:5353]"))
                .isBetween(0, events.indexOf(told));
        assertThat(proxies.started()).isEqualTo(1);
    }

    @Test
    void oneThatCannotBeHeldIsNotStarted() throws SandboxException {
        kernel.refusing = true;
        start();

        await().atMost(PATIENCE).until(() -> !keeper.warnings().isEmpty());
        assertThat(keeper.warnings())
                .singleElement()
                .asString()
                .contains("agents can't resolve names")
                .contains("the kernel has no nftables");
        assertThat(proxies.started()).isZero();

        kernel.refusing = false;
        awaitTold();
        await().atMost(PATIENCE).until(() -> keeper.warnings().isEmpty());
    }

    @Test
    void oneThatCannotBeHeldAnyLongerIsEnded() throws SandboxException {
        start();
        awaitTold();

        kernel.refusing = true;

        await().atMost(PATIENCE)
                .until(() -> !proxies.isRunning() && !keeper.warnings().isEmpty());
        assertThat(proxies.started()).isEqualTo(1);
    }

    @Test
    void oneThatSaysNothingIsReplacedAfterAWhile() throws SandboxException {
        start();
        awaitTold();
        proxies.hang();
        awaitAskedOftenAgain();
        assertThat(proxies.started()).as("while its time is not over").isEqualTo(1);

        time.addAndGet(SILENCE.toNanos() + 1);

        await().atMost(PATIENCE)
                .until(() -> proxies.started() == 2 && !proxies.told().isEmpty());
        assertThat(events).contains("killed");
    }

    /** So that whoever speaks to it may have to wait for ever. */
    @Test
    void oneThatTakesNothingIsReplaced() throws SandboxException {
        start();
        awaitTold();
        proxies.stop();
        awaitQuiet();

        time.addAndGet(SILENCE.toNanos() + 1);

        await().atMost(PATIENCE).until(() -> proxies.started() == 2);
    }

    /** Until the last message that it takes. */
    private void awaitQuiet() {
        await().atMost(PATIENCE).until(() -> {
            long before = asked();
            Thread.sleep(TIMES.look().multipliedBy(10));
            return asked() == before;
        });
    }

    @Test
    void itIsToldOnceWhatHolds() throws SandboxException {
        start();
        awaitTold();
        awaitAskedOftenAgain();

        assertThat(proxies.told())
                .filteredOn(NodeMessage.Configure.class::isInstance)
                .hasSize(1);
    }

    /** What agents were opened by their former rules is closed. */
    @Test
    void itIsToldToForgetBeforeItIsToldOfOtherRules() throws SandboxException {
        start();
        awaitTold();
        awaitAskedOftenAgain();
        int before = proxies.told().size();
        fence.apply(List.of(new GroupRuleset(
                "group",
                "another hash",
                List.of(),
                List.of(),
                List.of(new AllowedName("www.example.net", Protocol.TCP, 443, 443)))));

        await().atMost(PATIENCE)
                .until(() -> proxies.told().stream()
                                .skip(before)
                                .filter(NodeMessage.Configure.class::isInstance)
                                .count()
                        == 1);
        assertThat(proxies.told().stream().skip(before).filter(message -> !(message instanceof NodeMessage.Ask)))
                .hasExactlyElementsOfTypes(NodeMessage.Forget.class, NodeMessage.Configure.class);
        awaitAskedOftenAgain();
        assertThat(proxies.told().stream().skip(before).filter(NodeMessage.Forget.class::isInstance))
                .as("once")
                .hasSize(1);
    }

    /** It cuts what passes there, and asks again for what it had opened. */
    @Test
    void itIsToldWithinASecondWhatIsClosed() throws SandboxException {
        start();
        awaitTold();
        awaitAskedOftenAgain();
        int before = proxies.told().size();
        fence.neverAllow(List.of("198.51.100.0/24"));

        await().atMost(Duration.ofSeconds(1))
                .until(() -> proxies.told().stream().skip(before).anyMatch(NodeMessage.Configure.class::isInstance));
        List<NodeMessage> told = proxies.told().stream()
                .skip(before)
                .filter(message -> !(message instanceof NodeMessage.Ask))
                // What follows is of addresses that the machine gets or loses meanwhile.
                .limit(2)
                .toList();
        assertThat(told).hasExactlyElementsOfTypes(NodeMessage.Forget.class, NodeMessage.Configure.class);
        assertThat(((NodeMessage.Configure) told.getLast()).closed())
                .contains("198.51.100.0/24", "10.0.0.0/8", "127.0.0.1/32", "100.80.0.0/12", "169.254.0.0/16");

        fence.neverAllow(List.of());
        await().atMost(PATIENCE)
                .until(() -> proxies.told().stream()
                        .filter(NodeMessage.Configure.class::isInstance)
                        .reduce((_, later) -> later)
                        .filter(last -> !((NodeMessage.Configure) last).closed().contains("198.51.100.0/24"))
                        .isPresent());
    }

    @Test
    void oneThatAnswersIsLeftAlone() throws SandboxException {
        start();
        awaitTold();

        for (int i = 0; i < 3; i++) {
            awaitAskedOftenAgain();
            time.addAndGet(SILENCE.toNanos() / 2 + 1);
        }
        awaitAskedOftenAgain();

        assertThat(proxies.started()).isEqualTo(1);
    }

    @Test
    void oneOfAnEarlierNodeAgentIsTakenOver() throws Exception {
        proxies.run(FakeProxies.BUILD);
        start();
        awaitTold();

        assertThat(proxies.started()).isZero();
        assertThat(events).doesNotContain("killed");
        assertThat(events.getFirst()).startsWith("held to");
    }

    @Test
    void oneOfAnotherBuildIsReplaced() throws Exception {
        proxies.run(new Hello("another", "fence"));
        start();
        awaitTold();

        assertThat(proxies.started()).isEqualTo(1);
        assertThat(events).contains("killed");
    }

    @Test
    void itStaysForAgentsThatStayAndGoesWithTheLast() throws Exception {
        start();
        awaitTold();
        assertThat(fence.agents()).isEqualTo(Map.of("100.80.4.2", "group"));
        keeper.close();
        assertThat(proxies.isRunning()).isTrue();

        fence.detach(AGENT);
        keeper.close();
        assertThat(proxies.isRunning()).isFalse();
    }
}
