package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.egressproxy.names.NameLookup;
import dev.agentcontainers.egressproxy.names.NameLookup.Result;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameVerdict;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Agents that know the proxy, and ask it for names. */
class ForwardingTest extends InterceptedHttp2 {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private final List<String> lookedUp = new CopyOnWriteArrayList<>();
    private InetSocketAddress forward = new InetSocketAddress(0);

    @BeforeEach
    void listenForClients() throws Exception {
        NameLookup lookup = (agent, name) -> {
            lookedUp.add(agent + " " + name);
            return CompletableFuture.completedFuture(
                    name.equals(NAME)
                            ? new Result.Opened(List.of("127.0.0.1"))
                            : new Result.Refused(NameVerdict.DENIED));
        };
        forward = (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(connections.asked(lookup))
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress("127.0.0.2", 0));
        socket.connect(forward);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
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

    private SSLSocket tunnel(String serverName) throws Exception {
        Socket socket = connect();
        write(
                socket,
                "CONNECT www.example.org:" + server.getLocalPort() + " HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        assertThat(read(socket, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
        SSLSocket tls = (SSLSocket) agents.client().getSocketFactory().createSocket(socket, serverName, 443, true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(serverName)));
        tls.setSSLParameters(parameters);
        return tls;
    }

    @Test
    void requestsInATunnelAreJudged() throws Exception {
        SSLSocket client = tunnel(NAME);
        write(client, "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        SSLSocket origin = accept("http/1.1");
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/a HTTP/1.1");
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK);
        write(client, "GET /admin HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        assertThat(read(client, "")).contains("403 Forbidden", "no-rule");
        assertThat(lookedUp).containsExactly("127.0.0.2 www.example.org");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }

    @Test
    void aTunnelIsForTheNameThatItWasAskedFor() throws Exception {
        SSLSocket client = tunnel("other.example.org");
        assertThatThrownBy(client::startHandshake).isInstanceOf(SSLException.class);
        assertNobodyConnects();
    }

    @Test
    void aTunnelIsForNothingButTls() throws Exception {
        Socket socket = connect();
        write(socket, "CONNECT www.example.org:" + server.getLocalPort() + " HTTP/1.1\r\n\r\n");
        read(socket, "\r\n\r\n");
        write(socket, "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        assertThatThrownBy(() -> read(socket, "")).isInstanceOf(IOException.class);
        assertNobodyConnects();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CONNECT other.example.org:443 HTTP/1.1~~|other-host",
                "GET http://other.example.org/v1/a HTTP/1.1~Host: other.example.org~~|other-host",
                "CONNECT 10.0.0.1:443 HTTP/1.1~~|other-protocol",
                "CONNECT 169.254.169.254:80 HTTP/1.1~~|other-protocol",
                "GET http://127.0.0.1/ HTTP/1.1~~|other-protocol",
                "GET /v1/a HTTP/1.1~Host: www.example.org~~|other-protocol",
                "PRI * HTTP/2.0~~SM~~|other-protocol",
            })
    void whatLeadsToNoNameOfARuleIsRefused(String text, String reason) throws Exception {
        Socket socket = connect();
        write(socket, text.replace("~", "\r\n"));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"" + reason + "\"");
        assertNobodyConnects();
    }

    @Test
    void whatIsBehindAConnectIsInTheTunnel() throws Exception {
        Socket socket = connect();
        write(
                socket,
                "CONNECT www.example.org:" + server.getLocalPort()
                        + " HTTP/1.1\r\n\r\nGET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        assertThatThrownBy(() -> read(socket, "")).isInstanceOf(IOException.class);
        assertNobodyConnects();
    }

    /** The next on the same connection may mean another place, which only its beginning chooses. */
    @Test
    void aRequestForAWholeAddressIsJudgedAndTheLastOfItsConnection() throws Exception {
        allow(List.of(rule("GET")), List.of());
        String authority = NAME + ":" + server.getLocalPort();
        Socket client = connect();
        write(
                client,
                "GET http://%1$s/v1/a HTTP/1.1\r\nHost: %1$s\r\nProxy-Authorization: Basic YTpi\r\nProxy-Connection: keep-alive\r\n\r\n"
                                .formatted(authority)
                        + "GET http://other.example.org/ HTTP/1.1\r\nHost: other.example.org\r\n\r\n");
        Socket origin = server.accept();
        sockets.add(origin);
        assertThat(read(origin, "\r\n\r\n"))
                .isEqualTo("GET /v1/a HTTP/1.1\r\nHost: " + authority + "\r\nConnection: close\r\n\r\n");
        write(origin, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assertThat(read(client, "ok")).contains("connection: close");
        assertThat(read(client, "")).isEmpty();

        Socket denied = connect();
        write(denied, "GET http://%1$s/admin HTTP/1.1\r\nHost: %1$s\r\n\r\n".formatted(authority));
        assertThat(read(denied, "")).contains("403 Forbidden", "no-rule");
        Socket fronted = connect();
        write(fronted, "GET http://%s/v1/a HTTP/1.1\r\nHost: other.example.org\r\n\r\n".formatted(authority));
        assertThat(read(fronted, "")).contains("403 Forbidden", "other-host");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.NO_RULE, HttpVerdict.OTHER_HOST);
    }

    @Test
    void theJdksClientIsServed() throws Exception {
        // Its own address is the agent's only where the socket is bound to it.
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_2)
                .sslContext(agents.client())
                .localAddress(new InetSocketAddress("127.0.0.2", 0).getAddress())
                .proxy(ProxySelector.of(forward))
                .build()) {
            CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                    HttpRequest.newBuilder(URI.create("https://www.example.org:" + server.getLocalPort() + "/v1/a"))
                            .build(),
                    BodyHandlers.ofString());
            SSLSocket origin = accept("http/1.1");
            assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/a HTTP/1.1");
            write(origin, OK);
            HttpResponse<String> got = answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(got.body()).isEqualTo("ok");
            assertThat(got.version()).isEqualTo(HttpClient.Version.HTTP_2);
        }
    }
}
