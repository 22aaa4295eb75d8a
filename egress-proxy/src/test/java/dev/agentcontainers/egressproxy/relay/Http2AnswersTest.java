package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.protocol.names.HttpVerdict;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What servers answer by HTTP/2, and what becomes of requests where they do not. */
class Http2AnswersTest extends InterceptedHttp2 {
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
    void aServerThatNobodyTrustsGetsNoRequest() throws Exception {
        trusted.trust(agents.trust());
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        SSLSocket origin = accept("h2");
        assertThatThrownBy(origin::startHandshake).isInstanceOf(IOException.class);
        assertThat(client.readAll(1)).contains(":status: 502", "untrusted-server");
        assertNobodyConnectsFor(Duration.ofMillis(500));
    }
}
