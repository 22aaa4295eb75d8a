package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTP/2 by prior knowledge, as gRPC speaks it where there is no TLS. */
class Http2WithoutTlsTest extends InterceptedHttp2 {
    @BeforeEach
    void allowWithoutTls() {
        allow(List.of(rule("GET", "POST", "HEAD")), List.of());
    }

    private Socket plain() throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress("127.0.0.2", 0));
        socket.connect(proxy);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private Http2Peer plainClient() throws IOException {
        return Http2Peer.client(plain());
    }

    /** The proxy may have ended it before all of the client's beginning is out. */
    private void assertIsCutAtItsBeginning() throws IOException {
        Socket socket = plain();
        Http2Peer client;
        try {
            client = Http2Peer.client(socket);
        } catch (SocketException e) {
            return;
        }
        assertThat(endOf(client)).isEqualTo(-1);
    }

    private Socket acceptPlain() throws IOException {
        Socket accepted = server.accept();
        accepted.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(accepted);
        return accepted;
    }

    private Http2Peer plainOrigin() throws IOException {
        return Http2Peer.server(acceptPlain());
    }

    @Test
    void whatARuleAllowsPassesAndWhatNoneAllowsIsToldOnItsStreamAlone() throws Exception {
        Http2Peer client = plainClient();
        client.request("http", 1, "GET", "/v1/a?q=1", true, "te", "trailers");
        Http2Peer origin = plainOrigin();
        Frame request = origin.read();
        assertThat(request.headers())
                .containsExactlyInAnyOrder(
                        ":method: GET",
                        ":scheme: http",
                        ":authority: " + NAME + ":" + server.getLocalPort(),
                        ":path: /v1/a?q=1",
                        "te: trailers");

        client.request("http", 3, "GET", "/admin", true);
        assertThat(client.readAll(3)).startsWith("[:status: 403").contains("\"reason\":\"no-rule\"");

        origin.headers(request.stream(), false, ":status", "200");
        origin.data(request.stream(), "ok", true);
        assertThat(client.readAll(1)).isEqualTo("[:status: 200]ok");
        awaitVerdicts(HttpVerdict.NO_RULE, HttpVerdict.PASSED);
        assertThat(decisions)
                .extracting(HttpDecision::path, HttpDecision::status, HttpDecision::serverName)
                .containsExactly(tuple("/admin", 403, null), tuple("/v1/a", 200, null));
    }

    @Test
    void contentGoesBothWaysAndTheAnswersTrailersCome() throws Exception {
        assertContentGoesBothWays("http", plainClient(), this::plainOrigin);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "another scheme,       malformed,      GET,     https, www.example.org,   /v1/a",
        "another authority,    other-host,     GET,     http,  other.example.org, /v1/a",
        "dot segments,         ambiguous-path, GET,     http,  www.example.org,   /v1/../admin",
        "a whole address,      ambiguous-path, GET,     http,  www.example.org,   http://www.example.org/v1/a",
        "a method of no rule,  no-rule,        DELETE,  http,  www.example.org,   /v1/a",
        "a tunnel,             other-protocol, CONNECT, http,  www.example.org,   /v1/a"
    })
    void aHeadThatMayNotPassIsRefusedAlone(
            String what, String reason, String method, String scheme, String authority, String path) throws Exception {
        Http2Peer client = plainClient();
        client.headers(1, true, ":method", method, ":scheme", scheme, ":authority", authority, ":path", path);
        assertThat(client.readAll(1)).as(what).contains(":status: 403", "\"reason\":\"" + reason + "\"");
        assertNobodyConnects();
    }

    @Test
    void itsBeginningMayComeInPieces() throws Exception {
        Socket socket = plain();
        socket.setTcpNoDelay(true);
        for (byte each : Arrays.copyOf(Http2Peer.PREFACE, Http2Peer.PREFACE.length - 1)) {
            socket.getOutputStream().write(each);
            Thread.sleep(2);
        }
        Http2Peer client = Http2Peer.goOn(socket, Http2Peer.PREFACE.length - 1);
        client.request("http", 1, "GET", "/v1/a", true);
        Http2Peer origin = plainOrigin();
        origin.headers(origin.read().stream(), true, ":status", "204");
        assertThat(client.readAll(1)).contains(":status: 204");
    }

    /** It is none of either version then. */
    @Test
    void whatBeginsLikeItIsRefused() throws Exception {
        Socket socket = plain();
        socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nGET /v1/a".getBytes(StandardCharsets.US_ASCII));
        String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(answer).startsWith("HTTP/1.1 403").contains("\"reason\":\"other-protocol\"");
        assertNobodyConnects();
        awaitVerdicts(HttpVerdict.OTHER_PROTOCOL);
    }

    @Test
    void whoEndsInTheMiddleOfTheBeginningIsTold() throws Exception {
        Socket socket = plain();
        socket.getOutputStream().write(Http2Peer.PREFACE, 0, 10);
        socket.shutdownOutput();
        assertThatThrownBy(() -> socket.getInputStream().read()).hasMessageContaining("reset");
        awaitVerdicts(HttpVerdict.INCOMPLETE);
        assertNobodyConnects();
    }

    /** A server of HTTP/1.1 may take what it does not know for the end of a request, and content for the next one. */
    @Test
    void nothingOfTheAgentsGoesToAServerThatHasNotSaidThatItKnowsHttp2() throws Exception {
        Http2Peer client = plainClient();
        client.request("http", 1, "POST", "/v1/a", false);
        client.data(1, "\r\n\r\nDELETE /admin HTTP/1.1\r\nHost: www.example.org\r\n\r\n", false);
        Socket origin = acceptPlain();
        byte[] beginning = origin.getInputStream().readNBytes(Http2Peer.PREFACE.length);
        origin.getOutputStream()
                .write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        try {
            origin.getInputStream().transferTo(rest);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
        assertThat(beginning).isEqualTo(Http2Peer.PREFACE);
        assertThat(rest.toString(StandardCharsets.ISO_8859_1)).doesNotContain("/v1/a", "example.org", "DELETE");
        assertThat(client.readAll(1)).contains(":status: 502", "\"reason\":\"unreachable\"");
    }

    /** Until it says so. */
    @Test
    void aServerThatIsSilentGetsNothingOfTheAgents() throws Exception {
        Http2Peer client = plainClient();
        client.request("http", 1, "POST", "/v1/a", false);
        client.data(1, "content", true);
        Socket origin = acceptPlain();
        origin.setSoTimeout(300);
        ByteArrayOutputStream came = new ByteArrayOutputStream();
        assertThatThrownBy(() -> origin.getInputStream().transferTo(came)).isInstanceOf(SocketTimeoutException.class);
        assertThat(came.toString(StandardCharsets.ISO_8859_1)).startsWith("PRI").doesNotContain("/v1/a", "content");

        origin.setSoTimeout((int) PATIENCE.toMillis());
        Http2Peer server = Http2Peer.serverAfterPreface(origin);
        assertThat(server.read().headers()).contains(":path: /v1/a");
    }

    @Test
    void aRuleThatIsTakenBackCutsConnectionsThatAreIdle() throws Exception {
        Http2Peer client = plainClient();
        client.request("http", 1, "GET", "/v1/a", true);
        Http2Peer origin = plainOrigin();
        origin.headers(origin.read().stream(), true, ":status", "204");
        assertThat(client.readAll(1)).contains(":status: 204");
        awaitVerdicts(HttpVerdict.PASSED);

        group.submit(() -> {
                    allow(List.of(), List.of(rule("GET")));
                    connections.cutRevoked();
                })
                .get();

        assertThat(endOf(client)).isEqualTo(-1);
        assertThatThrownBy(origin::read).isInstanceOf(IOException.class);
    }

    @Test
    void anAgentHasSoManyConnectionsOfIt() throws Exception {
        for (int count = 0; count < LIMITS.http2().mostOfAgent(); count++) {
            Http2Peer client = plainClient();
            client.request("http", 1, "GET", "/admin", true);
            assertThat(client.readAll(1)).contains(":status: 403");
        }
        assertIsCutAtItsBeginning();
        awaitVerdicts(HttpVerdict.NO_RULE, HttpVerdict.NO_RULE, HttpVerdict.TOO_MANY);
    }

    @Test
    void whereNoRuleIsForRequestsItIsNoTls() throws Exception {
        allow(List.of(), List.of(rule("GET")));
        assertIsCutAtItsBeginning();
        assertNobodyConnectsFor(Duration.ofMillis(200));
        assertThat(decisions).isEmpty();
    }
}
