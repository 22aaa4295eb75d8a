package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.TestAuthority;
import dev.agentcontainers.egressproxy.certificates.CertifiedServers;
import dev.agentcontainers.egressproxy.certificates.TrustedServers;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttps;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForTls;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import io.netty.bootstrap.ServerBootstrap;
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
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests inside TLS, between real clients and servers of the JDK's. */
class HttpsRelayTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String AGENT = "127.0.0.2";
    private static final String NAME = "www.example.org";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    /** Key and answer of RFC 6455, 1.3. */
    private static final String HANDSHAKE =
            "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private static final String SWITCHING =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    private static final RelayLimits LIMITS = new RelayLimits(
            20, 20, 4, 3, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ofMinutes(1));

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final TestAuthority agents = new TestAuthority("agent");
    private final TestAuthority machines = new TestAuthority("machine");
    private final HttpNames names = HttpNames.insideTls(System::nanoTime);
    private final TlsNames tlsNames = new TlsNames(System::nanoTime);
    private final TrustedServers trusted = new TrustedServers();
    private final List<HttpDecision> decisions = new CopyOnWriteArrayList<>();
    private final List<TlsDecision> tlsDecisions = new CopyOnWriteArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();
    private boolean certifying = true;
    private final CertifiedServers certified = new CertifiedServers(
            (_, name, key) -> certifying
                    ? CompletableFuture.completedFuture(agents.certify(name, key))
                    : CompletableFuture.failedFuture(new IOException("refused")),
            System::nanoTime);

    private ServerSocket server;
    private InterceptedConnections connections;
    private InetSocketAddress proxy;

    @BeforeEach
    void listen() throws Exception {
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        server.setSoTimeout((int) PATIENCE.toMillis());
        trusted.trust(machines.trust());
        allow(List.of(), rule(List.of()));
        for (String name : List.of(NAME, "other.example.org")) {
            names.resolved(AGENT, name, List.of("127.0.0.1"), 300);
            tlsNames.resolved(AGENT, name, List.of("127.0.0.1"), 300);
        }
        InetSocketAddress meant = (InetSocketAddress) server.getLocalSocketAddress();
        connections = new InterceptedConnections(
                new ForTls(tlsNames, tlsDecisions::add),
                new ForHttp(HttpNames.plain(System::nanoTime), decisions::add),
                new ForHttps(names, certified, trusted),
                LentBudgets.none(group),
                Clock.systemUTC(),
                LIMITS,
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

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        server.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private HttpName rule(List<String> hosts) {
        return new HttpName(
                NAME, server.getLocalPort(), server.getLocalPort(), List.of("GET", "POST"), List.of("/v1/*"), hosts);
    }

    private void allow(List<TlsName> tls, HttpName... rules) {
        Configure all = new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME, "other.example.org")),
                Map.of("g", tls),
                Map.of(),
                Map.of("g", List.of(rules)),
                Map.of(AGENT, "a"),
                List.of(),
                NameLimits.DEFAULT);
        names.configure(all);
        tlsNames.configure(all);
        certified.configure(all);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress(AGENT, 0));
        socket.connect(proxy);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private SSLSocket client(SSLContext with, String name) throws IOException {
        SSLSocket socket = (SSLSocket) with.getSocketFactory().createSocket(connect(), name, 443, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        return socket;
    }

    private SSLSocket client() throws Exception {
        return client(agents.client(), NAME);
    }

    private SSLSocket origin(SSLContext with) throws IOException {
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(accepted);
        SSLSocket socket = (SSLSocket) with.getSocketFactory().createSocket(accepted, null, true);
        socket.setUseClientMode(false);
        return socket;
    }

    private SSLSocket origin() throws Exception {
        return origin(machines.server(NAME));
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String get(String path, String host) {
        return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
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

    private void awaitVerdicts(HttpVerdict... verdicts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions.stream().map(HttpDecision::verdict))
                        .containsExactly(verdicts));
    }

    private void awaitTlsVerdicts(TlsVerdict... verdicts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(tlsDecisions.stream().map(TlsDecision::verdict))
                        .containsExactly(verdicts));
    }

    private void assertNobodyConnects() throws IOException {
        server.setSoTimeout(1);
        assertThatThrownBy(() -> server.accept()).hasMessageContaining("timed out");
    }

    @Test
    void whatARuleAllowsPassesAndTheNextIsJudgedToo() throws Exception {
        SSLSocket client = client();
        write(client, get("/v1/a?q=1", NAME));
        SSLSocket origin = origin();
        assertThat(read(origin, "\r\n\r\n"))
                .isEqualTo(
                        "GET /v1/a?q=1 HTTP/1.1\r\nHost: www.example.org:%d\r\n\r\n".formatted(server.getLocalPort()));
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK);
        assertThat(((X509Certificate) client.getSession().getPeerCertificates()[0]).getSubjectAlternativeNames())
                .hasToString("[[2, www.example.org]]");

        write(client, get("/admin", NAME));
        assertThat(read(client, ""))
                .startsWith("HTTP/1.1 403 Forbidden\r\n")
                .contains(
                        "\"reason\":\"no-rule\"",
                        "GET /admin of www.example.org inside TLS",
                        "ports: [{port: %d}], tls: {}, http: [{methods: [GET], paths: ['/admin']}]"
                                .formatted(server.getLocalPort()));
        assertThat(read(origin, "")).as("nothing more came").isEmpty();
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.NO_RULE);
        assertThat(decisions).extracting(HttpDecision::serverName).containsOnly(NAME);
        assertThat(tlsDecisions).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "other.example.org, other-host",
        "sub.www.example.org, other-host",
        "www.example.org:1, other-host",
    })
    void aHostThatIsNotTheServerNameIsRefused(String host, String reason) throws Exception {
        SSLSocket client = client();
        write(client, get("/v1/a", host));
        assertThat(read(client, "")).contains("403 Forbidden", reason);
        assertNobodyConnects();
    }

    @Test
    void aHostThatTheRuleNamesPasses() throws Exception {
        allow(List.of(), rule(List.of("api.example.org")));
        SSLSocket client = client();
        write(client, get("/v1/a", "api.example.org"));
        SSLSocket origin = origin();
        assertThat(read(origin, "\r\n\r\n")).contains("Host: api.example.org");
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Content-Length: 5~Transfer-Encoding: chunked~~0~~",
                "Transfer-Encoding: chunked, identity~~0~~",
                "Content-Length: 1~Content-Length: 2~~ab",
                "X: a~ b~~",
            })
    void smugglingIsRefused(String rest) throws Exception {
        SSLSocket client = client();
        write(client, "POST /v1/a HTTP/1.1\r\nHost: www.example.org\r\n" + rest.replace("~", "\r\n"));
        assertThat(read(client, "")).contains("403 Forbidden", "malformed");
        assertNobodyConnects();
    }

    @Test
    void aWebSocketThatNoRuleAllowsIsRefused() throws Exception {
        SSLSocket client = client();
        write(client, HANDSHAKE);
        assertThat(read(client, ""))
                .contains(
                        "403 Forbidden",
                        "no-rule",
                        "tls: {}, http: [{methods: [GET], paths: ['/v1/a'], webSocket: true}]");
        assertNobodyConnects();
        awaitVerdicts(HttpVerdict.NO_RULE);
    }

    private void allowWebSockets() {
        HttpName without = rule(List.of());
        allow(
                List.of(),
                new HttpName(
                        NAME, without.port(), without.endPort(), List.of("GET"), List.of("/v1/*"), List.of(), true));
        names.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
    }

    private void accept(SSLSocket origin) throws IOException {
        assertThat(read(origin, "\r\n\r\n")).contains("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        write(origin, SWITCHING);
    }

    /** More than all buffers on the way hold, in both directions at once. */
    @ParameterizedTest
    @CsvSource({"TLSv1.3", "TLSv1.2"})
    void aWebSocketThatARuleAllowsIsBytesBothWays(String version) throws Exception {
        allowWebSockets();
        SSLSocket client = client();
        client.setEnabledProtocols(new String[] {version});
        write(client, HANDSHAKE);
        SSLSocket origin = origin();
        accept(origin);
        assertThat(read(client, "\r\n\r\n")).isEqualTo(SWITCHING);

        int length = 2 << 20;
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++) {
            content[i] = (byte) (i * 31 + (i >> 8));
        }
        List<CompletableFuture<Void>> sent = List.of(client, origin).stream()
                .map(socket -> CompletableFuture.runAsync(() -> {
                    try {
                        socket.getOutputStream().write(content);
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                }))
                .toList();
        CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(() -> {
            try {
                return origin.getInputStream().readNBytes(length);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(Arrays.equals(client.getInputStream().readNBytes(length), content))
                .isTrue();
        assertThat(Arrays.equals(received.join(), content)).isTrue();
        sent.forEach(CompletableFuture::join);
        awaitVerdicts(HttpVerdict.UPGRADED);
        origin.close();
        assertThat(read(client, "")).as("the server's end is an end").isEmpty();
        client.close();
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.PASSED);
        HttpDecision end = decisions.getLast();
        assertThat(end.serverName()).isEqualTo(NAME);
        assertThat(end.webSocket()).isTrue();
        assertThat(end.status()).isEqualTo(101);
        assertThat(end.bytesSent()).isEqualTo(length);
        assertThat(end.bytesReceived()).isEqualTo(length);
    }

    @Test
    void whatComesBehindAHandshakeIsNotReadBeforeTheAnswer() throws Exception {
        allowWebSockets();
        SSLSocket client = client();
        write(client, get("/v1/a", NAME));
        SSLSocket origin = origin();
        read(origin, "\r\n\r\n");
        write(origin, OK);
        read(client, "ok");
        write(client, get("/v1/b", NAME) + HANDSHAKE);
        read(origin, "\r\n\r\n");
        write(origin, OK);
        read(client, "ok");
        read(origin, "\r\n\r\n");

        byte[] piece = new byte[64 << 10];
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
        write(origin, SWITCHING);
        assertThat(read(client, "\r\n\r\n")).isEqualTo(SWITCHING);
        assertThat(origin.getInputStream().readNBytes(pieces * piece.length)).hasSize(pieces * piece.length);
        written.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void aWebSocketThatIsCutOffIsReset() throws Exception {
        allowWebSockets();
        SSLSocket client = client();
        write(client, HANDSHAKE);
        Socket accepted = server.accept();
        sockets.add(accepted);
        SSLSocket origin = (SSLSocket) machines.server(NAME).getSocketFactory().createSocket(accepted, null, false);
        origin.setUseClientMode(false);
        accept(origin);
        write(origin, "half of i");
        read(client, "half of i");
        accepted.shutdownOutput();
        assertThatThrownBy(() -> read(client, "")).isInstanceOf(IOException.class);
    }

    @Test
    void aRuleThatIsTakenBackCutsWebSockets() throws Exception {
        allowWebSockets();
        SSLSocket client = client();
        write(client, HANDSHAKE);
        SSLSocket origin = origin();
        accept(origin);
        read(client, "\r\n\r\n");
        awaitVerdicts(HttpVerdict.UPGRADED);

        allow(List.of(), rule(List.of()));
        group.next().submit(connections::cutRevoked).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        for (SSLSocket cut : List.of(client, origin)) {
            assertThatThrownBy(() -> read(cut, "")).isInstanceOf(SocketException.class);
        }
        awaitVerdicts(HttpVerdict.UPGRADED, HttpVerdict.REVOKED);
    }

    private SSLContext wrong(String how) throws Exception {
        return switch (how) {
            case "authority" -> new TestAuthority("stranger").server(NAME);
            case "name" -> machines.server("other.example.org");
            default -> machines.server(NAME, Clock.fixed(Instant.now().minus(Duration.ofDays(1)), ZoneOffset.UTC));
        };
    }

    @ParameterizedTest
    @CsvSource({"authority", "name", "time"})
    void aServerWithoutARightCertificateIsToldOfAndNotPassedOn(String how) throws Exception {
        SSLSocket client = client();
        write(client, get("/v1/a", NAME));
        SSLSocket origin = origin(wrong(how));
        assertThatThrownBy(() -> read(origin, "\r\n\r\n")).isInstanceOf(IOException.class);
        assertThat(read(client, "")).contains("502 Bad Gateway", "untrusted-server");
        awaitVerdicts(HttpVerdict.UNTRUSTED_SERVER);
    }

    @Test
    void whileNobodyIsTrustedNothingConnects() throws Exception {
        trusted.trust(new dev.agentcontainers.protocol.names.NodeMessage.Trust(List.of()));
        SSLSocket client = client();
        write(client, get("/v1/a", NAME));
        assertThat(read(client, "")).contains("502 Bad Gateway", "untrusted-server");
        assertNobodyConnects();
    }

    @Test
    void whoSpeaksNoTlsIsUnreachable() throws Exception {
        SSLSocket client = client();
        write(client, get("/v1/a", NAME));
        Socket origin = server.accept();
        sockets.add(origin);
        write(origin, OK);
        assertThat(read(client, "")).contains("502 Bad Gateway", "\"unreachable\"");
    }

    @Test
    void whoTrustsAnotherAuthorityAloneGetsNoWayAround() throws Exception {
        SSLSocket client = client(machines.client(), NAME);
        assertThatThrownBy(client::startHandshake).isInstanceOf(SSLException.class);
        awaitTlsVerdicts(TlsVerdict.NOT_AGREED);
        assertNobodyConnects();
    }

    @Test
    void whoWantsAnotherProtocolAloneIsTold() throws Exception {
        SSLSocket client = client();
        SSLParameters parameters = client.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"spdy/3.1"});
        client.setSSLParameters(parameters);
        assertThatThrownBy(client::startHandshake).hasMessageContaining("no_application_protocol");
        awaitTlsVerdicts(TlsVerdict.NOT_AGREED);
    }

    @ParameterizedTest
    @CsvSource({"h2", "http/1.1"})
    void whoKnowsOneGetsThat(String protocol) throws Exception {
        SSLSocket client = client();
        SSLParameters parameters = client.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {protocol});
        client.setSSLParameters(parameters);
        client.startHandshake();
        assertThat(client.getApplicationProtocol()).isEqualTo(protocol);
    }

    @Test
    void aSecondHandshakeInsideTheFirstIsRefused() throws Exception {
        SSLSocket client = client();
        client.setEnabledProtocols(new String[] {"TLSv1.2"});
        client.startHandshake();
        client.startHandshake();
        assertThatThrownBy(() -> {
                    write(client, get("/v1/a", NAME));
                    read(client, "");
                })
                .isInstanceOf(IOException.class);
        assertNobodyConnects();
    }

    @Test
    void withoutTlsNothingPasses() throws Exception {
        Socket client = connect();
        write(client, get("/v1/a", NAME));
        assertThatThrownBy(() -> read(client, "")).isInstanceOf(SocketException.class);
        awaitTlsVerdicts(TlsVerdict.NOT_TLS);
        assertNobodyConnects();
    }

    @Test
    void aNameWithoutSuchARuleIsNotDecrypted() throws Exception {
        SSLSocket client = client(agents.client(), "other.example.org");
        assertThatThrownBy(client::startHandshake).isInstanceOf(SSLException.class);
        awaitTlsVerdicts(TlsVerdict.OTHER_NAME);
        assertNobodyConnects();
    }

    /** Rules only add to each other. */
    @Test
    void whatARuleWithTlsAloneAllowsPassesUnread() throws Exception {
        allow(List.of(new TlsName(NAME, server.getLocalPort(), server.getLocalPort())), rule(List.of()));
        tlsNames.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        SSLSocket client = client(machines.client(), NAME);
        CompletableFuture<String> asked = CompletableFuture.supplyAsync(() -> {
            try {
                SSLSocket origin = origin();
                String request = read(origin, "\r\n\r\n");
                write(origin, OK);
                return request;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        write(client, "DELETE /admin HTTP/1.1\r\n\r\n");
        assertThat(read(client, "ok")).isEqualTo(OK);
        assertThat(asked.join()).startsWith("DELETE /admin");
        awaitTlsVerdicts(TlsVerdict.PASSED);
    }

    @Test
    void whereNothingIsCertifiedTheAgentIsTold() throws Exception {
        certifying = false;
        SSLSocket client = client();
        assertThatThrownBy(client::startHandshake).hasMessageContaining("access_denied");
        awaitTlsVerdicts(TlsVerdict.NOT_CERTIFIED);
    }

    @Test
    void aRuleThatIsTakenBackCutsWhatIsIdle() throws Exception {
        SSLSocket idle = client();
        idle.startHandshake();
        SSLSocket kept = client();
        write(kept, get("/v1/a", NAME));
        SSLSocket origin = origin();
        read(origin, "\r\n\r\n");
        write(origin, OK);
        read(kept, "ok");

        allow(List.of());
        group.next().submit(connections::cutRevoked).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        for (SSLSocket cut : List.of(idle, kept, origin)) {
            assertThatThrownBy(() -> read(cut, "")).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void oneAgentHasSoManyAtMost() throws Exception {
        for (int i = 0; i < LIMITS.mostDecryptedOfAgent(); i++) {
            client().startHandshake();
        }
        SSLSocket more = client();
        assertThatThrownBy(more::startHandshake).isInstanceOf(SSLException.class);
        awaitTlsVerdicts(TlsVerdict.TOO_MANY);
        sockets.getFirst().close();
        await().atMost(PATIENCE).untilAsserted(() -> client().startHandshake());
    }

    /** More than all buffers on the way hold, in both directions. */
    @Test
    void longContentPassesBothWays() throws Exception {
        int length = 4 << 20;
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++) {
            content[i] = (byte) (i * 31 + (i >> 8));
        }
        SSLSocket client = client();
        CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
            try {
                write(client, "POST /v1/a HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: " + length + "\r\n\r\n");
                client.getOutputStream().write(content);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        SSLSocket origin = origin();
        read(origin, "\r\n\r\n");
        assertThat(origin.getInputStream().readNBytes(length)).isEqualTo(content);
        sent.join();
        CompletableFuture<Void> answered = CompletableFuture.runAsync(() -> {
            try {
                write(origin, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
                origin.getOutputStream().write(content);
                origin.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        read(client, "\r\n\r\n");
        byte[] received = client.getInputStream().readAllBytes();
        assertThat(Arrays.equals(received, content)).isTrue();
        answered.join();
        awaitVerdicts(HttpVerdict.PASSED);
    }

    /** Anybody on the way could end a connection of TCP; only the server can say that that was all. */
    @Test
    void anAnswerThatIsCutOffIsNoWholeAnswer() throws Exception {
        SSLSocket client = client();
        write(client, get("/v1/a", NAME));
        Socket accepted = server.accept();
        sockets.add(accepted);
        SSLSocket origin = (SSLSocket) machines.server(NAME).getSocketFactory().createSocket(accepted, null, false);
        origin.setUseClientMode(false);
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\n\r\nhalf of i");
        assertThat(read(client, "half of i")).startsWith("HTTP/1.1 200 OK");
        accepted.shutdownOutput();
        assertThatThrownBy(() -> read(client, "")).isInstanceOf(IOException.class);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    @Test
    void anAnswerThatEndsWithItsConnectionIsWhole() throws Exception {
        SSLSocket client = client();
        write(client, get("/v1/a", NAME));
        SSLSocket origin = origin();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\n\r\nall of it");
        origin.close();
        assertThat(read(client, "")).endsWith("all of it");
        awaitVerdicts(HttpVerdict.PASSED);
    }
}
