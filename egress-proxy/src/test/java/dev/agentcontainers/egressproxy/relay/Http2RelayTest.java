package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of HTTP/2, between ends that write frames as they like, over real TLS. */
class Http2RelayTest extends InterceptedHttp2 {
    /** In place of a value: the header isn't there. */
    private static final String GONE = "(gone)";

    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int REFUSED_STREAM = 7;
    private static final int CANCEL = 8;
    private static final int ENHANCE_YOUR_CALM = 11;
    /** By a stream beside the one that was refused. */
    private void assertOthersPass(Http2Peer client, int stream) throws Exception {
        client.request(stream, "GET", "/v1/other", true);
        Http2Peer origin = origin();
        Frame request = origin.read();
        assertThat(request.headers()).contains(":path: /v1/other");
        origin.headers(request.stream(), true, ":status", "204");
        assertThat(client.readAll(stream)).contains(":status: 204");
    }

    @Test
    void whatARuleAllowsPassesAndWhatNoneAllowsIsToldOnItsStreamAlone() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/%61?q=1", true, "accept", "text/plain", "te", "trailers");
        Http2Peer origin = origin();
        Frame request = origin.read();
        assertThat(request.headers())
                .containsExactlyInAnyOrder(
                        ":method: GET",
                        ":scheme: https",
                        ":authority: " + NAME + ":" + server.getLocalPort(),
                        ":path: /v1/a?q=1",
                        "accept: text/plain",
                        "te: trailers");
        assertThat(request.ends()).isTrue();

        client.request(3, "GET", "/admin", true);
        assertThat(client.readAll(3))
                .startsWith("[:status: 403, content-type: application/json")
                .doesNotContain("connection")
                .contains(
                        "\"reason\":\"no-rule\"",
                        "GET /admin of www.example.org inside TLS",
                        "tls: {}, http: [{methods: [GET], paths: ['/admin']}]");

