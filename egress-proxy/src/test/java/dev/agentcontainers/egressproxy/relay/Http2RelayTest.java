package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests of HTTP/2, between ends that write frames as they like, over real TLS. */
class Http2RelayTest extends InterceptedHttp2 {
    /** In place of a value: the header isn't there. */
    private static final String GONE = "(gone)";

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

    @Test
    void contentGoesBothWaysAndTheAnswersTrailersCome() throws Exception {
        assertContentGoesBothWays("https", client(), this::origin);
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
}
