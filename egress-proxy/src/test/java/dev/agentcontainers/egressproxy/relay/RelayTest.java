package dev.agentcontainers.egressproxy.relay;

import static dev.agentcontainers.egressproxy.Hellos.named;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.Hellos;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForTls;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections by the loopback interface, as the fence hands them over. */
class RelayTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String AGENT = "127.0.0.2";
    private static final String NAME = "www.example.org";
    private static final RelayLimits LIMITS = new RelayLimits(
            8, 3, 4, 3, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ofMinutes(1));

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final List<TlsDecision> decisions = new CopyOnWriteArrayList<>();
    private final TlsNames names = new TlsNames(System::nanoTime);
    private final List<Socket> clients = new ArrayList<>();
    private ServerSocket server;
    private InterceptedConnections connections;
    private InetSocketAddress proxy;

    @BeforeEach
    void listen() throws Exception {
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        start(LIMITS);
    }

    private void start(RelayLimits limits) throws InterruptedException {
        allow(new TlsName(NAME, server.getLocalPort(), server.getLocalPort()));
        names.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        InetSocketAddress meant = (InetSocketAddress) server.getLocalSocketAddress();
        connections = new InterceptedConnections(
                new ForTls(names, decisions::add),
                new ForHttp(HttpNames.plain(System::nanoTime), _ -> {}),
                Decrypting.NOTHING,
                LentBudgets.none(group),
                Clock.systemUTC(),
                limits,
                _ -> meant);
        proxy = (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(connections)
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
    }

    private void allow(TlsName... allowed) {
        names.configure(new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME)),
                Map.of("g", List.of(allowed)),
                List.of(),
                NameLimits.DEFAULT));
    }

    @AfterEach
    void close() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        server.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        clients.add(socket);
        socket.bind(new InetSocketAddress(AGENT, 0));
        socket.connect(proxy);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private Socket connect(byte[] beginning) throws IOException {
        Socket socket = connect();
        socket.getOutputStream().write(beginning);
        return socket;
    }

    private Socket accept() throws IOException {
        server.setSoTimeout((int) PATIENCE.toMillis());
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        clients.add(accepted);
        return accepted;
    }

    private List<TlsVerdict> verdicts() {
        return decisions.stream().map(TlsDecision::verdict).toList();
    }

    private void awaitVerdicts(TlsVerdict... verdicts) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(verdicts()).containsExactly(verdicts));
    }

    /** What a client reads until its connection is reset. */
    private static byte[] readUntilReset(Socket socket) throws IOException {
        byte[] read = new byte[64];
        int count = 0;
        try {
            for (int more = 0; more >= 0; more = socket.getInputStream().read(read, count, read.length - count)) {
                count += more;
            }
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
            return Arrays.copyOf(read, count);
        }
        throw new AssertionError("an orderly end after " + count + " bytes");
    }

    @Test
    void bytesGoBothWaysAsTheyAre() throws Exception {
        byte[] hello = Hellos.ofJdk(NAME, "TLSv1.3");
        Socket client = connect(hello);
        Socket accepted = accept();
        assertThat(accepted.getInputStream().readNBytes(hello.length)).isEqualTo(hello);

        byte[] much = new byte[8 << 20];
        new Random(1).nextBytes(much);
        for (Socket[] pair : new Socket[][] {{client, accepted}, {accepted, client}}) {
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    pair[0].getOutputStream().write(much);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(pair[1].getInputStream().readNBytes(much.length)).isEqualTo(much);
            sender.join();
        }
        awaitVerdicts(TlsVerdict.PASSED);
        assertThat(decisions.getFirst()).satisfies(decision -> {
            assertThat(decision.agent()).isEqualTo(AGENT);
            assertThat(decision.serverName()).isEqualTo(NAME);
            assertThat(decision.address()).isEqualTo("127.0.0.1");
            assertThat(decision.port()).isEqualTo(server.getLocalPort());
        });
    }

    @Test
    void aHelloInManyPacketsPasses() throws Exception {
        byte[] hello = named(NAME);
        Socket client = connect();
        client.setTcpNoDelay(true);
        for (byte each : hello) {
            client.getOutputStream().write(each);
            client.getOutputStream().flush();
        }
        assertThat(accept().getInputStream().readNBytes(hello.length)).isEqualTo(hello);
    }

    @Test
    void whatFollowsTheHelloAtOnceFollowsIt() throws Exception {
        byte[] both = Hellos.join(named(NAME), "early".getBytes(StandardCharsets.US_ASCII));
        connect(both);
        assertThat(accept().getInputStream().readNBytes(both.length)).isEqualTo(both);
    }

    @Test
    void eitherDirectionEndsByItself() throws Exception {
        byte[] hello = named(NAME);
        Socket client = connect(hello);
        client.shutdownOutput();
        Socket accepted = accept();
        assertThat(accepted.getInputStream().readAllBytes()).isEqualTo(hello);

        accepted.getOutputStream().write("answer".getBytes(StandardCharsets.US_ASCII));
        assertThat(client.getInputStream().readNBytes(6)).asString().isEqualTo("answer");
        accepted.close();
        assertThat(client.getInputStream().read()).as("the end").isEqualTo(-1);
    }

    @Test
    void theServersEndLetsTheClientFinish() throws Exception {
        byte[] hello = named(NAME);
        Socket client = connect(hello);
        Socket accepted = accept();
        accepted.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);

        client.getOutputStream().write("last".getBytes(StandardCharsets.US_ASCII));
        client.close();
        assertThat(accepted.getInputStream().readNBytes(hello.length)).isEqualTo(hello);
        assertThat(accepted.getInputStream().readAllBytes()).asString().isEqualTo("last");
    }

    @Test
    void aResetIsHandedOn() throws Exception {
        Socket client = connect(named(NAME));
        Socket accepted = accept();
        accepted.getInputStream().readNBytes(5);
        accepted.setSoLinger(true, 0);
        accepted.close();
        assertThat(readUntilReset(client)).isEmpty();
    }

    /** The sender has to wait where the receiver does not read, and no other has to. */
    @Test
    void whoDoesNotReadMakesNobodyElseWait() throws Exception {
        Socket lazy = connect(named(NAME));
        Socket flooding = accept();
        Thread flood = Thread.ofVirtual().start(() -> {
            try (var out = flooding.getOutputStream()) {
                out.write(new byte[64 << 20]);
            } catch (IOException e) {
                // Its connection is closed in the end.
            }
        });
        byte[] hello = named(NAME);
        connect(hello);
        assertThat(accept().getInputStream().readNBytes(hello.length)).isEqualTo(hello);
        assertThat(flood.isAlive()).as("64 MiB wait").isTrue();
        lazy.close();
        flood.join();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsRefusedIsToldAndReset(Refusal refusal) throws Exception {
        Socket client = connect(refusal.bytes);

        assertThat(readUntilReset(client)).isEqualTo(refusal.answer);
        awaitVerdicts(refusal.verdict);
        server.setSoTimeout(200);
        assertThatExceptionOfType(java.net.SocketTimeoutException.class)
                .as("nobody is connected to")
                .isThrownBy(server::accept);
    }

    /** What can't pass, and what it is answered. */
    enum Refusal {
        OTHER_NAME(named("attacker.test"), TlsVerdict.OTHER_NAME, 112),
        NO_NAME(Hellos.with(), TlsVerdict.NO_SERVER_NAME, 112),
        ENCRYPTED(named(NAME, Hellos.extension(0xfe0d, new byte[9])), TlsVerdict.ENCRYPTED_HELLO, 49),
        SPLIT(Hellos.record(new byte[] {1, 0, 1, 0, 3}), TlsVerdict.SPLIT, 49),
        MALFORMED(Hellos.record(Hellos.message(new byte[1])), TlsVerdict.MALFORMED, 49),
        NOT_TLS("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII), TlsVerdict.NOT_TLS, 0);

        private final byte[] bytes;
        private final TlsVerdict verdict;
        private final byte[] answer;

        Refusal(byte[] bytes, TlsVerdict verdict, int alert) {
            this.bytes = bytes;
            this.verdict = verdict;
            this.answer = alert == 0 ? new byte[0] : new byte[] {21, 3, 3, 0, 2, 2, (byte) alert};
        }
    }

    @Test
    void whoIsSlowIsReset() throws Exception {
        start(new RelayLimits(
                8,
                3,
                4,
                3,
                Duration.ofMillis(300),
                Duration.ofSeconds(10),
                Duration.ofMinutes(1),
                Duration.ofMinutes(1)));
        Socket silent = connect();
        Socket slow = connect(Arrays.copyOf(named(NAME), 40));

        assertThat(readUntilReset(silent)).isEmpty();
        assertThat(readUntilReset(slow)).isEmpty();
        awaitVerdicts(TlsVerdict.INCOMPLETE, TlsVerdict.INCOMPLETE);
    }

    @Test
    void whoEndsBeforeTheHelloDoesIsReset() throws Exception {
        Socket client = connect(Arrays.copyOf(named(NAME), 40));
        client.shutdownOutput();
        assertThat(readUntilReset(client)).isEmpty();
        awaitVerdicts(TlsVerdict.INCOMPLETE);
    }

    @Test
    void anAgentHasSoManyOnly() throws Exception {
        List<Socket> some = new ArrayList<>();
        for (int i = 0; i < LIMITS.mostOfAgent(); i++) {
            some.add(connect(named(NAME)));
            accept();
        }
        assertThat(readUntilReset(connect())).isEmpty();
        await().atMost(PATIENCE).until(() -> verdicts().contains(TlsVerdict.TOO_MANY));

        some.getFirst().setSoLinger(true, 0);
        some.getFirst().close();
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
            Socket again = connect(named(NAME));
            server.setSoTimeout(500);
            server.accept().close();
            again.close();
        });
    }

    /** Or an agent could leave behind more of them than there are descriptors. */
    @Test
    void whoLeavesWhileTheOtherSideDoesNotAnswerLeavesNothing() throws Exception {
        server.close();
        server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        start(new RelayLimits(
                8,
                3,
                4,
                3,
                Duration.ofSeconds(10),
                Duration.ofMinutes(5),
                Duration.ofMinutes(1),
                Duration.ofMinutes(1)));
        InetSocketAddress full = (InetSocketAddress) server.getLocalSocketAddress();
        for (int i = 0; i < 2; i++) {
            Socket waiting = new Socket();
            clients.add(waiting);
            waiting.connect(full);
        }
        for (int i = 0; i < 3; i++) {
            connect(named(NAME));
        }
        await().atMost(PATIENCE).until(() -> connecting(full.getPort()) == 3);
        assertThat(readUntilReset(connect())).isEmpty();
        await().atMost(PATIENCE).until(() -> verdicts().contains(TlsVerdict.TOO_MANY));

        for (Socket client : clients) {
            client.setSoLinger(true, 0);
            client.close();
        }

        await().atMost(PATIENCE).until(() -> connecting(full.getPort()) == 0);
    }

    /** Connections of this machine to that port that have no answer yet. Source: proc_pid_net(5), SYN_SENT. */
    private static long connecting(int port) throws IOException {
        String remote = ":%04X".formatted(port);
        List<String> lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/self/net/tcp")));
        lines.addAll(Files.readAllLines(Path.of("/proc/self/net/tcp6")));
        return lines.stream()
                .map(line -> line.strip().split("\\s+", -1))
                .filter(fields -> fields[2].endsWith(remote) && fields[3].equals("02"))
                .count();
    }

    @Test
    void takenBackNamesCutWhatPassesByThemAndNothingElse() throws Exception {
        Socket client = connect(named(NAME));
        Socket accepted = accept();
        accepted.getInputStream().readNBytes(named(NAME).length);

        int port = server.getLocalPort();
        allow(new TlsName(NAME, port, port), new TlsName("more.example.org", port, port));
        group.submit(connections::cutRevoked).sync();
        client.getOutputStream().write(7);
        assertThat(accepted.getInputStream().read()).as("another name came").isEqualTo(7);

        allow(new TlsName("more.example.org", port, port));
        group.submit(connections::cutRevoked).sync();
        assertThat(readUntilReset(client)).isEmpty();
        assertThat(readUntilReset(accepted)).isEmpty();
        awaitVerdicts(TlsVerdict.PASSED, TlsVerdict.REVOKED);
    }

    @Test
    void whatIsIdleForLongIsCut() throws Exception {
        start(new RelayLimits(
                8,
                3,
                4,
                3,
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofMillis(300),
                Duration.ofMinutes(1)));
        Socket client = connect(named(NAME));
        accept();
        assertThat(readUntilReset(client)).isEmpty();
    }

    @Test
    void whereNobodyAnswersTheClientIsReset() throws Exception {
        server.close();
        assertThat(readUntilReset(connect(named(NAME)))).isEmpty();
        awaitVerdicts(TlsVerdict.UNREACHABLE);
    }

    /** Bytes that no client sends at once, so that they come while the server is being connected to. */
    @Test
    void muchAtOnceIsNotLost() throws Exception {
        byte[] much = new byte[1 << 20];
        new Random(2).nextBytes(much);
        byte[] all = Hellos.join(named(NAME), much);
        Socket client = connect();
        Thread.ofVirtual().start(() -> {
            try {
                client.getOutputStream().write(all);
                client.shutdownOutput();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        try (InputStream received = accept().getInputStream()) {
            assertThat(received.readAllBytes()).isEqualTo(all);
        }
    }
}
