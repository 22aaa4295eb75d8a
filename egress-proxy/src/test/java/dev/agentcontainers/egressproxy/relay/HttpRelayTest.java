package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.Hellos;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForTls;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests by the loopback interface, on connections as the fence hands them over. */
class HttpRelayTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String AGENT = "127.0.0.2";
    private static final String NAME = "www.example.org";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final RelayLimits LIMITS = limits(Duration.ofSeconds(10), Duration.ofMinutes(1));

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final List<HttpDecision> decisions = new CopyOnWriteArrayList<>();
    private final HttpNames names = HttpNames.plain(System::nanoTime);
    private final TlsNames tlsNames = new TlsNames(System::nanoTime);
    private final List<Socket> sockets = new ArrayList<>();
    private ServerSocket server;
    private InterceptedConnections connections;
    private InetSocketAddress proxy;

    private static RelayLimits limits(Duration head, Duration between) {
        return new RelayLimits(8, 3, 4, 3, head, Duration.ofSeconds(10), Duration.ofMinutes(1), between);
    }

    @BeforeEach
    void listen() throws Exception {
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        server.setSoTimeout((int) PATIENCE.toMillis());
        start(LIMITS);
    }

    private void start(RelayLimits limits) throws InterruptedException {
        allow(rule("/v1/*"));
        names.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        tlsNames.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        InetSocketAddress meant = (InetSocketAddress) server.getLocalSocketAddress();
        connections = new InterceptedConnections(
                new ForTls(tlsNames, _ -> {}),
                new ForHttp(names, decisions::add),
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

    private HttpName rule(String path) {
        return new HttpName(
                NAME,
                server.getLocalPort(),
                server.getLocalPort(),
                List.of("GET", "HEAD", "POST"),
                List.of(path),
                List.of());
    }

    private void allow(HttpName... rules) {
        Configure all = new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME)),
                Map.of("g", List.of(new TlsName(NAME, server.getLocalPort(), server.getLocalPort()))),
                Map.of("g", List.of(rules)),
                List.of(),
                NameLimits.DEFAULT);
        names.configure(all);
        tlsNames.configure(all);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        server.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
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

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private Socket accept() throws IOException {
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(accepted);
        return accepted;
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n";
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

    private void assertNobodyConnects() throws IOException {
        server.setSoTimeout(1);
        assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> server.accept());
    }

    private void awaitVerdicts(HttpVerdict... verdicts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions.stream().map(HttpDecision::verdict))
                        .containsExactly(verdicts));
    }

    @Test
    void whatARuleAllowsPassesAndTheConnectionGoesOn() throws Exception {
        Socket client =
                send("GET /v1/a%62c?q=1&r=/../ HTTP/1.1\r\nHost: WWW.Example.org\r\nAccept: */*\r\nTE: trailers\r\n"
                        + "Connection: TE\r\n\r\n");
        Socket origin = accept();
        assertThat(read(origin, "\r\n\r\n"))
                .isEqualTo("GET /v1/abc?q=1&r=/../ HTTP/1.1\r\nHost: www.example.org:%d\r\nAccept: */*\r\n\r\n"
                        .formatted(server.getLocalPort()));
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK.replace("Content-Length", "Content-Length"));

        write(client, "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 5\r\n\r\nhello");
        assertThat(read(origin, "hello")).startsWith("POST /v1/x HTTP/1.1\r\n").contains("\r\n\r\nhello");
        write(origin, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        assertThat(read(client, "0\r\n\r\n"))
                .startsWith("HTTP/1.1 201 Created\r\n")
                .endsWith("3\r\nabc\r\n0\r\n\r\n");

        write(client, "HEAD /v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
        assertThat(read(client, "\r\n\r\n")).containsIgnoringCase("content-length: 99");

        write(
                client,
                "POST /v1/y HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "2;ext=1\r\nab\r\n0\r\nX-Late: 1\r\n\r\n");
        assertThat(read(origin, "0\r\n\r\n"))
                .endsWith("\r\n\r\n2\r\nab\r\n0\r\n\r\n")
                .doesNotContain("ext", "Late");
        write(origin, OK);
        read(client, "ok");

        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.PASSED);
        HttpDecision first = decisions.getFirst();
        assertThat(first.path()).as("without its query").isEqualTo("/v1/a%62c");
        assertThat(first.method()).isEqualTo("GET");
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.bytesReceived()).isEqualTo(2);
        assertThat(decisions.get(1).bytesSent()).isEqualTo(5);
    }

    /** Requests that come together are looked at one by one; the server never sees the second. */
    @Test
    void aSecondRequestThatWasSentAlongIsJudgedByItself() throws Exception {
        Socket client = send(get("/v1/a") + get("/admin") + get("/v1/b"));
        Socket origin = accept();
        assertThat(read(origin, "\r\n\r\n")).contains("/v1/a");
        write(origin, OK);

        String answers = read(client, "");
        assertThat(answers).startsWith(OK).contains("HTTP/1.1 403 Forbidden", "\"reason\":\"no-rule\"");
        assertThat(read(origin, "")).isEmpty();
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }

    @Test
    void aRefusalSaysWhatIsMissing() throws Exception {
        Socket client = send("DELETE /v1/x?secret=1 HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 100000\r\n\r\n"
                + "x".repeat(50_000));

        String answer = read(client, "");
        assertThat(answer)
                .startsWith("HTTP/1.1 403 Forbidden\r\n")
                .containsIgnoringCase("content-type: application/json")
                .containsIgnoringCase("connection: close")
                .contains("\"error\":\"denied by egress policy\"")
                .contains("\"agent\":\"" + AGENT + "\"")
                .contains("\"reason\":\"no-rule\"")
                .contains("\"method\":\"DELETE\"")
                .contains("\"path\":\"/v1/x\"")
                .contains("http: [{methods: [DELETE], paths: ['/v1/x']}]")
                .doesNotContain("secret");
        assertNobodyConnects();
    }

    /** Each with the word that the agent is told. */
    enum Hostile {
        OTHER_METHOD("PUT /v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "no-rule"),
        SMALL_METHOD("get /v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n", ""),
        OTHER_PATH(get("/v2/x"), "no-rule"),
        CAPITALS(get("/V1/x"), "no-rule"),
        DOT_SEGMENTS(get("/v1/../admin"), "ambiguous-path"),
        ENCODED_DOTS(get("/v1/%2e%2e/admin"), "ambiguous-path"),
        ENCODED_SLASH(get("/v1/..%2fadmin"), "ambiguous-path"),
        DOUBLE_ENCODED(get("/v1/%252e%252e/admin"), "ambiguous-path"),
        DOUBLE_SLASH(get("/v1//admin"), "ambiguous-path"),
        PARAMETER(get("/v1/..;/admin"), "ambiguous-path"),
        BACKSLASH(get("/v1/..\\admin"), "ambiguous-path"),
        OVERLONG(get("/v1/%c0%ae%c0%ae/admin"), "ambiguous-path"),
        ZERO(get("/v1/%00"), "ambiguous-path"),
        FRAGMENT(get("/v1/x#y"), "ambiguous-path"),
        ASTERISK("OPTIONS * HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "ambiguous-path"),
        OTHER_HOST("GET /v1/x HTTP/1.1\r\nHost: other.example.org\r\n\r\n", "other-host"),
        NO_HOST("GET /v1/x HTTP/1.1\r\n\r\n", "other-host"),
        NO_HOST_OF_1_0("GET /v1/x HTTP/1.0\r\n\r\n", "other-host"),
        EMPTY_HOST("GET /v1/x HTTP/1.1\r\nHost:\r\n\r\n", "other-host"),
        TWO_HOSTS("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nHost: other.example.org\r\n\r\n", "other-host"),
        TWO_HOSTS_IN_ONE("GET /v1/x HTTP/1.1\r\nHost: www.example.org, other.example.org\r\n\r\n", "other-host"),
        HOST_WITH_USER("GET /v1/x HTTP/1.1\r\nHost: other.example.org@www.example.org\r\n\r\n", "other-host"),
        OTHER_PORT("GET /v1/x HTTP/1.1\r\nHost: www.example.org:1\r\n\r\n", "other-host"),
        ADDRESS("GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "other-host"),
        ABSOLUTE_FORM("GET http://other.example.org/v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "other-host"),
        ABSOLUTE_FORM_WITH_USER(
                "GET http://other.example.org@www.example.org/v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
                "other-host"),
        ABSOLUTE_FORM_OF_TLS(
                "GET https://www.example.org/v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "ambiguous-path"),
        CONNECT("CONNECT www.example.org:80 HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "other-protocol"),
        H2C(
                "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                        + "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
                "other-protocol"),
        WEBSOCKET(
                "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                "bad-handshake"),
        OLD_WEBSOCKET(
                "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nSec-WebSocket-Key1: a\r\nSec-WebSocket-Key2: b\r\n\r\nGET /a\r\n",
                "other-protocol"),
        ALMOST_HTTP_2("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", "other-protocol"),
        HTTP_0_9("GET /v1/x\r\n\r\n", ""),
        LENGTH_AND_CHUNKS(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
                "malformed"),
        TWO_LENGTHS(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\nabcd",
                "malformed"),
        SAME_LENGTH_TWICE(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
                "malformed"),
        LENGTHS_IN_ONE("POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 4, 4\r\n\r\nabcd", "malformed"),
        LENGTH_WITH_SIGN("POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: +4\r\n\r\nabcd", "malformed"),
        NEGATIVE_LENGTH("POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: -4\r\n\r\nabcd", "malformed"),
        ENDLESS_LENGTH(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 18446744073709551620\r\n\r\nabcd",
                "malformed"),
        CODING_WITH_TAB(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
                "malformed"),
        OTHER_CODING(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                "malformed"),
        CODING_TWICE(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                        + "0\r\n\r\n",
                "malformed"),
        TWO_CODINGS(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "malformed"),
        CHUNKS_OF_1_0(
                "POST /v1/x HTTP/1.0\r\nHost: www.example.org\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "malformed"),
        UNDERSCORE(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nTransfer_Encoding: chunked\r\nContent-Length: 4\r\n\r\nabcd",
                "malformed"),
        SPACE_BEFORE_COLON(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length : 4\r\n\r\nabcd", "malformed"),
        FOLDED(
                "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n",
                "malformed"),
        FOLDED_FIRST("GET /v1/x HTTP/1.1\r\n Host: other.example.org\r\nHost: www.example.org\r\n\r\n", "malformed"),
        BARE_LF("GET /v1/x HTTP/1.1\nHost: www.example.org\n\n", "malformed"),
        BARE_LF_IN_HEADERS("GET /v1/x HTTP/1.1\r\nX-A: 1\nHost: www.example.org\r\n\r\n", "malformed"),
        BARE_CR("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX-A: 1\rX-B: 2\r\n\r\n", "malformed"),
        ZERO_IN_HEADER("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX-A: a\u0000b\r\n\r\n", "malformed"),
        NO_COLON("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nnonsense\r\n\r\n", "malformed"),
        TAB_IN_LINE("GET\t/v1/x\tHTTP/1.1\r\nHost: www.example.org\r\n\r\n", "malformed"),
        SPACE_IN_PATH("GET /v1/x y HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "malformed"),
        OPTION_HOST("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nConnection: close, Host\r\n\r\n", "malformed"),
        METHOD_OVERRIDE(
                "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n",
                "overridden"),
        PATH_OVERRIDE("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX-Original-URL: /admin\r\n\r\n", "overridden"),
        HOST_OVERRIDE(
                "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX_Forwarded_Host: evil.test\r\n\r\n", "overridden"),
        FORWARDED("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nForwarded: host=evil.test\r\n\r\n", "overridden"),
        MANY_HEADERS("GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\n" + "a:\r\n".repeat(5000) + "\r\n", "too-large"),
        LONG_LINE(get("/v1/" + "a".repeat(9000)), "too-large"),
        LONG_HEADERS(
                "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nX-A: " + "a".repeat(17_000) + "\r\n\r\n", "too-large"),
        SSH("SSH-2.0-OpenSSH_9.2\r\n", "malformed"),
        BYTES("\u0000\u0001\u0002\u0003", ""),
        SPACE_FIRST(" GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "");

        private final String text;
        private final String reason;

        Hostile(String text, String reason) {
            this.text = text;
            this.reason = reason;
        }
    }

    /** A socket that ends with SO_LINGER of nothing sends a reset. */
    @Test
    void halfAHeadAndAResetAreRecorded() throws Exception {
        Socket client = send("GET /v1/a HTTP/1.1\r\nHo");
        client.setSoLinger(true, 0);
        client.close();

        awaitVerdicts(HttpVerdict.INCOMPLETE);
    }

    @ParameterizedTest
    @EnumSource
    void everythingElseIsRefused(Hostile hostile) throws Exception {
        Socket client = send(hostile.text);

        String answer;
        try {
            answer = read(client, "");
        } catch (SocketException reset) {
            answer = "reset";
        }
        if (hostile.reason.isEmpty()) {
            assertThat(answer).doesNotContain("HTTP/1.1 200");
        } else {
            assertThat(answer).contains("403 Forbidden").contains("\"reason\":\"" + hostile.reason + "\"");
        }
        assertNobodyConnects();
        await().atMost(PATIENCE).until(() -> decisions.size() == 1);
        assertThat(decisions.getFirst().verdict()).isNotEqualTo(HttpVerdict.PASSED);
    }

    /** The same on a connection on which something has passed, in pieces of one byte. */
    @ParameterizedTest
    @EnumSource(names = {"LENGTH_AND_CHUNKS", "FOLDED", "BARE_LF_IN_HEADERS", "DOT_SEGMENTS", "OTHER_HOST", "H2C"})
    void andLaterToo(Hostile hostile) throws Exception {
        Socket client = send(get("/v1/a"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, OK);
        read(client, "ok");
        client.setTcpNoDelay(true);
        for (char each : hostile.text.toCharArray()) {
            try {
                write(client, String.valueOf(each));
            } catch (SocketException e) {
                // Refused already.
                break;
            }
        }
        assertThat(read(client, "")).contains("\"reason\":\"" + hostile.reason + "\"");
        assertThat(read(origin, "")).as("nothing of it").isEmpty();
    }

    @Test
    void tlsForTheNameStillPassesAtTheSamePort() throws Exception {
        Socket client = connect();
        client.getOutputStream().write(Hellos.named(NAME));
        Socket origin = accept();
        assertThat(origin.getInputStream().read()).isEqualTo(22);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GET /v1/x HT", "GET /v1/x HTTP/1.1\r\nHost: www.exam"})
    void whoIsSlowIsReset(String beginning) throws Exception {
        start(limits(Duration.ofMillis(300), Duration.ofMinutes(1)));
        Socket client = send(beginning);

        assertThatExceptionOfType(SocketException.class).isThrownBy(() -> read(client, ""));
        awaitVerdicts(HttpVerdict.INCOMPLETE);
        assertNobodyConnects();
    }

    @Test
    void aConnectionIsNotKeptForever() throws Exception {
        start(limits(Duration.ofSeconds(10), Duration.ofMillis(300)));
        Socket client = send(get("/v1/a"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, OK);
        read(client, "ok");

        assertThatExceptionOfType(SocketException.class).isThrownBy(() -> read(client, ""));
        awaitVerdicts(HttpVerdict.PASSED);
    }

    @Test
    void aRuleThatIsTakenBackCutsWhatIsOnItsWayAndWhatIsIdle() throws Exception {
        Socket waiting = send(get("/v1/a"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        Socket idle = send(get("/v1/b"));
        Socket second = accept();
        read(second, "\r\n\r\n");
        write(second, OK);
        read(idle, "ok");
        awaitVerdicts(HttpVerdict.PASSED);

        allow(rule("/v1/*"), rule("/v2/*"));
        group.next().submit(connections::cutRevoked).sync();
        write(idle, get("/v1/b"));
        read(second, "\r\n\r\n");
        write(second, OK);
        assertThat(read(idle, "ok")).as("more is allowed").endsWith("ok");

        allow(rule("/v2/*"));
        group.next().submit(connections::cutRevoked).sync();
        for (Socket each : List.of(waiting, idle, origin, second)) {
            assertThatExceptionOfType(SocketException.class).isThrownBy(() -> read(each, ""));
        }
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.REVOKED, HttpVerdict.REVOKED);
    }

    @Test
    void moreThanTheOtherSideTakesIsNotRead() throws Exception {
        Socket client = send("POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 1000000000\r\n\r\n");
        accept();
        client.setSoTimeout(1000);
        byte[] much = new byte[1 << 16];
        long written = 0;
        client.setSoLinger(true, 0);
        Thread writer = Thread.currentThread();
        Thread interrupter = Thread.ofPlatform().start(() -> {
            try {
                writer.join(Duration.ofSeconds(3));
                client.close();
            } catch (InterruptedException | IOException e) {
                Thread.currentThread().interrupt();
            }
        });
        try {
            while (written < 1_000_000_000) {
                client.getOutputStream().write(much);
                written += much.length;
            }
        } catch (SocketException closed) {
            // It blocked, until it was closed.
        }
        interrupter.join();
        assertThat(written).isLessThan(100_000_000);
    }

    @Test
    void largeContentPassesWhole() throws Exception {
        Socket client = connect();
        int size = 3_000_000;
        Thread.ofPlatform().daemon().start(() -> {
            try {
                write(
                        client,
                        "POST /v1/x HTTP/1.1\r\nHost: www.example.org\r\nExpect: 100-continue\r\nContent-Length: "
                                + size + "\r\n\r\n");
                client.getOutputStream().write(new byte[size]);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 100 Continue\r\n\r\n");
        assertThat(origin.getInputStream().readNBytes(size)).hasSize(size);
        write(origin, "HTTP/1.1 200 OK\r\n\r\n");
        origin.getOutputStream().write(new byte[size]);
        origin.close();

        byte[] answer = client.getInputStream().readAllBytes();
        assertThat(answer.length).isGreaterThan(size);
        assertThat(new String(answer, 0, 40, StandardCharsets.ISO_8859_1))
                .startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
        awaitVerdicts(HttpVerdict.PASSED);
        assertThat(decisions.getFirst().bytesSent()).isEqualTo(size);
        assertThat(decisions.getFirst().bytesReceived()).isEqualTo(size);
    }

    /** What the proxy has written and its reader has not taken yet is not lost with the end of the connection. */
    @Test
    void aSlowReaderHasTheWholeOfALastAnswer() throws Exception {
        int size = 300_000;
        Socket client = new Socket();
        sockets.add(client);
        client.setReceiveBufferSize(4096);
        client.bind(new InetSocketAddress(AGENT, 0));
        client.connect(proxy);
        client.setSoTimeout((int) PATIENCE.toMillis());
        write(client, "GET /v1/x HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n");
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
        origin.getOutputStream().write(new byte[size]);
        awaitVerdicts(HttpVerdict.PASSED);

        await("longer than a refusal is waited for")
                .pollDelay(Duration.ofMillis(1500))
                .until(() -> true);
        assertThat(client.getInputStream().readAllBytes().length).isGreaterThan(size);
    }

    @Test
    void anAnswerThatNobodyAskedForEndsTheConnection() throws Exception {
        Socket client = send(get("/v1/a"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, OK + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");

        assertThat(read(client, "")).isEqualTo(OK).doesNotContain("evil");
    }

    @Test
    void anUpgradeThatTheServerMakesByItselfIsCut() throws Exception {
        Socket client = send(get("/v1/a"));
        Socket origin = accept();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");

        assertThatExceptionOfType(SocketException.class).isThrownBy(() -> read(client, ""));
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    @Test
    void whereNobodyAnswersTheAgentIsTold() throws Exception {
        InetSocketAddress meant = (InetSocketAddress) server.getLocalSocketAddress();
        server.close();
        Socket client = send(get("/v1/a"));

        assertThat(read(client, "")).startsWith("HTTP/1.1 502 Bad Gateway").contains("not reachable");
        awaitVerdicts(HttpVerdict.UNREACHABLE);
        assertThat(decisions.getFirst().port()).isEqualTo(meant.getPort());
    }

    @Test
    void anAgentHasSoManyConnections() throws Exception {
        for (int i = 0; i < 3; i++) {
            connect();
        }
        await().atMost(PATIENCE).untilAsserted(() -> {
            Socket more = connect();
            assertThatExceptionOfType(SocketException.class).isThrownBy(() -> read(more, ""));
        });
        assertThat(decisions.getFirst().verdict()).isEqualTo(HttpVerdict.TOO_MANY);
    }
}
