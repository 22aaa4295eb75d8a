package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.TestAuthority;
import dev.agentcontainers.egressproxy.budget.Budgets;
import dev.agentcontainers.egressproxy.certificates.CertifiedServers;
import dev.agentcontainers.egressproxy.certificates.TrustedServers;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttps;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForTls;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.DirectName;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Agent, proxy and server, with HTTP/2 inside real TLS. */
abstract class InterceptedHttp2 {
    static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String AGENT = "127.0.0.2";
    static final String NAME = "www.example.org";
    /** Of a rule that does not look at what passes. */
    static final String OPEN_NAME = "open.example.org";

    // Codes of errors: RFC 9113, 7.
    static final int NO_ERROR = 0;
    static final int PROTOCOL_ERROR = 1;
    static final int REFUSED_STREAM = 7;
    static final int CANCEL = 8;
    static final int ENHANCE_YOUR_CALM = 11;

    static final RelayLimits LIMITS = new RelayLimits(
            20,
            20,
            10,
            10,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            new Http2Limits(4, 2, 6, 5, 4, 2, 2, 2));

    final EventLoopGroup group = new EpollEventLoopGroup(1);
    final TestAuthority agents = new TestAuthority("agent");
    final TestAuthority machines = new TestAuthority("machine");
    final HttpNames names = HttpNames.insideTls(System::nanoTime);
    final HttpNames plainNames = HttpNames.plain(System::nanoTime);
    final TlsNames tlsNames = new TlsNames(System::nanoTime);
    final AskedNames asked = new AskedNames(tlsNames, plainNames, names);
    final TrustedServers trusted = new TrustedServers();
    final List<HttpDecision> decisions = new CopyOnWriteArrayList<>();
    final List<TlsDecision> tlsDecisions = new CopyOnWriteArrayList<>();
    final LentBudgets lent = new LentBudgets();
    final Budgets budgets = new Budgets(lent, group.next(), System::nanoTime);
    final List<Socket> sockets = new ArrayList<>();
    final CertifiedServers certified = new CertifiedServers(
            (_, name, key) -> CompletableFuture.completedFuture(agents.certify(name, key)), System::nanoTime);

    ServerSocket server;
    InterceptedConnections connections;
    /** Where a connection goes that is meant for an address. */
    UnaryOperator<InetSocketAddress> destination = UnaryOperator.identity();

    InetSocketAddress proxy;
    /** What a socket of the agent's holds before it is read; 0 for what the kernel likes. */
    int receives;

    @BeforeEach
    void listen() throws Exception {
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        server.setSoTimeout((int) PATIENCE.toMillis());
        trusted.trust(machines.trust());
        allow(rule("GET", "POST", "HEAD"));
        InetSocketAddress meant = (InetSocketAddress) server.getLocalSocketAddress();
        destination = _ -> meant;
        connections = connections(LIMITS);
        proxy = listen(connections);
    }

    InterceptedConnections connections(RelayLimits limits) {
        return new InterceptedConnections(
                new ForTls(tlsNames, tlsDecisions::add),
                new ForHttp(plainNames, decisions::add),
                new ForHttps(names, certified, trusted),
                budgets,
                Clock.systemUTC(),
                limits,
                destination);
    }

