package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForTls;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSockets, and what wants to be taken for one, on connections as the fence hands them over. */
class WebSocketRelayTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String AGENT = "127.0.0.2";
    private static final String NAME = "www.example.org";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /** Of RFC 6455, 1.3. */
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private static final String ACCEPT = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    private static final String SWITCHING =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + ACCEPT + "\r\n\r\n";

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final List<HttpDecision> decisions = new CopyOnWriteArrayList<>();
    private final HttpNames names = HttpNames.plain(System::nanoTime);
    private final List<Socket> sockets = new ArrayList<>();
    private ServerSocket server;
    private InterceptedConnections connections;
    private InetSocketAddress proxy;

    @BeforeEach
    void listen() throws Exception {
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        server.setSoTimeout((int) PATIENCE.toMillis());
        start(Duration.ofMinutes(1));
    }

    private void start(Duration idle) throws InterruptedException {
        allow(rule("/v1/*", false), rule("/v1/stream", true));
        names.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        InetSocketAddress meant = (InetSocketAddress) server.getLocalSocketAddress();
        connections = new InterceptedConnections(
                new ForTls(new TlsNames(System::nanoTime), _ -> {}),
                new ForHttp(names, decisions::add),
                Decrypting.NOTHING,
                LentBudgets.none(group),
                Clock.systemUTC(),
                new RelayLimits(
                        8, 8, 4, 3, Duration.ofSeconds(10), Duration.ofSeconds(10), idle, Duration.ofMinutes(1)),
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

    private HttpName rule(String path, boolean webSocket) {
        return new HttpName(
                NAME,
                server.getLocalPort(),
                server.getLocalPort(),
                List.of("GET", "POST"),
                List.of(path),
                List.of(),
                webSocket);
    }

    private void allow(HttpName... rules) {
        names.configure(new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME)),
                Map.of(),
                Map.of("g", List.of(rules)),
                List.of(),
                NameLimits.DEFAULT));
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        server.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Socket send(String text) throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress(AGENT, 0));
        socket.connect(proxy);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        write(socket, text);
        return socket;
    }

    private Socket accept() throws IOException {
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(accepted);
        return accepted;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Until the text ends so, or the connection does. */
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

    private static String handshake(String path, String... more) {
        return "GET " + path + " HTTP/1.1\r\nHost: " + NAME
                + "\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: " + KEY
                + "\r\nSec-WebSocket-Version: 13\r\n" + String.join("", more) + "\r\n";
    }

    /** The server's side of a WebSocket whose client is waiting for the answer. */
    private Socket upgraded(Socket client) throws IOException {
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, SWITCHING);
        assertThat(read(client, "\r\n\r\n")).isEqualTo(SWITCHING);
        return origin;
    }

    private void assertNobodyConnects() throws IOException {
        server.setSoTimeout(1);
        assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> server.accept());
    }

    private static void assertNothingComes(Socket socket) throws IOException {
        socket.setSoTimeout(300);
        assertThatExceptionOfType(SocketTimeoutException.class)
                .isThrownBy(() -> socket.getInputStream().read());
        socket.setSoTimeout((int) PATIENCE.toMillis());
    }

    private static void assertReset(Socket... sockets) {
        for (Socket socket : sockets) {
            assertThatExceptionOfType(SocketException.class).isThrownBy(() -> read(socket, ""));
        }
    }

    private void awaitVerdicts(HttpVerdict... verdicts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions.stream().map(HttpDecision::verdict))
                        .containsExactly(verdicts));
    }

    @Test
    void aWebSocketThatARuleAllowsIsBytesBothWays() throws Exception {
        Socket client = send("GET /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, OK);
        read(client, "ok");
        write(
                client,
                handshake(
                        "/v1/stream?a=b",
                        "Sec-WebSocket-Protocol: chat, superchat\r\n",
                        "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
        assertThat(read(origin, "\r\n\r\n"))
                .isEqualTo(("GET /v1/stream?a=b HTTP/1.1\r\nHost: www.example.org:%d\r\nSec-WebSocket-Key: " + KEY
                                + "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
                                + "Sec-WebSocket-Extensions: permessage-deflate\r\nUpgrade: websocket\r\n"
                                + "Connection: Upgrade\r\n\r\n")
                        .formatted(server.getLocalPort()));
        String answer = SWITCHING.replace(ACCEPT, ACCEPT + "\r\nSec-WebSocket-Protocol: chat");
        write(origin, answer + "\u0081\u0002ho");
        assertThat(read(client, "ho")).as("with what came along").isEqualTo(answer + "\u0081\u0002ho");
        write(client, "\u0000HTTP/1.1\r\n\r\n\u00ff");
        assertThat(read(origin, "\u00ff")).isEqualTo("\u0000HTTP/1.1\r\n\r\n\u00ff");
        write(origin, "GET / HTTP/1.1\r\n\r\n");
        assertThat(read(client, "\r\n\r\n")).isEqualTo("GET / HTTP/1.1\r\n\r\n");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.UPGRADED);

        client.shutdownOutput();
        assertThat(read(origin, "")).as("the agent's end").isEmpty();
        write(origin, "bye");
        origin.close();
        assertThat(read(client, "")).isEqualTo("bye");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.UPGRADED, HttpVerdict.PASSED);
        HttpDecision end = decisions.getLast();
        assertThat(decisions.getFirst().webSocket()).isFalse();
        assertThat(decisions.get(1).webSocket()).isTrue();
        assertThat(end.webSocket()).isTrue();
        assertThat(end.status()).isEqualTo(101);
        assertThat(end.path()).isEqualTo("/v1/stream");
        assertThat(end.bytesSent()).isEqualTo(14);
        assertThat(end.bytesReceived()).isEqualTo(4 + 18 + 3);
    }

    @Test
    void aWebSocketThatNoRuleAllowsIsRefused() throws Exception {
        Socket client = send(handshake("/v1/a"));
        assertThat(read(client, ""))
                .startsWith("HTTP/1.1 403 Forbidden\r\n")
                .contains(
                        "\"reason\":\"no-rule\"",
                        "allows GET /v1/a of www.example.org for a WebSocket at port",
                        "\"webSocket\":true",
                        "http: [{methods: [GET], paths: ['/v1/a'], webSocket: true}]");
        assertNobodyConnects();
        awaitVerdicts(HttpVerdict.NO_RULE);
        assertThat(decisions.getFirst().webSocket()).isTrue();
    }

    /** Of requests that are no handshake nothing comes to the server, also where a rule allows WebSockets. */
    enum Wrong {
        H2C(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: h2c"),
        H2C_BESIDE(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: websocket, h2c"),
        H2C_BEFORE(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: h2c, websocket"),
        TWO_UPGRADES(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: websocket\r\nUpgrade: h2c"),
        TWICE(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: websocket\r\nUpgrade: websocket"),
        SETTINGS(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: websocket\r\nHTTP2-Settings: AAMAAABk"),
        WITH_A_VERSION(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: websocket/13"),
        TLS(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Upgrade: TLS/1.2"),
        NO_UPGRADE(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket\r\n", ""),
        IN_DISGUISE(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "X-Upgrade: websocket"),
        ANOTHER_METHOD(HttpVerdict.BAD_HANDSHAKE, "GET ", "POST "),
        OLD_HTTP(HttpVerdict.BAD_HANDSHAKE, " HTTP/1.1", " HTTP/1.0"),
        NOT_IN_CONNECTION(HttpVerdict.BAD_HANDSHAKE, "keep-alive, Upgrade", "keep-alive"),
        NO_CONNECTION(HttpVerdict.BAD_HANDSHAKE, "Connection: keep-alive, Upgrade\r\n", ""),
        CLOSE(HttpVerdict.BAD_HANDSHAKE, "keep-alive, Upgrade", "close, Upgrade"),
        ANOTHER_OPTION(HttpVerdict.BAD_HANDSHAKE, "keep-alive, Upgrade", "Upgrade, Sec-WebSocket-Key"),
        VERSION_8(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 8"),
        NO_VERSION(HttpVerdict.BAD_HANDSHAKE, "Sec-WebSocket-Version: 13\r\n", ""),
        A_VERSION_THAT_NOBODY_HAS(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 777"),
        TWO_VERSIONS(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 13\r\nSec-WebSocket-Version: 777"),
        NO_KEY(HttpVerdict.BAD_HANDSHAKE, "Sec-WebSocket-Key: " + KEY + "\r\n", ""),
        TWO_KEYS(HttpVerdict.BAD_HANDSHAKE, KEY, KEY + "\r\nSec-WebSocket-Key: " + KEY),
        A_SHORT_KEY(HttpVerdict.BAD_HANDSHAKE, KEY, "AAAA"),
        A_KEY_THAT_IS_NONE(HttpVerdict.BAD_HANDSHAKE, KEY, "dGhlIHNhbXBsZSBub25j*Q=="),
        A_KEY_IN_ANOTHER_FORM(HttpVerdict.BAD_HANDSHAKE, KEY, "dGhlIHNhbXBsZSBub25jZR=="),
        A_KEY_WITH_AN_UNDERSCORE(HttpVerdict.BAD_HANDSHAKE, "Sec-WebSocket-Key:", "Sec_WebSocket_Key:"),
        OLD_KEYS(
                HttpVerdict.BAD_HANDSHAKE,
                "Version: 13",
                "Version: 13\r\nSec-WebSocket-Key1: a\r\nSec-WebSocket-Key2: b"),
        AN_ANSWER(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 13\r\n" + ACCEPT),
        CONTENT(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 13\r\nContent-Length: 5"),
        TWO_LENGTHS(HttpVerdict.MALFORMED, "Version: 13", "Version: 13\r\nContent-Length: 0\r\nContent-Length: 0"),
        CHUNKS(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 13\r\nTransfer-Encoding: chunked"),
        EXPECTING(HttpVerdict.BAD_HANDSHAKE, "Version: 13", "Version: 13\r\nExpect: 100-continue"),
        ANOTHER_PATH(HttpVerdict.NO_RULE, "/v1/stream", "/admin"),
        DOT_SEGMENTS(HttpVerdict.AMBIGUOUS_PATH, "/v1/stream", "/v1/../admin"),
        ANOTHER_HOST(HttpVerdict.OTHER_HOST, "Host: " + NAME, "Host: other.example.org"),
        ANOTHER_PATH_IN_A_HEADER(HttpVerdict.OVERRIDDEN, "Version: 13", "Version: 13\r\nX-Original-URL: /admin"),
        AN_UPGRADE_WITHOUT_ITS_NAME(HttpVerdict.OTHER_PROTOCOL, "Upgrade: WebSocket", "Up-grade: websocket");

        private final HttpVerdict verdict;
        private final String part;
        private final String other;

        Wrong(HttpVerdict verdict, String part, String other) {
            this.verdict = verdict;
            this.part = part;
            this.other = other;
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoHandshakeIsRefused(Wrong wrong) throws Exception {
        Socket client = send(handshake("/v1/stream").replace(wrong.part, wrong.other) + "GET /admin HTTP/1.1\r\n\r\n");

        assertThat(read(client, "")).startsWith("HTTP/1.1 403 Forbidden\r\n").doesNotContain("HTTP/1.1 101");
        assertNobodyConnects();
        awaitVerdicts(wrong.verdict);
    }

    @Test
    void aRefusalSaysWhatIsWrongWithTheHandshake() throws Exception {
        assertThat(read(send(handshake("/v1/stream").replace("Version: 13", "Version: 8")), ""))
                .contains(
                        "\"reason\":\"bad-handshake\"",
                        "another way than RFC 6455 has it: Sec-WebSocket-Version must be there once and be 13");
    }

    /** The server says that it goes on as something, and not as the WebSocket that it was asked for. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~@~@",
                "HTTP/1.1 101 Switching Protocols~Upgrade: h2c~Connection: Upgrade~@",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket, h2c~Connection: Upgrade~@",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Upgrade: h2c~Connection: Upgrade~@",
                "HTTP/1.1 101 Switching Protocols~Connection: Upgrade~@",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~@",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: close~@",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~@~Content-Length: 5",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~@~Transfer-Encoding: gzip",
                "HTTP/1.1 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~@~Transfer-Encoding: gzip, chunked",
                "HTTP/1.0 101 Switching Protocols~Upgrade: websocket~Connection: Upgrade~@",
            })
    void anAnswerThatDoesNotAcceptIsNoTunnel(String answer) throws Exception {
        Socket client = send(handshake("/v1/stream") + "evil");
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, answer.replace("@", ACCEPT).replace("~", "\r\n") + "\r\n\r\nevil");

        assertReset(client, origin);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    @Test
    void anAnswerToNoHandshakeIsNoTunnel() throws Exception {
        Socket client = send("GET /v1/stream HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, SWITCHING);

        assertReset(client, origin);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    /** What a proxy takes for a tunnel too early, a server takes for the next request. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + ACCEPT
                        + "\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            })
    void aRequestBehindAHandshakeThatTheServerRefusesIsJudgedAsOne(String answer) throws Exception {
        Socket client = send(handshake("/v1/stream") + "GET /v1/b HTTP/1.1\r\nHost: " + NAME
                + "\r\n\r\nGET /admin HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = accept();
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/stream ");
        assertNothingComes(origin);
        write(origin, answer);
        assertThat(read(client, answer.endsWith("ok") ? "ok" : "0\r\n\r\n")).startsWith(answer.substring(0, 12));
        assertThat(read(origin, "\r\n\r\n"))
                .isEqualTo("GET /v1/b HTTP/1.1\r\nHost: www.example.org:%d\r\n\r\n".formatted(server.getLocalPort()));
        write(origin, OK);

        assertThat(read(client, "")).startsWith(OK).contains("403 Forbidden", "no-rule");
        assertThat(read(origin, "")).as("nothing more came").isEmpty();
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }

    @Test
    void anotherHandshakeMayFollowOneThatTheServerRefuses() throws Exception {
        Socket client = send(handshake("/v1/stream"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        read(client, "\r\n\r\n");
        write(client, handshake("/v1/stream", "Authorization: Bearer a\r\n"));
        assertThat(read(origin, "\r\n\r\n")).contains("Authorization: Bearer a");
        write(origin, SWITCHING + "ho");
        assertThat(read(client, "ho")).isEqualTo(SWITCHING + "ho");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.UPGRADED);
    }

    @Test
    void nothingBehindAHandshakeComesToTheServerBeforeItHasAccepted() throws Exception {
        Socket client = send(handshake("/v1/stream") + "GET /admin HTTP/1.1\r\n\r\n");
        Socket origin = accept();
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/stream ");
        write(client, "more");
        assertNothingComes(origin);
        write(origin, "HTTP/1.1 103 Early Hints\r\n\r\n");
        assertThat(read(client, "\r\n\r\n")).startsWith("HTTP/1.1 103");
        assertNothingComes(origin);

        write(origin, SWITCHING);
        assertThat(read(client, "\r\n\r\n")).isEqualTo(SWITCHING);
        assertThat(read(origin, "more")).as("bytes of the tunnel").isEqualTo("GET /admin HTTP/1.1\r\n\r\nmore");
    }

    @Test
    void moreThanTheOtherSideTakesIsNotRead() throws Exception {
        Socket client = send(handshake("/v1/stream"));
        Socket origin = upgraded(client);
        for (List<Socket> ends : List.of(List.of(client, origin), List.of(origin, client))) {
            int size = 32 << 20;
            CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
                try {
                    ends.getFirst().getOutputStream().write(new byte[size]);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            await().pollDelay(Duration.ofMillis(500)).until(() -> true);
            assertThat(written).as("who nobody reads waits").isNotDone();
            assertThat(ends.getLast().getInputStream().readNBytes(size)).hasSize(size);
            written.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Requests that come before a handshake on its connection, and in one piece with it or not. */
    enum Before {
        NOTHING,
        A_REQUEST,
        A_REQUEST_IN_ONE_PIECE,
        CONTENT_WITH_AN_EARLY_ANSWER_IN_ONE_PIECE
    }

    /** What waits for the server's answer waits with the agent, and not in this proxy's memory. */
    @ParameterizedTest
    @EnumSource
    void whatComesBehindAHandshakeIsNotReadBeforeTheAnswer(Before before) throws Exception {
        Socket client = send("GET /v1/a HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        String another = "GET /v1/b HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n";
        switch (before) {
            case NOTHING -> {
                client = send(handshake("/v1/stream"));
                origin = accept();
            }
            case A_REQUEST -> {
                write(origin, OK);
                read(client, "ok");
                write(client, handshake("/v1/stream"));
            }
            case A_REQUEST_IN_ONE_PIECE -> {
                write(origin, OK);
                read(client, "ok");
                write(client, another + handshake("/v1/stream"));
                read(origin, "\r\n\r\n");
                write(origin, OK);
                read(client, "ok");
            }
            case CONTENT_WITH_AN_EARLY_ANSWER_IN_ONE_PIECE -> {
                write(origin, OK);
                read(client, "ok");
                write(client, "POST /v1/b HTTP/1.1\r\nHost: " + NAME + "\r\nContent-Length: 4\r\n\r\nab");
                read(origin, "ab");
                write(origin, OK);
                read(client, "ok");
                write(client, "cd" + handshake("/v1/stream"));
                read(origin, "cd");
            }
        }
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/stream ");

        long memory = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        byte[] piece = new byte[64 << 10];
        Arrays.fill(piece, (byte) 'a');
        int pieces = 1024;
        AtomicInteger taken = new AtomicInteger();
        OutputStream out = client.getOutputStream();
        CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
            try {
                for (int i = 0; i < pieces; i++) {
                    out.write(piece);
                    taken.incrementAndGet();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).until(() -> {
            int last = taken.get();
            await().pollDelay(Duration.ofMillis(500)).until(() -> true);
            return taken.get() == last;
        });
        assertThat(written).as("who nobody reads waits").isNotDone();
        assertThat(taken).as("of 64 KiB, in the kernel").hasValueLessThan(pieces / 2);
        assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - memory)
                .as("in the proxy")
                .isLessThan(16 << 20);

        write(origin, SWITCHING);
        assertThat(read(client, "\r\n\r\n")).isEqualTo(SWITCHING);
        for (int i = 0; i < pieces; i++) {
            assertThat(Arrays.equals(origin.getInputStream().readNBytes(piece.length), piece))
                    .as("piece %d", i)
                    .isTrue();
        }
        written.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** What is read along with the handshake, and what stays in the kernel. */
    @ParameterizedTest
    @ValueSource(ints = {5, 300_000})
    void anEndBeforeTheAnswerLosesNothingOfATunnel(int bytes) throws Exception {
        String early = "a".repeat(bytes);
        Socket client = send(handshake("/v1/stream") + early);
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        client.shutdownOutput();
        assertNothingComes(origin);
        write(origin, SWITCHING);
        assertThat(read(client, "\r\n\r\n")).isEqualTo(SWITCHING);

        assertThat(read(origin, "")).as("all, and then the end").isEqualTo(early);
        write(origin, "late");
        origin.close();
        assertThat(read(client, "")).isEqualTo("late");
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.PASSED);
        assertThat(decisions.getLast().bytesSent()).isEqualTo(bytes);
    }

    @Test
    void anEndBeforeARefusalLosesNoRequest() throws Exception {
        Socket client = send(handshake("/v1/stream") + "GET /v1/b HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n"
                + handshake("/v1/stream", "Authorization: Bearer a\r\n") + "GET /v1/c HTTP/1.1\r\nHost: " + NAME
                + "\r\n\r\nGET /admin HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = accept();
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/stream ");
        client.shutdownOutput();
        assertNothingComes(origin);
        for (String next : List.of("GET /v1/b ", "GET /v1/stream ", "GET /v1/c ")) {
            write(origin, OK);
            assertThat(read(client, "ok")).isEqualTo(OK);
            assertThat(read(origin, "\r\n\r\n")).startsWith(next);
        }
        write(origin, OK);
        assertThat(read(client, "")).startsWith(OK).contains("403 Forbidden", "no-rule");
        assertThat(read(origin, "")).as("nothing more came").isEmpty();
        awaitVerdicts(
                HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }

    /** As behind any other request. */
    @Test
    void anEndWithinTheHeadBehindARefusedHandshakeIsToldOf() throws Exception {
        Socket client = send(handshake("/v1/stream") + "GET /v1/b HTTP/1.1\r\nHost: " + NAME);
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        client.shutdownOutput();
        assertNothingComes(origin);
        write(origin, OK);
        assertThat(read(client, "")).startsWith(OK).contains("403 Forbidden", "malformed");
        assertThat(read(origin, "")).as("nothing more came").isEmpty();
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.MALFORMED);
    }

    @Test
    void aHeadInTwoPiecesMayFollowWhatFollowedARefusedHandshake() throws Exception {
        Socket client = send(handshake("/v1/stream") + "GET /v1/b HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nok");
        read(client, "ok");
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/b ");
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK);

        write(client, "GET /v1/c HTTP/1.1\r\nHo");
        assertNothingComes(origin);
        write(client, "st: " + NAME + "\r\n\r\n");
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/c ");
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK);
    }

    @Test
    void aRuleThatIsTakenBackCutsWebSockets() throws Exception {
        Socket client = send(handshake("/v1/stream"));
        Socket origin = upgraded(client);
        Socket waiting = send(handshake("/v1/stream"));
        Socket waitedFor = accept();
        read(waitedFor, "\r\n\r\n");
        awaitVerdicts(HttpVerdict.UPGRADED);

        allow(rule("/v1/*", false), rule("/v1/stream", false));
        group.next().submit(connections::cutRevoked).sync();
        assertReset(client, origin, waiting, waitedFor);
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.REVOKED, HttpVerdict.REVOKED);
        assertThat(decisions).extracting(HttpDecision::webSocket).containsOnly(true);
    }

    @Test
    void aWebSocketWithoutAByteIsNotKeptForever() throws Exception {
        start(Duration.ofMillis(500));
        Socket client = send(handshake("/v1/stream"));
        Socket origin = upgraded(client);
        for (int i = 0; i < 4; i++) {
            await().pollDelay(Duration.ofMillis(200)).until(() -> true);
            write(i % 2 == 0 ? client : origin, "a");
        }
        assertThat(read(origin, "aa")).isEqualTo("aa");
        assertThat(read(client, "aa")).isEqualTo("aa");
        assertReset(client, origin);
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.PASSED);
    }

    /** What Connection says beside is between the server and this proxy; an answer of this kind has no content, whatever it says. */
    @Test
    void aLengthOfNothingIsNoContent() throws Exception {
        Socket client = send(handshake("/v1/stream", "Content-Length: 0\r\n") + "early");
        Socket origin = accept();
        assertThat(read(origin, "\r\n\r\n")).doesNotContainIgnoringCase("content-length");
        write(origin, SWITCHING);
        read(client, "\r\n\r\n");
        assertThat(read(origin, "early")).isEqualTo("early");
    }

    @Test
    void whatIsForOneConnectionOnlyDoesNotGoOn() throws Exception {
        Socket client = send(handshake("/v1/stream"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(
                origin,
                SWITCHING.replace(
                                "Connection: Upgrade", "Connection: keep-alive, upgrade\r\nTransfer-Encoding: chunked")
                        + "0\r\n\r\n");
        assertThat(read(client, "\r\n\r\n0\r\n\r\n"))
                .containsIgnoringCase("\r\nconnection: upgrade\r\n")
                .doesNotContainIgnoringCase("keep-alive")
                .doesNotContainIgnoringCase("chunked");
    }

    @Test
    void aResetGoesOnAsOne() throws Exception {
        Socket client = send(handshake("/v1/stream"));
        Socket origin = upgraded(client);
        client.setSoLinger(true, 0);
        client.close();
        assertReset(origin);
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.PASSED);
    }
}
