package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.protocol.names.HttpVerdict;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests of HTTP/2 to servers that know HTTP/1.1 alone; and by the JDK's own client. */
class Http2ToHttp1Test extends InterceptedHttp2 {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Until the text ends so, or the connection does. */
    private static String read(Socket socket, String end) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        InputStream in = socket.getInputStream();
        for (int each = in.read(); each >= 0; each = in.read()) {
            read.write(each);
            if (read.toString(StandardCharsets.ISO_8859_1).endsWith(end)) {
                break;
            }
        }
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    private SSLSocket http1() throws Exception {
        return accept("http/1.1");
    }

    @Test
    void aRequestIsWrittenAnewAndItsConnectionServesTheNext() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a?q", true, "cookie", "a=1", "cookie", "b=2", "te", "trailers", "x", "y");
        SSLSocket origin = http1();
        assertThat(read(origin, "\r\n\r\n"))
                .isEqualTo("GET /v1/a?q HTTP/1.1\r\nHost: www.example.org:%d\r\ncookie: a=1; b=2\r\nx: y\r\n\r\n"
                        .formatted(server.getLocalPort()));
        write(
                origin,
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Own\r\nX-Own: z\r\nKeep-Alive: 5\r\nX-Other: o\r\n\r\nok");
        assertThat(client.readAll(1)).isEqualTo("[:status: 200, content-length: 2, x-other: o]ok");

        client.request(3, "POST", "/v1/b", true);
        assertThat(read(origin, "\r\n\r\n")).contains("POST /v1/b HTTP/1.1\r\n", "content-length: 0\r\n");
        write(origin, OK);
        assertThat(client.readAll(3)).endsWith("ok");
        assertNobodyConnects();
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.PASSED);
    }

    @Test
    void contentWithoutALengthGoesInChunksAndTrailersComeBack() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false);
        client.data(1, "GET /admin HTTP/1.1\r\n\r\n", false);
        SSLSocket origin = http1();
        assertThat(read(origin, "\r\n\r\n")).contains("transfer-encoding: chunked");
        assertThat(read(origin, "\r\n\r\n\r\n")).isEqualTo("17\r\nGET /admin HTTP/1.1\r\n\r\n\r\n");
        client.data(1, "", true);
        assertThat(read(origin, "0\r\n\r\n")).isEqualTo("0\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Behind: yes\r\n\r\n");
        assertThat(client.readAll(1)).isEqualTo("[:status: 200]ok[x-behind: yes]");
    }

    /** The rest would be taken from what comes next. */
    @Test
    void lessContentThanItsLengthEndsTheConnectionToTheServer() throws Exception {
        Http2Peer client = client();
        client.request(1, "POST", "/v1/a", false, "content-length", "30");
        SSLSocket origin = http1();
        read(origin, "\r\n\r\n");
        client.data(1, "abc", true);
        assertThat(client.readAll(1)).startsWith("ended by " + Http2Peer.RST_STREAM);
        assertThatThrownBy(() -> read(origin, "GET")).isInstanceOf(IOException.class);
        client.request(3, "GET", "/v1/a", true);
        SSLSocket other = http1();
        assertThat(read(other, "\r\n\r\n")).startsWith("GET /v1/a");
        awaitVerdicts(HttpVerdict.MALFORMED);
    }

    @Test
    void aResetEndsTheConnectionToTheServer() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        SSLSocket origin = http1();
        read(origin, "\r\n\r\n");
        client.reset(1, 8);
        assertThatThrownBy(() -> read(origin, "GET")).isInstanceOf(IOException.class);
        awaitVerdicts(HttpVerdict.PASSED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTP/1.1 101 Switching Protocols~Upgrade: h2c~Connection: Upgrade~~",
                "HTTP/1.1 200 OK~Content-Length: 1~Content-Length: 2~~a",
                "anything else~~",
            })
    void anAnswerThatIsNoneIsNotHandedOn(String answer) throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        SSLSocket origin = http1();
        read(origin, "\r\n\r\n");
        write(origin, answer.replace("~", "\r\n"));
        assertThat(client.readAll(1)).startsWith("ended by " + Http2Peer.RST_STREAM);
        awaitVerdicts(HttpVerdict.BROKEN);
    }

    @Test
    void anAnswerThatNobodyAskedForIsNotTakenForTheNextOnes() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        SSLSocket origin = http1();
        read(origin, "\r\n\r\n");
        write(origin, OK + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        assertThat(client.readAll(1)).endsWith("ok");
        client.request(3, "GET", "/v1/b", true);
        SSLSocket other = http1();
        read(other, "\r\n\r\n");
        write(other, OK);
        assertThat(client.readAll(3)).endsWith("ok");
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void anAnswerThatEndsWithItsConnectionIsWholeWhereTlsSaysSo(boolean whole) throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/a", true);
        SSLSocket origin = http1();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\n\r\nall of it");
        assertThat(client.read().headers()).containsExactly(":status: 200");
        if (whole) {
            origin.close();
            assertThat(client.readAll(1)).isEqualTo("all of it");
            awaitVerdicts(HttpVerdict.PASSED);
        } else {
            assertThat(client.read().text()).isEqualTo("all of it");
            sockets.getLast().shutdownOutput();
            assertThat(client.readAll(1)).startsWith("ended by " + Http2Peer.RST_STREAM);
            awaitVerdicts(HttpVerdict.BROKEN);
        }
    }

    @Test
    void answersToHeadAndOfNoContentHaveNone() throws Exception {
        Http2Peer client = client();
        client.request(1, "HEAD", "/v1/a", true);
        SSLSocket origin = http1();
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        assertThat(client.readAll(1)).isEqualTo("[:status: 200, content-length: 10]");
        client.request(3, "GET", "/v1/a", true);
        read(origin, "\r\n\r\n");
        write(origin, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
        assertThat(client.readAll(3)).isEqualTo("[:status: 100][:status: 204]");
    }

    @Test
    void requestsAtATimeHaveAConnectionEachAndTheOthersWait() throws Exception {
        Http2Peer client = client();
        for (int stream = 1; stream <= 5; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        SSLSocket one = http1();
        String first = read(one, "\r\n\r\n");
        SSLSocket two = http1();
        read(two, "\r\n\r\n");
        assertNobodyConnects();
        write(one, OK);
        String third = read(one, "\r\n\r\n");
        assertThat(third).startsWith("GET /v1/5");
        assertThat(first).doesNotContain("/v1/5");
        write(one, OK);
        write(two, OK);
        int ended = 0;
        while (ended < 3) {
            Frame frame = client.read();
            ended += frame.ends() ? 1 : 0;
        }
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.PASSED, HttpVerdict.PASSED);
    }

    /** Connects from the agent's address, whatever it is asked for. */
    private ProxySelector fromTheAgent() throws IOException {
        ServerSocket ways = new ServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
        Thread.startVirtualThread(() -> {
            try (ways) {
                while (true) {
                    Socket asked = ways.accept();
                    sockets.add(asked);
                    read(asked, "\r\n\r\n");
                    Socket on = new Socket();
                    sockets.add(on);
                    on.bind(new InetSocketAddress("127.0.0.2", 0));
                    on.connect(proxy);
                    write(asked, "HTTP/1.1 200 OK\r\n\r\n");
                    Thread.startVirtualThread(() -> pass(asked, on));
                    Thread.startVirtualThread(() -> pass(on, asked));
                }
            } catch (IOException e) {
                // The test is over.
            }
        });
        return ProxySelector.of(new InetSocketAddress("127.0.0.1", ways.getLocalPort()));
    }

    private static void pass(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException e) {
            // The other side is told by its own end.
        }
    }

    /** More than all buffers and windows on the way hold, in both directions, by a client that this project did not write. */
    @Test
    void theJdksClientSendsAndGetsLongContent() throws Exception {
        int length = 3 << 20;
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++) {
            content[i] = (byte) (i * 31 + (i >> 8));
        }
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_2)
                .sslContext(agents.client())
                .proxy(fromTheAgent())
                .build()) {
            CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(
                    HttpRequest.newBuilder(URI.create("https://www.example.org/v1/a"))
                            .POST(BodyPublishers.ofByteArray(content))
                            .build(),
                    BodyHandlers.ofByteArray());
            SSLSocket origin = http1();
            assertThat(read(origin, "\r\n\r\n")).contains("content-length: " + length);
            assertThat(origin.getInputStream().readNBytes(length)).isEqualTo(content);
            write(origin, "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
            origin.getOutputStream().write(content);
            HttpResponse<byte[]> got = answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(got.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(got.body()).isEqualTo(content);

            HttpResponse<String> denied = client.send(
                    HttpRequest.newBuilder(URI.create("https://www.example.org/admin"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(denied.statusCode()).isEqualTo(403);
            assertThat(denied.body()).contains("no-rule");
        }
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }
}