        origin.headers(request.stream(), false, ":status", "200", "x", "y");
        origin.data(request.stream(), "ok", true);
        assertThat(client.readAll(1)).isEqualTo("[:status: 200, x: y]ok");
        awaitVerdicts(HttpVerdict.NO_RULE, HttpVerdict.PASSED);
        assertThat(decisions)
                .extracting(HttpDecision::method, HttpDecision::path, HttpDecision::status, HttpDecision::serverName)
                .containsExactly(tuple("GET", "/admin", 403, NAME), tuple("GET", "/v1/%61", 200, NAME));
        assertThat(decisions.getLast().bytesReceived()).isEqualTo(2);
    }

    /** As gRPC does it: content both ways at once, and the answer's state behind it. */
    @Test
    void contentGoesBothWaysAndTheAnswersTrailersCome() throws Exception {
        Http2Peer client = client();
        client.request(
                1, "POST", "/v1/pkg.Service/Method", false, "content-type", "application/grpc", "te", "trailers");
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        client.data(1, "one", false);
        assertThat(origin.read().text()).isEqualTo("one");
        origin.headers(stream, false, ":status", "200");
        origin.data(stream, "first", false);
        assertThat(client.read().headers()).containsExactly(":status: 200");
        assertThat(client.read().text()).isEqualTo("first");
        client.data(1, "two", true);
        Frame last = origin.read();
        assertThat(last.text()).isEqualTo("two");
        if (!last.ends()) {
            assertThat(origin.read().ends()).isTrue();
        }
        origin.headers(stream, true, "grpc-status", "0");
        assertThat(client.readAll(1)).isEqualTo("[grpc-status: 0]");
        awaitVerdicts(HttpVerdict.PASSED);
        assertThat(decisions.getFirst().bytesSent()).isEqualTo(6);
    }

    @Test
    void trailersOfARequestAreForNobody() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false);
        client.data(1, "a", false);
        client.headers(1, true, "x-http-method-override", "DELETE");
        Http2Peer origin = origin();
        Frame request = origin.read();
        assertThat(request.headers()).contains(":method: POST");
        assertThat(origin.readAll(request.stream())).isEqualTo("a");
    }

    static Stream<Arguments> hostileHeads() {
        return Stream.of(
                head("a method that no rule has", "no-rule", ":method", "DELETE"),
                head("a method in small letters", "malformed", ":method", "get"),
                head("dot segments", "ambiguous-path", ":path", "/v1/../admin"),
                head("encoded dot segments", "ambiguous-path", ":path", "/v1/%2e%2e/admin"),
                head("an encoded slash", "ambiguous-path", ":path", "/v1/..%2fadmin"),
                head("a double slash", "ambiguous-path", ":path", "//v1/a"),
                head("a whole address as path", "ambiguous-path", ":path", "https://www.example.org/v1/a"),
                head("a path that begins with no slash", "ambiguous-path", ":path", "v1/a"),
                head("a space in the path", "ambiguous-path", ":path", "/v1/a HTTP/1.1"),
                head("a fragment", "ambiguous-path", ":path", "/v1/a#b"),
                head("another authority", "other-host", ":authority", "other.example.org"),
                head("an authority with a user", "other-host", ":authority", "a@www.example.org"),
                head("an authority with another port", "other-host", ":authority", "www.example.org:1"),
                head("no authority", "other-host", ":authority", GONE),
                head("another host", "other-host", "host", "other.example.org"),
                head("another scheme", "malformed", ":scheme", "http"),
                head("CONNECT", "other-protocol", ":method", "CONNECT"),
                head("a WebSocket", "other-protocol", ":method", "CONNECT", ":protocol", "websocket"),
                head("half a WebSocket", "other-protocol", "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                head("an overriding header", "overridden", "x-http-method-override", "DELETE"),
                head("another path in a header", "overridden", "x_original_url", "/admin"),
                head("a length with an underscore", "malformed", "content_length", "5"),
                head("an unknown expectation", "malformed", "expect", "something"),
                head("a long header", "too-large", "x", "a".repeat(17 << 10)));
    }

    private static Arguments head(String what, String reason, String... changes) {
        return Arguments.of(what, reason, changes);
    }

    private static String[] changed(String... changes) {
        List<String> all =
                new ArrayList<>(List.of(":method", "GET", ":scheme", "https", ":authority", NAME, ":path", "/v1/a"));
        for (int i = 0; i < changes.length; i += 2) {
            int there = all.indexOf(changes[i]);
            if (there >= 0 && changes[i + 1].equals(GONE)) {
                all.subList(there, there + 2).clear();
            } else if (there >= 0) {
                all.set(there + 1, changes[i + 1]);
            } else {
                // Behind the others of its kind.
                int where = changes[i].startsWith(":") ? 8 : all.size();
                all.add(where, changes[i + 1]);
                all.add(where, changes[i]);
            }
        }
        return all.toArray(String[]::new);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileHeads")
    void aHeadThatMayNotPassIsRefusedAlone(String what, String reason, String... changes) throws Exception {
        Http2Peer client = client();
        client.headers(1, true, changed(changes));
        assertThat(client.readAll(1)).as(what).contains(":status: 403", "\"reason\":\"" + reason + "\"");
        assertNobodyConnects();
        server.setSoTimeout((int) PATIENCE.toMillis());
        assertOthersPass(client, 3);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(decisions).hasSize(2));
    }

    static Stream<Arguments> smuggling() {
        String[] good = changed();
        return Stream.of(
                smuggled("two methods", changedBefore(":method", "GET", good)),
                smuggled("two paths", changedBefore(":path", "/v1/a", good)),
                smuggled("two authorities", changedBefore(":authority", NAME, good)),
                smuggled("two schemes", changedBefore(":scheme", "https", good)),
                smuggled("no path", changed(":path", GONE)),
                smuggled("no method", changed(":method", GONE)),
                smuggled("no scheme", changed(":scheme", GONE)),
                smuggled("an empty path", changed(":path", "")),
                smuggled("a pseudo-header that nobody knows", changed(":route", "/admin")),
                smuggled("one of answers", changed(":status", "200")),
                smuggled("one behind a header", behind(good, "x", "y", ":path", "/admin")),
                smuggled("capitals", behind(good, "Host", "other.example.org")),
                smuggled("a name with a space", behind(good, "content-length ", "5")),
                smuggled("a name with a colon", behind(good, "x: y", "z")),
                smuggled("an empty name", behind(good, "", "z")),
                smuggled("a name with CR LF", behind(good, "x\r\nhost", "other.example.org")),
                smuggled("CR LF in a value", behind(good, "x", "y\r\nhost: other.example.org")),
                smuggled("LF in a value", behind(good, "x", "y\nz")),
                smuggled("NUL in a value", behind(good, "x", "y\0z")),
                smuggled("a space before a value", behind(good, "x", " y")),
                smuggled("CR LF in the path", changed(":path", "/v1/a HTTP/1.1\r\nhost: x")),
                smuggled("CR LF in the method", changed(":method", "GET /admin HTTP/1.1\r\nx:")),
                smuggled("a transfer coding", behind(good, "transfer-encoding", "chunked")),
                smuggled("Connection", behind(good, "connection", "host")),
                smuggled("Keep-Alive", behind(good, "keep-alive", "1")),
                smuggled("Proxy-Connection", behind(good, "proxy-connection", "close")),
                smuggled("Upgrade", behind(good, "upgrade", "h2c")),
                smuggled("TE with more than trailers", behind(good, "te", "chunked")),
                smuggled("two lengths", behind(good, "content-length", "0", "content-length", "1")),
                smuggled("a length with a sign", behind(good, "content-length", "+0")),
                smuggled("a length without content", behind(good, "content-length", "5")),
                smuggled("two hosts", behind(good, "host", NAME, "host", NAME)));
    }

    private static String[] changedBefore(String name, String value, String... good) {
        return Stream.concat(Stream.of(name, value), Arrays.stream(good)).toArray(String[]::new);
    }

    private static String[] behind(String[] good, String... more) {
        return Stream.concat(Arrays.stream(good), Arrays.stream(more)).toArray(String[]::new);
    }

    private static Arguments smuggled(String what, String... head) {
        return Arguments.of(what, head);
    }

    /** By the codec, or by what reads heads behind it; and never at the cost of other streams. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("smuggling")
    void aHeadThatCanBeReadInTwoWaysGoesNowhere(String what, String... head) throws Exception {
        Http2Peer client = client();
        client.headers(1, true, head);
        assertThat(client.readAll(1))
                .as(what)
                .matches(answer -> answer.contains(":status: 403")
                        || answer.equals("ended by " + Http2Peer.RST_STREAM + " with " + PROTOCOL_ERROR));
        assertNobodyConnects();
        server.setSoTimeout((int) PATIENCE.toMillis());
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(decisions).hasSize(1));
        assertThat(decisions.getFirst().verdict())
                .isIn(HttpVerdict.MALFORMED, HttpVerdict.OTHER_HOST, HttpVerdict.AMBIGUOUS_PATH);
        assertOthersPass(client, 3);
    }

    @Test
    void moreContentThanItsLengthGoesNowhere() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false, "content-length", "3");
        Http2Peer origin = origin();
        assertThat(origin.read().headers()).contains("content-length: 3");
        client.data(1, "abcGET /admin HTTP/1.1\r\n\r\n", true);
        assertThat(client.readAll(1)).isEqualTo("ended by " + Http2Peer.RST_STREAM + " with " + PROTOCOL_ERROR);
        Frame end = origin.read();
        assertThat(end.type()).isEqualTo(Http2Peer.RST_STREAM);
        awaitVerdicts(HttpVerdict.MALFORMED);
    }

    @Test
    void lessContentThanItsLengthIsNoWholeRequest() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false, "content-length", "30");
        Http2Peer origin = origin();
        origin.read();
        client.data(1, "abc", true);
        assertThat(client.readAll(1)).isEqualTo("ended by " + Http2Peer.RST_STREAM + " with " + PROTOCOL_ERROR);
        Frame end = origin.read();
        while (end.type() == Http2Peer.DATA) {
            assertThat(end.ends()).isFalse();
            end = origin.read();
        }
        assertThat(end.type()).isEqualTo(Http2Peer.RST_STREAM);
        awaitVerdicts(HttpVerdict.MALFORMED);
    }

    @Test
    void aResetOfTheAgentsGoesOnAsSuchAndEndsNoOther() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        int first = origin.read().stream();
        client.request(3, "GET", "/v1/b", true);
        int second = origin.read().stream();
        client.reset(1, ENHANCE_YOUR_CALM);
        Frame reset = origin.read();
        assertThat(reset.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(reset.stream()).isEqualTo(first);
        assertThat(reset.errorCode()).isEqualTo(CANCEL);
        origin.headers(second, true, ":status", "200");
        assertThat(client.readAll(3)).contains(":status: 200");
    }

    @Test
    void whereTheAgentSaysThatItGoesItsStreamsGoOn() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        client.goAway(0);
        client.data(1, "content", true);
        assertThat(origin.readAll(stream)).isEqualTo("content");
        origin.headers(stream, true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");
        awaitVerdicts(HttpVerdict.PASSED);
    }

    @Test
    void aResetOfTheServersComesBackWithItsReason() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        origin.reset(stream, ENHANCE_YOUR_CALM);
        Frame reset = client.read();
        assertThat(reset.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(reset.errorCode()).isEqualTo(ENHANCE_YOUR_CALM);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    /** What the server has not looked at may be sent again, by another connection. */
    @Test
    void whereTheServerTakesNoMoreTheNextGoesByAnotherConnection() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        int first = origin.read().stream();
        client.request(3, "GET", "/v1/b", true);
        origin.read();
        origin.goAway(first);
        Frame refused = client.read();
        assertThat(refused.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(refused.stream()).isEqualTo(3);
        assertThat(refused.errorCode()).isEqualTo(REFUSED_STREAM);
        origin.headers(first, true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");
        assertOthersPass(client, 5);
    }

    /** SETTINGS_MAX_CONCURRENT_STREAMS. */
    private static byte[] mostStreams(int most) {
        return new byte[] {0, 3, 0, 0, 0, (byte) most};
    }

    private static RelayLimits with(Http2Limits http2) {
        return new RelayLimits(
                20, 20, 10, 10, LIMITS.hello(), LIMITS.connect(), LIMITS.idle(), LIMITS.between(), http2);
    }

    private void assertNobodyConnectsFor(Duration time) throws Exception {
        server.setSoTimeout((int) time.toMillis());
        assertThatThrownBy(() -> server.accept()).hasMessageContaining("timed out");
        server.setSoTimeout((int) PATIENCE.toMillis());
    }

    /** Each stream would have a connection of its own otherwise, with all that TLS takes. */
    @Test
    void aServerThatTakesOneStreamOfEachConnectionGetsNoMoreConnectionsThanThereMayBe() throws Exception {
        Http2Peer client = client();
        List<Http2Peer> origins = new ArrayList<>();
        List<Integer> its = new ArrayList<>();
        for (int stream = 1; stream <= 3; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
            Http2Peer origin = Http2Peer.server(accept("h2"), mostStreams(1));
            Frame request = origin.read();
            assertThat(request.headers()).contains(":path: /v1/" + stream);
            origin.goAway(request.stream());
            origins.add(origin);
            its.add(request.stream());
        }
        client.request(5, "GET", "/v1/5", true);
        assertNobodyConnectsFor(Duration.ofSeconds(1));
        origins.getFirst().headers(its.getFirst(), true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");
        Http2Peer next = origin();
        Frame request = next.read();
        assertThat(request.headers()).contains(":path: /v1/5");
        next.headers(request.stream(), true, ":status", "200");
        assertThat(client.readAll(5)).contains(":status: 200");
    }

    @Test
    void oneAgentHasSoManyConnectionsToServersAtMost() throws Exception {
        proxy = listen(connections(with(new Http2Limits(4, 2, 6, 5, 4, 2, 2, 1))));
        Http2Peer one = client();
        Http2Peer other = client();
        for (int stream = 1; stream <= 3; stream += 2) {
            one.request(stream, "GET", "/v1/" + stream, true);
            Http2Peer origin = Http2Peer.server(accept("h2"), mostStreams(1));
            origin.goAway(origin.read().stream());
        }
        other.request(1, "GET", "/v1/a", true);
        Http2Peer origin = Http2Peer.server(accept("h2"), mostStreams(1));
        origin.goAway(origin.read().stream());
        other.request(3, "GET", "/v1/b", true);
        assertNobodyConnectsFor(Duration.ofSeconds(1));
        sockets.getFirst().close();
        assertThat(origin().read().headers()).contains(":path: /v1/b");
    }

    @Test
    void aServerThatTakesNothingAgainAndAgainIsGivenUp() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        long began = System.nanoTime();
        for (int i = 0; i < Http2Servers.MOST_IN_VAIN; i++) {
            Http2Peer.server(accept("h2"), mostStreams(0)).goAway(0);
        }
        assertThat(client.readAll(1)).contains(":status: 502", "unreachable");
        assertThat(System.nanoTime() - began).isGreaterThan(Http2Servers.PAUSE.toNanos());
        assertNobodyConnects();
        awaitVerdicts(HttpVerdict.UNREACHABLE);
    }

    /** Heads have no window: an agent that takes nothing would have the proxy hold what its server likes to send. */
    @Test
    void headsThatTheAgentDoesNotTakeAreHeldToABound() throws Exception {
        List<EpollSocketChannel> fronts = new CopyOnWriteArrayList<>();
        InterceptedConnections its = connections(with(new Http2Limits(4, 2, 200, 120, 100, 2, 2, 2)));
        proxy = (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.SO_SNDBUF, 8 << 10)
                .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                    @Override
                    protected void initChannel(EpollSocketChannel front) {
                        fronts.add(front);
                        front.pipeline().addLast(its);
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
        receives = 8 << 10;
        Http2Peer client = client();
        List<Integer> streams = new ArrayList<>();
        for (int stream = 1; stream < 120; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        String much = "~".repeat(15_000);
        for (int i = 0; i < 60; i++) {
            streams.add(origin.read().stream());
        }
        for (int stream : streams) {
            origin.headers(stream, false, ":status", "103", "x", much);
            origin.headers(stream, false, ":status", "103", "x", much);
            origin.headers(stream, true, ":status", "200", "x", much);
        }
        // Those that there was no room for.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions)
                        .hasSizeGreaterThan(20)
                        .allMatch(each -> each.verdict() == HttpVerdict.BROKEN));
        EpollSocketChannel front = fronts.getFirst();
        long pending = front.eventLoop()
                .submit(() -> front.unsafe().outboundBuffer().totalPendingWriteBytes())
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(pending).isBetween(32L << 10, 160L << 10);
        // Others go on, and what was held comes when it is taken.
        receives = 0;
        Http2Peer other = client();
        assertOthersPass(other, 1);
        assertThat(client.readAll(1))
                .startsWith("[:status: 103")
                .contains("[:status: 200")
                .endsWith("~]");
    }

    /** Also one that is far longer, and one that the codec does not read to its end: the connection is other streams' too. */
    @ParameterizedTest
    @ValueSource(ints = {17, 24, 63, 70})
    void anAnswersHeadThatIsTooLongEndsItsStreamAlone(int kibibytes) throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        client.request(3, "GET", "/v1/b", true);
        Http2Peer origin = origin();
        int first = origin.read().stream();
        int second = origin.read().stream();
        origin.headers(first, true, ":status", "200", "x", "~".repeat(kibibytes << 10));
        assertThat(client.readAll(1)).startsWith("ended by " + Http2Peer.RST_STREAM);
        origin.headers(second, true, ":status", "200");
        assertThat(client.readAll(3)).contains(":status: 200");
        awaitVerdicts(HttpVerdict.BROKEN, HttpVerdict.PASSED);
    }

    /** What the server's codec compresses by is not known behind it. */
    @Test
    void anAnswersHeadThatIsNotReadToItsEndEndsItsConnection() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        client.request(3, "GET", "/v1/b", true);
        Http2Peer origin = origin();
        int first = origin.read().stream();
        origin.read();
        origin.headers(first, true, ":status", "200", "x", "~".repeat(81 << 10));
        assertThat(client.readAll(3)).startsWith("ended by " + Http2Peer.RST_STREAM);
        awaitVerdicts(HttpVerdict.BROKEN, HttpVerdict.BROKEN);
        assertOthersPass(client, 5);
    }

    private static String[] fields(int count, String... before) {
        return Stream.concat(
                        Arrays.stream(before), IntStream.range(0, count).boxed().flatMap(i -> Stream.of("x" + i, "y")))
                .toArray(String[]::new);
    }

    /** Without its status. */
    @Test
    void anAnswerHasSoManyHeadersAtMostAndSoManyBehindItsContent() throws Exception {
        Http2Peer client = client();
        for (int stream = 1; stream <= 7; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        List<Integer> its = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            its.add(origin.read().stream());
        }
        origin.headers(its.get(0), true, fields(128, ":status", "200"));
        assertThat(client.readAll(1)).startsWith("[:status: 200, x0: y").endsWith("x127: y]");
        origin.headers(its.get(1), true, fields(129, ":status", "200"));
        assertThat(client.readAll(3)).startsWith("ended by " + Http2Peer.RST_STREAM);
        for (int i = 2; i < 4; i++) {
            origin.headers(its.get(i), false, ":status", "200");
            origin.headers(its.get(i), true, fields(126 + i));
        }
        assertThat(client.readAll(5)).startsWith("[:status: 200][x0: y").endsWith("x127: y]");
        assertThat(client.readAll(7)).isEqualTo("[:status: 200]ended by " + Http2Peer.RST_STREAM + " with 2");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.BROKEN, HttpVerdict.PASSED, HttpVerdict.BROKEN);
    }

    /** Names and values alone count for its length. */
    @Test
    void aRequestHasSoManyHeadersAtMostAndSoLongOnes() throws Exception {
        Http2Peer client = client();
        List<String> head = new ArrayList<>(List.of(changed()));
        int left = (16 << 10) - String.join("", head).length();
        for (int i = 0; i < 128; i++) {
            String name = "x-%03d".formatted(i);
            head.add(name);
            head.add("~".repeat(i < 127 ? 120 : left - 127 * 125 - name.length()));
        }
        client.headers(1, true, head.toArray(String[]::new));
        Http2Peer origin = origin();
        Frame request = origin.read();
        assertThat(request.headers()).anyMatch(header -> header.startsWith("x-127: ~"));
        origin.headers(request.stream(), true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");

        head.set(head.size() - 1, head.getLast() + "~");
        client.headers(3, true, head.toArray(String[]::new));
        assertThat(client.readAll(3)).contains(":status: 403", "too-large", "16 KiB or 128 lines");
        client.headers(5, true, fields(129, changed()));
        assertThat(client.readAll(5)).contains(":status: 403", "too-large");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.TOO_LARGE, HttpVerdict.TOO_LARGE);
    }

    /** They would be written all the same otherwise, and end the connection; or wait on when the server takes them again. */
    @Test
    void headsThatTheServerDoesNotTakeWaitAndGoOnWhenItDoes() throws Exception {
        int count = 320;
        proxy = listen(connections(with(new Http2Limits(4, 2, 400, 400, 400, 2, 2, 2))));
        server.setReceiveBufferSize(8 << 10);
        Http2Peer client = client();
        client.request(1, "GET", "/v1/1", true);
        Http2Peer origin = Http2Peer.server(accept("h2"), new byte[] {0, 3, 0, 0, 4, 0});
        int first = origin.read().stream();
        // More than the kernel holds of it, which is 4 MiB where nobody has changed that.
        String much = "~".repeat(15_000);
        for (int i = 1; i <= count; i++) {
            client.request(2 * i + 1, "GET", "/v1/" + (2 * i + 1), true, "x", much);
        }
        // What is told as that was never sent.
        client.reset(2 * count + 1, CANCEL);
        awaitVerdicts(HttpVerdict.INCOMPLETE);
        List<Integer> its = new ArrayList<>(List.of(first));
        for (int i = 1; i < count; i++) {
            Frame request = origin.read();
            assertThat(request.headers()).contains(":path: /v1/" + (2 * i + 1));
            its.add(request.stream());
        }
        for (int stream : its) {
            origin.headers(stream, true, ":status", "200");
        }
        assertThat(client.readAll(2 * count - 1)).contains(":status: 200");
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(decisions).hasSize(count + 1));
        assertThat(decisions.stream().skip(1)).allMatch(each -> each.verdict() == HttpVerdict.PASSED);
    }

    @Test
    void aRuleThatIsTakenBackCutsAllOfTheConnection() throws Exception {
        Http2Peer idle = client();
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        origin.read();
        allow();
        group.next().submit(connections::cutRevoked).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        for (Http2Peer cut : List.of(idle, client, origin)) {
            assertThat(endOf(cut)).isEqualTo(-1);
        }
        awaitVerdicts(HttpVerdict.REVOKED, HttpVerdict.REVOKED);
    }

    @Test
    void eachRequestIsJudgedByTheRulesOfThen() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", true);
        Http2Peer origin = origin();
        origin.headers(origin.read().stream(), true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");
        allow(rule("GET"));
        client.request(3, "POST", "/v1/a", true);
        assertThat(client.readAll(3)).contains(":status: 403", "no-rule");
    }

    @Test
    void noMoreComesFromTheAgentThanTheServerTakes() throws Exception {
        SSLSocket socket = socket("h2");
        Http2Peer client = Http2Peer.client(socket);
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = origin();
        origin.read();
        socket.setSoTimeout(1000);
        int sent = 0;
        int granted = 32 << 10;
        try {
            while (true) {
                while (sent < granted) {
                    int count = Math.min(8 << 10, granted - sent);
                    client.write(Http2Peer.DATA, 0, 1, new byte[count]);
                    sent += count;
                }
                Frame frame = client.readAny();
                if (frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 1) {
                    granted += new BigInteger(frame.payload()).intValue();
                }
            }
        } catch (SocketTimeoutException e) {
            // No more is granted.
        }
        // What the server's window lets come, and what the proxy holds.
        assertThat(sent).isBetween(64 << 10, (64 << 10) + (32 << 10));
    }

    /** What it is told holds from when it says so: until then a stream has the window that RFC 9113 begins with. */
    @ParameterizedTest
    @CsvSource({"false, 65535", "true, 32768"})
    void aStreamOfAnAgentHasSoMuchOfAWindow(boolean acknowledges, int window) throws Exception {
        Http2Peer client = client();
        if (acknowledges) {
            client.write(Http2Peer.SETTINGS, 1, 0, new byte[0]);
        }
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = Http2Peer.server(accept("h2"), new byte[] {0, 4, 0, 0, 0, 0});
        int stream = origin.read().stream();
        for (int left = window; left > 0; left -= 16 << 10) {
            client.write(Http2Peer.DATA, 0, 1, new byte[Math.min(left, 16 << 10)]);
        }
        client.request(3, "GET", "/v1/b", true);
        assertThat(origin.read().headers()).contains(":path: /v1/b");
        client.write(Http2Peer.DATA, 0, 1, new byte[1]);
        assertThat(client.readAll(1)).isEqualTo("ended by " + Http2Peer.RST_STREAM + " with " + PROTOCOL_ERROR);
        Frame reset = origin.read();
        assertThat(reset.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(reset.stream()).isEqualTo(stream);
        awaitVerdicts(HttpVerdict.MALFORMED);
    }

    /** A server that nobody holds up does not hold up the others. */
    @Test
    void anAnswerThatIsNotTakenHoldsUpNoOther() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/large", true);
        Http2Peer origin = origin();
        int large = origin.read().stream();
        client.request(3, "GET", "/v1/small", true);
        int small = origin.read().stream();
        // All that the agent's connection takes, but for what its own window is raised by.
        client.windowUpdate(0, 1 << 20);
        origin.headers(large, false, ":status", "200");
        for (int i = 0; i < 4; i++) {
            origin.write(Http2Peer.DATA, 0, large, new byte[16 << 10]);
        }
        origin.headers(small, false, ":status", "200");
        origin.data(small, "small", true);
        Frame frame = client.read();
        int others = 0;
        while (!(frame.stream() == 3 && frame.ends())) {
            others += frame.stream() == 1 ? frame.payload().length : 0;
            frame = client.read();
        }
        assertThat(others).isLessThanOrEqualTo((64 << 10) + 100);
    }

    /** Three streams whose windows together are more than the connection's that RFC 9113 begins with. */
    @Test
    void requestsThatTheServerDoesNotTakeHoldUpNoOther() throws Exception {
        Http2Peer client = client();
        int held = 0;
        for (int stream = 1; stream <= 5; stream += 2) {
            client.request(stream, "POST", "/v1/" + stream, false);
        }
        Http2Peer origin = Http2Peer.server(accept("h2"), new byte[] {0, 4, 0, 0, 0, 0});
        for (int i = 0; i < 3; i++) {
            origin.read();
        }
        for (int stream = 1; stream <= 5; stream += 2) {
            for (int i = 0; i < 2; i++) {
                client.write(Http2Peer.DATA, 0, stream, new byte[16 << 10]);
                held += 16 << 10;
            }
        }
        assertThat(held).isGreaterThan(64 << 10);
        // The connection has room again, though nobody has taken any of it.
        int granted = (64 << 10) - held;
        while (granted < 16 << 10) {
            Frame frame = client.readAny();
            if (frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 0) {
                granted += new BigInteger(frame.payload()).intValue();
            }
        }
        client.request(7, "POST", "/v1/7", false);
        client.data(7, "small", true);
        Frame request = origin.read();
        assertThat(request.headers()).contains(":path: /v1/7");
        origin.windowUpdate(request.stream(), 100);
        assertThat(origin.readAll(request.stream())).isEqualTo("small");
        origin.headers(request.stream(), true, ":status", "200");
        assertThat(client.readAll(7)).contains(":status: 200");
    }

    /** What a whole connection would take is held of streams whose answers the agent does not take. */
    @Test
    void answersThatTheAgentDoesNotTakeHoldUpNoOtherStreamOfTheServer() throws Exception {
        proxy = listen(connections(with(new Http2Limits(4, 2, 40, 40, 40, 2, 2, 2))));
        Http2Peer client = client();
        // No window for any content of theirs.
        client.write(Http2Peer.SETTINGS, 0, 0, new byte[] {0, 4, 0, 0, 0, 0});
        for (int stream = 1; stream < 48; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        List<Integer> streams = new ArrayList<>();
        while (streams.size() < 24) {
            streams.add(origin.read().stream());
        }
        // Which it was told before any request.
        int granted = Http2Codecs.WINDOW_OF_SERVER;
        for (int stream : streams) {
            origin.headers(stream, false, ":status", "200");
            for (int i = 0; i < 4; i++) {
                while (granted < 16 << 10) {
                    Frame frame = origin.readAny();
                    if (frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 0) {
                        granted += new BigInteger(frame.payload()).intValue();
                    }
                }
                origin.write(Http2Peer.DATA, 0, stream, new byte[16 << 10]);
                granted -= 16 << 10;
            }
        }
        client.request(49, "GET", "/v1/last", true);
        Frame request = origin.read();
        assertThat(request.headers()).contains(":path: /v1/last");
        origin.headers(request.stream(), false, ":status", "200");
        origin.data(request.stream(), "small", true);
        client.windowUpdate(49, 100);
        assertThat(client.readAll(49)).endsWith("small");
    }

    @Test
    void moreStreamsThanThereMayBeAreRefusedAndTheOthersGoOn() throws Exception {
        Http2Peer client = client();
        for (int stream = 1; stream <= 7; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        int first = origin.read().stream();
        client.request(9, "GET", "/v1/9", true);
        Frame refused = client.read();
        assertThat(refused.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(refused.stream()).isEqualTo(9);
        assertThat(refused.errorCode()).isEqualTo(REFUSED_STREAM);
        origin.headers(first, true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");
    }

    @Test
    void oneAgentHasSoManyStreamsAtMostOnAllItsConnections() throws Exception {
        Http2Peer one = client();
        for (int stream = 1; stream <= 7; stream += 2) {
            one.request(stream, "GET", "/v1/" + stream, true);
        }
        origin().read();
        Http2Peer other = client();
        other.request(1, "GET", "/v1/a", true);
        other.request(3, "GET", "/v1/b", true);
        Frame refused = other.read();
        assertThat(refused.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(refused.stream()).isEqualTo(3);
        awaitVerdicts(HttpVerdict.TOO_MANY);
    }

    @Test
    void whereThereIsNoMoreRoomForItOnlyHttp1IsOffered() throws Exception {
        for (int i = 0; i < LIMITS.http2().mostOfAgent(); i++) {
            assertThat(socket("h2", "http/1.1").getApplicationProtocol()).isEqualTo("h2");
        }
        SSLSocket more = socket("h2", "http/1.1");
        assertThat(more.getApplicationProtocol()).isEqualTo("http/1.1");
        assertThatThrownBy(() -> socket("h2")).hasMessageContaining("no_application_protocol");
        sockets.getFirst().close();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(socket("h2", "http/1.1").getApplicationProtocol())
                        .isEqualTo("h2"));
    }

    @Test
    void whoResetsStreamAfterStreamIsEnded() throws Exception {
        Http2Peer client = client();
        CompletableFuture<Void> flood = CompletableFuture.runAsync(() -> {
            try {
                for (int stream = 1; stream < 2000; stream += 2) {
                    client.request(stream, "GET", "/admin", false);
                    client.reset(stream, CANCEL);
                }
            } catch (IOException e) {
                // It was ended.
            }
        });
        assertThat(endOf(client)).isEqualTo(ENHANCE_YOUR_CALM);
        flood.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertNobodyConnects();
    }

    /** The code of GOAWAY, or -1 where the connection was reset. */
    private static int endOf(Http2Peer client) {
        try {
            while (true) {
                Frame frame = client.read();
                if (frame.type() == Http2Peer.GOAWAY) {
                    return frame.errorCode();
                }
            }
        } catch (IOException e) {
            return -1;
        }
    }

    private enum Flood {
        PINGS {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(Http2Peer.PING, 0, 0, new byte[8]);
            }
        },
        SETTINGS {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(Http2Peer.SETTINGS, 0, 0, new byte[0]);
            }
        },
        WINDOWS {
            @Override
            void send(Http2Peer client) throws IOException {
                client.windowUpdate(0, 1);
            }
        },
        UNKNOWN {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(0x42, 0, 0, new byte[100]);
            }
        },
        PRIORITIES {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(2, 0, 1, new byte[] {0, 0, 0, 0, 1});
            }
        },
        HEAD_WITHOUT_END {
            private boolean begun;

            @Override
            void send(Http2Peer client) throws IOException {
                client.write(begun ? Http2Peer.CONTINUATION : Http2Peer.HEADERS, 0, 1, new byte[0]);
                begun = true;
            }
        },
        LONG_HEAD_WITHOUT_END {
            private boolean begun;

            @Override
            void send(Http2Peer client) throws IOException {
                client.write(
                        begun ? Http2Peer.CONTINUATION : Http2Peer.HEADERS,
                        0,
                        1,
                        Http2Peer.block("x", "a".repeat(4000)));
                begun = true;
            }
        },
        EMPTY_DATA {
            private boolean begun;

            @Override
            void send(Http2Peer client) throws IOException {
                if (!begun) {
                    client.request(1, "POST", "/v1/a", false);
                    begun = true;
                }
                client.write(Http2Peer.DATA, 0, 1, new byte[0]);
            }
        };

        abstract void send(Http2Peer client) throws IOException;
    }

    @ParameterizedTest
    @EnumSource(Flood.class)
    void floodsOfFramesThatCarryNothingEndTheConnection(Flood flood) throws Exception {
        Http2Peer client = client();
        CompletableFuture<Boolean> ended = CompletableFuture.supplyAsync(() -> {
            try {
                for (int i = 0; i < 1_000_000; i++) {
                    flood.send(client);
                }
                return false;
            } catch (IOException e) {
                return true;
            }
        });
        endOf(client);
        assertThat(ended.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(decisions).isNotEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /v1/a HTTP/1.1~Host: www.example.org~~",
                "PRI * HTTP/2.0~~XX~~",
                "anything else than a preface"
            })
    void whoAgreesOnHttp2AndSpeaksSomethingElseIsEnded(String text) throws Exception {
        SSLSocket socket = socket("h2");
        socket.getOutputStream().write(text.replace("~", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().write(new byte[24]);
        assertThatThrownBy(() -> {
                    byte[] all = socket.getInputStream().readAllBytes();
                    assertThat(new String(all, StandardCharsets.ISO_8859_1)).doesNotContain("HTTP/1.1 200");
                    throw new IOException("ended");
                })
                .isInstanceOf(IOException.class);
        assertNobodyConnects();
        awaitVerdicts(HttpVerdict.NOT_HTTP);
    }

    /** Whether or not it says that it has read that it may push nothing. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatAServerPushesEndsItsConnection(boolean acknowledges) throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        Frame request = acknowledges ? origin.read() : origin.readAny();
        while (request.type() != Http2Peer.HEADERS) {
            request = origin.readAny();
        }
        byte[] block = Http2Peer.block(":method", "GET", ":scheme", "https", ":authority", NAME, ":path", "/v1/b");
        byte[] payload = new byte[block.length + 4];
        payload[3] = 2;
        System.arraycopy(block, 0, payload, 4, block.length);
        origin.write(Http2Peer.PUSH_PROMISE, Http2Peer.END_HEADERS, request.stream(), payload);
        Frame reset = client.read();
        assertThat(reset.type()).isEqualTo(Http2Peer.RST_STREAM);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {"none", "101", "abc", "99", "2000"})
    void anAnswerThatIsNoneIsNotHandedOn(String status) throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        if (status == null) {
            origin.headers(stream, true, "x", "y");
        } else {
            origin.headers(stream, true, ":status", status);
        }
        Frame reset = client.read();
        assertThat(reset.type()).isEqualTo(Http2Peer.RST_STREAM);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    @Test
    void anInterimAnswerComesAndEndlessOnesDoNot() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false, "expect", "100-continue");
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        origin.headers(stream, false, ":status", "100");
        assertThat(client.read().headers()).containsExactly(":status: 100");
        for (int i = 0; i < 20; i++) {
            origin.headers(stream, false, ":status", "103");
        }
        assertThat(endOfStream(client)).isEqualTo(PROTOCOL_ERROR);
    }

    private static int endOfStream(Http2Peer client) throws IOException {
        Frame frame = client.read();
        while (frame.type() != Http2Peer.RST_STREAM) {
            frame = client.read();
        }
        return frame.errorCode();
    }

    @Test
    void anAnswerBeforeTheRequestsEndPassesAndTheRestIsNotWanted() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = origin();
        int stream = origin.read().stream();
        origin.headers(stream, true, ":status", "413");
        origin.reset(stream, NO_ERROR);
        assertThat(client.readAll(1)).contains(":status: 413");
        assertThat(endOfStream(client)).isEqualTo(NO_ERROR);
        awaitVerdicts(HttpVerdict.PASSED);
    }

    @Test
    void aRefusalComesWholeAlsoWhereContentFollows() throws Exception {
        Http2Peer client = client();
        client.request(1, "DELETE", "/v1/a", false);
        client.data(1, "content", false);
        assertThat(client.readAll(1)).contains(":status: 403", "no-rule");
        assertThat(endOfStream(client)).isEqualTo(NO_ERROR);
        client.request(3, "HEAD", "/admin", true);
        assertThat(client.readAll(3)).contains(":status: 403").doesNotContain("error\":");
    }

    @Test
    void aServerThatNobodyTrustsGetsNoRequest() throws Exception {
        trusted.trust(agents.trust());
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        SSLSocket origin = accept("h2");
        assertThatThrownBy(origin::startHandshake).isInstanceOf(IOException.class);
        assertThat(client.readAll(1)).contains(":status: 502", "untrusted-server");
        assertNobodyConnectsFor(Duration.ofMillis(500));
    }

    @Test
    void whoHasBegunNothingIsEndedInTime() throws Exception {
        proxy = listen(connections(new RelayLimits(
                20,
                20,
                10,
                10,
                Duration.ofMillis(800),
                Duration.ofSeconds(10),
                Duration.ofMillis(600),
                Duration.ofMillis(300))));
        Http2Peer silent = client();
        assertThat(endOf(silent)).isEqualTo(-1);
        awaitVerdicts(HttpVerdict.INCOMPLETE);

        Http2Peer idle = client();
        idle.request(1, "GET", "/admin", true);
        idle.readAll(1);
        assertThat(endOf(idle)).isEqualTo(NO_ERROR);

        Http2Peer unanswered = client();
        unanswered.request(1, "GET", "/v1/a", true);
        origin().read();
        assertThat(endOfStream(unanswered)).isEqualTo(CANCEL);
        awaitVerdicts(HttpVerdict.INCOMPLETE, HttpVerdict.NO_RULE, HttpVerdict.BROKEN);
    }
}
