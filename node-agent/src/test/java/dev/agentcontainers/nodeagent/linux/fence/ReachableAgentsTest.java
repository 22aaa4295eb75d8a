package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is asked where, and that neither the kernel nor the fence's own thread is waited for. */
@Timeout(60)
class ReachableAgentsTest {
    private static final SandboxId ONE = new SandboxId("one");
    private static final SandboxId OTHER = new SandboxId("other");
    private static final Ipv4 ADDRESS = Ipv4.parse("100.80.0.2");
    private static final Ipv4 NEXT = Ipv4.parse("100.80.0.3");
    private static final int ENODEV = 19;

    private final RecordingSystem system = new RecordingSystem();
    private final Sockets sockets = new Sockets();
    private Place fence;
    private ReachableAgents agents;

    @BeforeEach
    void open() throws IOException {
        fence = system.place();
        agents = new ReachableAgents(NamespaceThread.in(fence.namespace(), "asking"), sockets);
    }

    @AfterEach
    void close() {
        agents.close();
        fence.close();
        sockets.closeAll();
    }

    /** Of which each is one end of a pipe. */
    private static final class Sockets implements SocketCalls {
        private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        private final List<Integer> otherEnds = new CopyOnWriteArrayList<>();
        private final List<String> connected = new CopyOnWriteArrayList<>();
        private volatile int errno;

        @Override
        public int connecting(Ipv4 from, Ipv4 to, int port, String networkInterface, int mark)
                throws SystemCallException {
            if (errno != 0) {
                throw new SystemCallException("connect to " + to + ":" + port, errno, "made to fail");
            }
            int[] ends = new int[2];
            assertThat(descriptors.pipe(ends)).isZero();
            otherEnds.add(ends[0]);
            connected.add(from + " to " + to + ":" + port + " by " + networkInterface + " marked " + mark);
            return ends[1];
        }

        void closeAll() {
            otherEnds.forEach(descriptors::close);
        }

        @Override
        public Optional<SystemCallException> failure(int descriptor) {
            return Optional.empty();
        }

        @Override
        public int datagrams(Ipv4 address, int port) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public int streams(Ipv4 address, int port) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public int transparentStreams(Ipv4 address, int port) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public void close(int descriptor) {
            throw new UnsupportedOperationException("not part of these tests");
        }
    }

    private static String connection(Ipv4 to, SandboxId id) {
        return "169.254.1.1 to " + to + ":80 by " + Names.agentInterface(id) + " marked " + ProbeConnection.MARK;
    }

    private void ask(SandboxId id) throws Exception {
        try (ProbeConnection connection = agents.connect(id, 80)) {
            connection.await();
        }
    }

    private void assertUnreachable(SandboxId id) {
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> agents.connect(id, 80))
                .withMessageContaining("sandbox " + id.value() + " is not attached to the fence")
                .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT));
    }

    @Test
    void whoWasNeverAttachedIsNotAsked() {
        agents.add(Names.agentInterface(OTHER), ADDRESS);

        assertUnreachable(ONE);

        assertThat(sockets.connected).isEmpty();
    }

    @Test
    void whoIsAttachedIsAskedWhereItIsUntilItIsDetached() throws Exception {
        agents.add(Names.agentInterface(ONE), ADDRESS);
        ask(ONE);
        agents.add(Names.agentInterface(ONE), NEXT);
        ask(ONE);
        agents.remove(Names.agentInterface(ONE));

        assertUnreachable(ONE);

        assertThat(sockets.connected).containsExactly(connection(ADDRESS, ONE), connection(NEXT, ONE));
    }

    @Test
    void whoIsFoundIsAskedAndNobodyElse() throws Exception {
        agents.add(Names.agentInterface(OTHER), NEXT);

        agents.are(Map.of(Names.agentInterface(ONE), ADDRESS));

        ask(ONE);
        assertUnreachable(OTHER);
        assertThat(sockets.connected).containsExactly(connection(ADDRESS, ONE));
    }

    /** That thread runs nftables, which may take seconds. */
    @Test
    void whatTheFenceDoesIsNotWaitedForAndTheKernelNotAsked() throws Exception {
        agents.add(Names.agentInterface(ONE), ADDRESS);
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        Thread transaction = Thread.ofVirtual().start(() -> occupyFence(busy, free));
        busy.await();
        try {
            ask(ONE);
        } finally {
            free.countDown();
        }
        transaction.join();

        assertThat(system.route.actions()).isEmpty();
        assertThat(system.filter.actions()).isEmpty();
        assertThat(system.nftables.transactions()).isEmpty();
    }

    private void occupyFence(CountDownLatch busy, CountDownLatch free) {
        try {
            fence.thread().call(() -> {
                busy.countDown();
                free.await();
                return true;
            });
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As where the agent's last process has taken its interface along. */
    @Test
    void anInterfaceThatHasGoneIsSaidToBe() {
        agents.add(Names.agentInterface(ONE), ADDRESS);
        sockets.errno = ENODEV;

        assertThatExceptionOfType(SystemCallException.class).isThrownBy(() -> agents.connect(ONE, 80));
    }

    @Test
    void aFenceThatWasClosedAsksNobody() {
        agents.add(Names.agentInterface(ONE), ADDRESS);
        agents.close();

        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> agents.connect(ONE, 80))
                .withMessageContaining("the fence was closed");
    }
}