    InetSocketAddress listen(InterceptedConnections its) throws InterruptedException {
        return (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(its)
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

    HttpName rule(String... methods) {
        int port = server.getLocalPort();
        return new HttpName(NAME, port, port, List.of(methods), List.of("/v1/*"), List.of());
    }

    void allow(HttpName... rules) {
        allow(List.of(), List.of(rules));
    }

    void allow(List<HttpName> withoutTls, List<HttpName> insideTls) {
        configure(withoutTls, insideTls, List.of(), List.of());
    }

    /** Requests inside TLS, and beside them what agents reach themselves, and what is closed. */
    void allowBeside(List<DirectName> direct, List<String> closed) {
        configure(List.of(), List.of(rule("GET", "POST", "HEAD")), direct, closed);
    }

    private void configure(
            List<HttpName> withoutTls, List<HttpName> insideTls, List<DirectName> direct, List<String> closed) {
        Configure all = new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME, OPEN_NAME)),
                Map.of("g", List.of()),
                Map.of("g", withoutTls),
                Map.of("g", insideTls),
                Map.of("g", direct),
                Map.of(AGENT, "a"),
                closed,
                List.of(),
                NameLimits.DEFAULT);
        names.configure(all);
        plainNames.configure(all);
        tlsNames.configure(all);
        certified.configure(all);
        asked.configure(all);
        names.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
        plainNames.resolved(AGENT, NAME, List.of("127.0.0.1"), 300);
    }

    SSLSocket socket(String... protocols) throws Exception {
        Socket socket = new Socket();
        sockets.add(socket);
        if (receives > 0) {
            socket.setReceiveBufferSize(receives);
        }
        socket.bind(new InetSocketAddress(AGENT, 0));
        socket.connect(proxy);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        SSLSocket secured = (SSLSocket) agents.client().getSocketFactory().createSocket(socket, NAME, 443, true);
        SSLParameters parameters = secured.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(NAME)));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(protocols);
        secured.setSSLParameters(parameters);
        secured.startHandshake();
        return secured;
    }

    Http2Peer client() throws Exception {
        return Http2Peer.client(socket("h2"));
    }

    SSLSocket accept(String... protocols) throws Exception {
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(accepted);
        SSLSocket socket = (SSLSocket) machines.server(NAME).getSocketFactory().createSocket(accepted, null, true);
        socket.setUseClientMode(false);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        return socket;
    }

    Http2Peer origin() throws Exception {
        return Http2Peer.server(accept("h2"));
    }

    void assertNobodyConnects() throws IOException {
        server.setSoTimeout(1);
        assertThatThrownBy(() -> server.accept()).hasMessageContaining("timed out");
    }

    void awaitVerdicts(HttpVerdict... verdicts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions.stream().map(HttpDecision::verdict))
                        .containsExactly(verdicts));
    }

    /** By a stream beside the one that was refused. */
    void assertOthersPass(Http2Peer client, int stream) throws Exception {
        client.request(stream, "GET", "/v1/other", true);
        Http2Peer origin = origin();
        Frame request = origin.read();
        assertThat(request.headers()).contains(":path: /v1/other");
        origin.headers(request.stream(), true, ":status", "204");
        assertThat(client.readAll(stream)).contains(":status: 204");
    }

    /** As gRPC does it: content both ways at once, and the answer's state behind it. */
    void assertContentGoesBothWays(String scheme, Http2Peer client, Callable<Http2Peer> accepting) throws Exception {
        client.request(
                scheme,
                1,
                "POST",
                "/v1/pkg.Service/Method",
                false,
                "content-type",
                "application/grpc",
                "te",
                "trailers");
        Http2Peer origin = accepting.call();
        int stream = origin.read().stream();
        client.data(1, "one", false);
        assertThat(origin.read().text()).isEqualTo("one");
        origin.headers(stream, false, ":status", "200");
        origin.data(stream, "first", false);
        assertThat(client.read().headers()).containsExactly(":status: 200");
        assertThat(client.read().text()).isEqualTo("first");
        client.data(1, "two", true);
        assertThat(origin.readAll(stream)).isEqualTo("two");
        origin.headers(stream, true, "grpc-status", "0");
        assertThat(client.readAll(1)).isEqualTo("[grpc-status: 0]");
        awaitVerdicts(HttpVerdict.PASSED);
        assertThat(decisions.getFirst().bytesSent()).isEqualTo(6);
    }

    static RelayLimits with(Http2Limits http2) {
        return new RelayLimits(
                20, 20, 10, 10, LIMITS.hello(), LIMITS.connect(), LIMITS.idle(), LIMITS.between(), http2);
    }

    void assertNobodyConnectsFor(Duration time) throws Exception {
        server.setSoTimeout((int) time.toMillis());
        assertThatThrownBy(() -> server.accept()).hasMessageContaining("timed out");
        server.setSoTimeout((int) PATIENCE.toMillis());
    }

    /** So many headers behind those. */
    static String[] fields(int count, String... before) {
        return Stream.concat(
                        Arrays.stream(before), IntStream.range(0, count).boxed().flatMap(i -> Stream.of("x" + i, "y")))
                .toArray(String[]::new);
    }

    /** The code of GOAWAY, or -1 where the connection was reset. */
    static int endOf(Http2Peer client) {
        try {
            while (true) {
                Frame frame = client.read();
                if (frame.type() == Http2Peer.GOAWAY) {
                    return frame.errorCode();
                }
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("it is not ended", e);
        } catch (IOException e) {
            return -1;
        }
    }

    static int endOfStream(Http2Peer client) throws IOException {
        Frame frame = client.read();
        while (frame.type() != Http2Peer.RST_STREAM) {
            frame = client.read();
        }
        return frame.errorCode();
    }
}
