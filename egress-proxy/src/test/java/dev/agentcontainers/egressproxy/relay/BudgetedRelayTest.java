package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.Hellos;
import dev.agentcontainers.egressproxy.names.NameLookup.Result;
import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What passes here by rules with budgets, and what must not give agents more. */
class BudgetedRelayTest extends InterceptedHttp2 {
    private static final String AGENT = "127.0.0.2";
    private static final String FIRST = "inline/a spec.network.egress[a]";
    private static final String SECOND = "inline/b spec.network.egress[b]";
    private static final int LIMIT = 512 << 10;
    private static final int PIECE = 16 << 10;
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    @BeforeEach
    void limit() {
        lent.limit(FIRST, LIMIT);
    }

    private int port() {
        return server.getLocalPort();
    }

    private TlsName tls(@Nullable String budget) {
        return new TlsName(NAME, port(), port(), budget);
    }

    private HttpName http(String path, @Nullable String budget) {
        return new HttpName(NAME, port(), port(), List.of("GET", "POST"), List.of(path), List.of(), true, budget);
    }

    private void configure(List<TlsName> tls, List<HttpName> http, List<HttpName> https, Budget... its) {
        Configure all = new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME)),
                Map.of("g", tls),
                Map.of("g", http),
                Map.of("g", https),
                Map.of(),
                Map.of(AGENT, "a"),
                List.of(),
                List.of(),
                NameLimits.DEFAULT,
                Map.of("g", List.of(its)),
                Map.of(AGENT, "me"));
        budgets.configure(all);
        asked.configure(all);
        names.configure(all);
        plainNames.configure(all);
        tlsNames.configure(all);
        certified.configure(all);
        names.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        plainNames.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        tlsNames.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
    }

    private static Budget budget(String rule) {
        return new Budget(rule, (long) LIMIT, null);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress(AGENT, 0));
        socket.connect(proxy);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private Socket send(String text) throws IOException {
        Socket socket = connect();
        write(socket, text);
        return socket;
    }

    private Socket sayHello() throws IOException {
        Socket socket = connect();
        socket.getOutputStream().write(Hellos.named(NAME));
        return socket;
    }

    private Socket acceptPlain() throws IOException {
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(accepted);
        return accepted;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String read(Socket socket, String end) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        InputStream in = socket.getInputStream();
        for (int each = in.read(); each >= 0; each = in.read()) {
            read.write(each);
            if (!end.isEmpty() && read.toString(StandardCharsets.ISO_8859_1).endsWith(end)) {
                break;
            }
        }
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    /** Until the socket fails, from a thread of its own. */
    private static Thread flood(Socket socket) {
        return Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    socket.getOutputStream().write(new byte[PIECE]);
                }
            } catch (IOException cut) {
                // As it should be.
            }
        });
    }

    /** So many and no more. */
    private static void send(Socket socket, int count) {
        try {
            socket.getOutputStream().write(new byte[count]);
            socket.shutdownOutput();
        } catch (IOException cut) {
            // It is told by what has come.
        }
    }

    /** How many bytes come until the end, whatever that is. */
    private static long drain(Socket socket) {
        long count = 0;
        byte[] buffer = new byte[PIECE];
        try {
            for (int read = socket.getInputStream().read(buffer);
                    read >= 0;
                    read = socket.getInputStream().read(buffer)) {
                count += read;
            }
        } catch (IOException cut) {
            // As it should be.
        }
        return count;
    }

    private void awaitTls(TlsVerdict... verdicts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(tlsDecisions.stream().map(TlsDecision::verdict))
                        .containsExactly(verdicts));
    }

    @Test
    void aTunnelIsCutWhereItsBudgetEndsAndTheNextIsNotBegun() throws Exception {
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        Socket client = sayHello();
        Socket origin = acceptPlain();
        flood(origin);

        assertThat(drain(client)).isBetween((long) LIMIT - 6 * PIECE, (long) LIMIT);
        assertThat(lent.used(FIRST)).isEqualTo(LIMIT);
        awaitTls(TlsVerdict.PASSED, TlsVerdict.BUDGET_USED_UP);
        assertThat(sayHello().getInputStream().readNBytes(7)).isEqualTo(Alert.of(TlsVerdict.BUDGET_USED_UP));
        awaitTls(TlsVerdict.PASSED, TlsVerdict.BUDGET_USED_UP, TlsVerdict.BUDGET_USED_UP);
        assertNobodyConnects();
    }

    @Test
    void whatTheAgentSendsCountsAsWhatItGets() throws Exception {
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        Socket client = sayHello();
        Socket origin = acceptPlain();
        flood(client);
        assertThat(drain(origin)).isBetween((long) LIMIT - 6 * PIECE, (long) LIMIT);
    }

    @Test
    void manyTunnelsAtOnceShareOneBudget() throws Exception {
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        List<Socket> clients = new ArrayList<>();
        List<Socket> origins = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            clients.add(sayHello());
            origins.add(acceptPlain());
        }
        origins.forEach(BudgetedRelayTest::flood);
        AtomicLong passed = new AtomicLong();
        List<Thread> draining = clients.stream()
                .map(client -> Thread.ofVirtual().start(() -> passed.addAndGet(drain(client))))
                .toList();
        for (Thread each : draining) {
            each.join();
        }
        // With a reset what was on its way may be lost.
        assertThat(passed.get()).isBetween(1L, (long) LIMIT);
        assertThat(lent.used(FIRST)).isEqualTo(LIMIT);
    }

    @Test
    void theEndOfWhatWaitsComesBehindIt() throws Exception {
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        Socket client = sayHello();
        Socket origin = acceptPlain();
        origin.getInputStream().readNBytes(Hellos.named(NAME).length);
        lent.isAway(true);
        byte[] much = new byte[PIECE * 4];
        client.getOutputStream().write(much);
        client.shutdownOutput();
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        lent.isAway(false);
        assertThat(drain(origin)).isEqualTo(much.length);
        origin.close();
    }

    @Test
    void whatARuleWithoutABudgetAllowsIsNotCounted() throws Exception {
        configure(List.of(tls(FIRST), tls(null)), List.of(), List.of(), budget(FIRST));
        Socket client = sayHello();
        Socket origin = acceptPlain();
        Thread.ofVirtual().start(() -> send(origin, 2 * LIMIT));
        assertThat(drain(client)).isEqualTo(2 * LIMIT);
        assertThat(lent.used(FIRST)).isZero();
    }

    @Test
    void theSecondRulePaysWhenTheFirstHasNothingLeft() throws Exception {
        lent.limit(SECOND, 2 * LIMIT);
        configure(List.of(tls(FIRST), tls(SECOND)), List.of(), List.of(), budget(FIRST), budget(SECOND));
        Socket client = sayHello();
        flood(acceptPlain());
        assertThat(drain(client)).isBetween(3L * LIMIT - 6 * PIECE, 3L * LIMIT);
    }

    @Test
    void whereRulesWithTlsHaveNothingLeftOthersMayStillPassDecrypted() throws Exception {
        lent.limit(FIRST, 10);
        configure(List.of(tls(FIRST)), List.of(), List.of(http("/v1/*", null)), budget(FIRST));
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        origin.headers(origin.read().stream(), true, ":status", "204");
        assertThat(client.readAll(1)).contains(":status: 204");
    }

    @Test
    void moreBytesComeWithOtherRules() throws Exception {
        lent.limit(FIRST, 10);
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        assertThat(sayHello().getInputStream().readNBytes(7)).isEqualTo(Alert.of(TlsVerdict.BUDGET_USED_UP));
        lent.limit(FIRST, LIMIT);
        configure(List.of(tls(FIRST)), List.of(), List.of(), new Budget(FIRST, LIMIT + 1L, null));
        sayHello();
        acceptPlain();
    }

    /** A rule that gets a budget has no connection that is not counted. */
    @Test
    void aTunnelDoesNotOutliveThatItsRuleGetsABudget() throws Exception {
        configure(List.of(tls(null)), List.of(), List.of());
        Socket client = sayHello();
        Socket origin = acceptPlain();
        origin.getInputStream().readNBytes(Hellos.named(NAME).length);
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        group.next().submit(connections::cutRevoked).sync();
        assertThat(drain(client)).isZero();
    }

    @Test
    void aRateHoldsBackAndLosesNothing() throws Exception {
        long rate = 256 << 10;
        configure(List.of(tls(FIRST)), List.of(), List.of(), new Budget(FIRST, null, rate));
        lent.limit(FIRST, Long.MAX_VALUE);
        Socket client = sayHello();
        Socket origin = acceptPlain();
        long began = System.nanoTime();
        Thread.ofVirtual().start(() -> send(origin, (int) (rate * 3)));
        assertThat(drain(client)).isEqualTo(rate * 3);
        // A second's worth and 128 KiB come at once.
        assertThat((System.nanoTime() - began) / 1e9).isBetween(1.4, 10.0);
    }

    /** After the server's end all that the kernel holds is read at once. */
    @Test
    void littleOfWhatServersSendWaitsHere() throws Exception {
        lent.limit(FIRST, 1L << 40);
        configure(List.of(tls(FIRST)), List.of(), List.of(), new Budget(FIRST, 1L << 40, null));
        Socket client = sayHello();
        Socket origin = acceptPlain();
        origin.setSendBufferSize(PIECE);
        AtomicLong sent = new AtomicLong();
        AtomicLong passed = new AtomicLong();
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    origin.getOutputStream().write(new byte[PIECE]);
                    sent.addAndGet(PIECE);
                }
            } catch (IOException cut) {
                // As it should be.
            }
        });
        Thread.ofVirtual().start(() -> {
            byte[] buffer = new byte[PIECE];
            try {
                for (int read = 0; read >= 0; read = client.getInputStream().read(buffer)) {
                    passed.addAndGet(read);
                }
            } catch (IOException cut) {
                // As it should be.
            }
        });
        await().atMost(PATIENCE).until(() -> passed.get() > (64 << 20));
        lent.isAway(true);
        AtomicLong before = new AtomicLong();
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(300))
                .until(() -> before.getAndSet(sent.get()) == sent.get());
        assertThat(sent.get() - passed.get()).isBetween(1L, 512L << 10);
    }

    @Test
    void aTunnelThatIsAskedForWithNothingLeftIsNotConnected() throws Exception {
        lent.limit(FIRST, 10);
        configure(List.of(tls(FIRST)), List.of(), List.of(), budget(FIRST));
        Result opened = new Result.Opened(new Opened(List.of("127.0.0.1"), Map.of("127.0.0.1", Set.of(port()))));
        proxy = (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(connections.asked(asked, (_, _) -> CompletableFuture.completedFuture(opened)))
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
        Socket client = send("CONNECT " + NAME + ":" + port() + " HTTP/1.1\r\n\r\n");
        assertThat(read(client, "")).contains("403 Forbidden", "budget-used-up", "are used up: " + FIRST);
        assertNobodyConnects();
        lent.limit(FIRST, LIMIT);
        configure(List.of(tls(FIRST)), List.of(), List.of(), new Budget(FIRST, LIMIT + 1L, null));
        Socket more = send("CONNECT " + NAME + ":" + port() + " HTTP/1.1\r\n\r\n");
        assertThat(read(more, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    /** It has given all of it, which waits here. */
    @Test
    void anAnswerOutlivesTheServersConnection() throws Exception {
        configure(List.of(), List.of(), List.of(http("/v1/*", FIRST)), budget(FIRST));
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        lent.isAway(true);
        origin.headers(stream, false, ":status", "200");
        for (int i = 0; i < 4; i++) {
            origin.data(stream, "x".repeat(14_000), i == 3);
        }
        sockets.getLast().close();
        await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        lent.isAway(false);
        assertThat(client.readAll(1)).contains(":status: 200", "x".repeat(56_000));
    }

    @Test
    void aRequestThatNothingIsLeftForIsToldByWhichRules() throws Exception {
        lent.limit(FIRST, 200);
        configure(List.of(), List.of(http("/v1/*", FIRST)), List.of(), budget(FIRST));
        Socket client = send("GET /v1/" + "a".repeat(200) + " HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        assertThat(read(client, ""))
                .startsWith("HTTP/1.1 403 Forbidden\r\n")
                .contains("\"reason\":\"budget-used-up\"", "are used up: " + FIRST);
        awaitVerdicts(HttpVerdict.BUDGET_USED_UP);
        assertThat(lent.used(FIRST)).isEqualTo(200);
        assertNobodyConnects();
    }

    @Test
    void requestsAndAnswersCountUntilNothingIsLeft() throws Exception {
        lent.limit(FIRST, 1000);
        configure(List.of(), List.of(http("/v1/*", FIRST)), List.of(), budget(FIRST));
        Socket client =
                send("POST /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\nContent-Length: 300\r\n\r\n" + "x".repeat(300));
        Socket origin = acceptPlain();
        read(origin, "x".repeat(300));
        write(origin, OK);
        assertThat(read(client, "ok")).startsWith("HTTP/1.1 200 OK");
        write(client, "POST /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\nContent-Length: 300\r\n\r\n" + "x".repeat(300));
        assertThat(read(client, "")).contains("budget-used-up");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.BUDGET_USED_UP);
    }

    @Test
    void anAnswerThatIsLargerThanWhatIsLeftIsCut() throws Exception {
        configure(List.of(), List.of(http("/v1/*", FIRST)), List.of(), budget(FIRST));
        Socket client = send("GET /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = acceptPlain();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\nContent-Length: " + 10 * LIMIT + "\r\n\r\n");
        flood(origin);
        assertThat(drain(client)).isBetween(LIMIT - 6L * PIECE, (long) LIMIT);
        awaitVerdicts(HttpVerdict.BUDGET_USED_UP);
    }

    /** What stands beside content passes too. */
    @Test
    void headersBehindAnAnswerAndBeforeItCount() throws Exception {
        lent.limit(FIRST, 4000);
        configure(List.of(), List.of(http("/v1/*", FIRST)), List.of(), budget(FIRST));
        Socket client = send("GET /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = acceptPlain();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 103 Early Hints\r\nLink: " + "a".repeat(1000) + "\r\n\r\n");
        write(
                origin,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: " + "b".repeat(3000)
                        + "\r\n\r\n");
        assertThat(drain(client)).isBetween(1000L, 1300L);
        awaitVerdicts(HttpVerdict.BUDGET_USED_UP);
    }

    @Test
    void aWebSocketCountsAndIsCutToo() throws Exception {
        configure(List.of(), List.of(http("/v1/*", FIRST)), List.of(), budget(FIRST));
        Socket client = send("GET /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Socket origin = acceptPlain();
        read(origin, "\r\n\r\n");
        write(
                origin,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
        read(client, "\r\n\r\n");
        flood(client);
        assertThat(drain(origin)).isBetween(LIMIT - 6L * PIECE, (long) LIMIT);
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.BUDGET_USED_UP);
    }

    /** One stream after the other takes what is left; what has a rule without a budget goes on beside them. */
    @Test
    void streamsOfOneConnectionShareOneBudgetAndLeaveOthersAlone() throws Exception {
        lent.limit(FIRST, 40_000);
        configure(List.of(), List.of(), List.of(http("/v1/*", FIRST), http("/free/*", null)), budget(FIRST));
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        client.request(3, "GET", "/v1/b", true);
        client.request(5, "GET", "/free/c", true);
        Http2Peer origin = origin();
        List<Integer> streams = new ArrayList<>();
        int free = 0;
        for (int i = 0; i < 3; i++) {
            var request = origin.read();
            if (request.headers().contains(":path: /free/c")) {
                free = request.stream();
            } else {
                streams.add(request.stream());
            }
        }
        for (int stream : streams) {
            origin.headers(stream, false, ":status", "200");
            origin.data(stream, "x".repeat(15_000), false);
            origin.data(stream, "x".repeat(15_000), true);
        }
        int content = 0;
        int cut = 0;
        while (cut == 0) {
            var frame = client.read();
            if (frame.type() == Http2Peer.DATA) {
                content += frame.text().length();
            } else if (frame.type() == Http2Peer.RST_STREAM) {
                cut = frame.stream();
                assertThat(frame.errorCode()).isEqualTo(CANCEL);
            }
        }
        assertThat(content).isBetween(25_000, 40_000);
        origin.headers(free, true, ":status", "204");
        assertThat(client.readAll(5)).contains(":status: 204");
        client.request(7, "GET", "/v1/d", true);
        assertThat(client.readAll(7)).contains(":status: 403", "budget-used-up");
        assertThat(decisions.stream().map(HttpDecision::verdict).toList())
                .contains(HttpVerdict.BUDGET_USED_UP, HttpVerdict.PASSED);
        assertThat(lent.used(FIRST)).isEqualTo(40_000);
    }

    @Test
    void contentThatNothingIsLeftForEndsItsStream() throws Exception {
        lent.limit(FIRST, 5000);
        configure(List.of(), List.of(), List.of(http("/v1/*", FIRST)), budget(FIRST));
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        client.data(1, "x".repeat(2000), false);
        assertThat(origin.read().text()).hasSize(2000);
        client.data(1, "x".repeat(6000), false);
        assertThat(client.readAll(1)).contains(":status: 403", "budget-used-up");
        assertThat(endOfStream(origin)).isEqualTo(CANCEL);
        assertThat(stream).isPositive();
        assertThat(Collections.frequency(
                        decisions.stream().map(HttpDecision::verdict).toList(), HttpVerdict.BUDGET_USED_UP))
                .isEqualTo(1);
    }
}
