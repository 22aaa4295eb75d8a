package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.names.NameLookup;
import dev.agentcontainers.egressproxy.names.NameLookup.Result;
import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NodeMessage.DirectName;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Agents that know the proxy, and ask it for names. */
class AskedConnectionsTest extends InterceptedHttp2 {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private final List<String> lookedUp = new CopyOnWriteArrayList<>();
    private CompletableFuture<Result> answer = new CompletableFuture<>();
    private InetSocketAddress forward = new InetSocketAddress(0);

    @BeforeEach
    void listenForClients() throws Exception {
        answer = CompletableFuture.completedFuture(opened("127.0.0.1"));
        forward = listenForClients(connections);
    }

    private InetSocketAddress listenForClients(InterceptedConnections its) throws InterruptedException {
        NameLookup lookup = (agent, name) -> {
            lookedUp.add(agent + " " + name);
            return answer;
        };
        return (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(its.asked(asked, lookup))
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
    }

    /** Intercepted at the server's port. */
    private Result opened(String... addresses) {
        Map<String, Set<Integer>> intercepted = new HashMap<>();
        List.of(addresses).forEach(address -> intercepted.put(address, Set.of(server.getLocalPort())));
        return new Result.Opened(new Opened(List.of(addresses), intercepted));
    }

    /** A connection that was made before the agent was told that there is one ends without a byte. */
    private void assertNothingIsSent() throws IOException {
        server.setSoTimeout(200);
        for (int count = 0; ; count++) {
            try (Socket made = server.accept()) {
                made.setSoTimeout((int) PATIENCE.toMillis());
                assertThat(firstByte(made)).as("connection %d", count).isEqualTo(-1);
            } catch (SocketTimeoutException nobody) {
                return;
            }
        }
    }

    private static int firstByte(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read();
        } catch (SocketException reset) {
            return -1;
        }
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
        assertNothingIsSent();
    }

    /** Not for HTTP either where rules allow requests without TLS at that very port. */
    @Test
    void aTunnelIsForNothingButTls() throws Exception {
        allow(List.of(rule("GET")), List.of(rule("GET")));
        for (String text : List.of("GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "SSH-2.0-x\r\n", "\0\0")) {
            Socket socket = connect();
            write(socket, connectTo(NAME, ""));
            read(socket, "\r\n\r\n");
            write(socket, text);
            assertThatThrownBy(() -> read(socket, "")).isInstanceOf(IOException.class);
        }
        assertNothingIsSent();
    }

    private String connectTo(String name, String headers) {
        return "CONNECT " + name + ":" + server.getLocalPort() + " HTTP/1.1\r\n" + headers + "\r\n";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CONNECT other.example.org:PORT HTTP/1.1~~|not-served|no rule of this agent's policies allows other.example.org",
                "CONNECT www.example.org:22 HTTP/1.1~~|not-served|no rule with tls of this agent's policies allows www.example.org at port 22",
                "CONNECT open.example.org:PORT HTTP/1.1~~|not-served|reached directly, without this proxy (NO_PROXY)",
                "GET http://open.example.org:PORT/ HTTP/1.1~Host: open.example.org~~|not-served|or the rule has to say http",
                "GET http://www.example.org:PORT/v1/a HTTP/1.1~Host: www.example.org~~|not-served|ask this proxy for it by CONNECT",
                "GET http://other.example.org/v1/a HTTP/1.1~Host: other.example.org~~|not-served|no rule of this agent's policies",
                "CONNECT 10.0.0.1:443 HTTP/1.1~~|not-served|not to addresses",
                "CONNECT 169.254.169.254:80 HTTP/1.1~~|not-served|not to addresses",
                "CONNECT 169.254.1.1:3128 HTTP/1.1~~|not-served|not to addresses",
                "CONNECT 127.0.0.1:3128 HTTP/1.1~~|not-served|not to addresses",
                "CONNECT [::1]:443 HTTP/1.1~~|not-served|not to addresses",
                "GET http://127.0.0.1/ HTTP/1.1~~|not-served|not to addresses",
                "GET http://2130706433/ HTTP/1.1~~|not-served|not to addresses",
                "GET /v1/a HTTP/1.1~Host: www.example.org~~|other-protocol|CONNECT NAME:PORT",
                "GET http://www.example.org:PORT@other.example.org/v1/a HTTP/1.1~~|other-protocol|CONNECT NAME:PORT",
                "GET http://www.example.org:PORT/v1/a#b HTTP/1.1~~|other-protocol|CONNECT NAME:PORT",
                "GET https://www.example.org:PORT/v1/a HTTP/1.1~~|other-protocol|CONNECT NAME:PORT",
                "GET file:///etc/passwd HTTP/1.1~~|other-protocol|CONNECT NAME:PORT",
                "PRI * HTTP/2.0~~SM~~|other-protocol|CONNECT NAME:PORT",
                "~CONNECT www.example.org:PORT HTTP/1.1~~|other-protocol|CONNECT NAME:PORT",
            })
    void whatIsNotServedIsRefusedBeforeAnythingIsLookedUp(String text, String reason, String message) throws Exception {
        Socket socket = connect();
        write(socket, text.replace("~", "\r\n").replace("PORT", String.valueOf(server.getLocalPort())));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"" + reason + "\"", message);
        assertThat(lookedUp).isEmpty();
        assertNobodyConnects();
        assertThat(decisions).hasSize(1);
        assertThat(decisions.getFirst().status()).isEqualTo(403);
    }

    @Test
    void aRefusalSaysWhatWouldAllowIt() throws Exception {
        Socket socket = connect();
        write(socket, "CONNECT open.example.org:443 HTTP/1.1\r\n\r\n");
        assertThat(read(socket, ""))
                .contains(
                        "\"request\":{\"method\":\"CONNECT\",\"host\":\"open.example.org\",\"port\":443}",
                        "{name: NAME, to: [{domain: open.example.org}], ports: [{port: 443}], tls: {}}");
        assertThat(decisions)
                .extracting(HttpDecision::verdict, HttpDecision::method, HttpDecision::host)
                .containsExactly(tuple(HttpVerdict.NOT_SERVED, "CONNECT", "open.example.org:443"));
    }

    /** Of whom the rules are that this agent is not of. */
    @Test
    void whoIsNoAgentIsServedNothing() throws Exception {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress("127.0.0.3", 0));
        socket.connect(forward);
        write(socket, connectTo(NAME, ""));
        assertThat(read(socket, "")).contains("403 Forbidden", "no agent that is known");
        assertThat(lookedUp).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: other.example.org~",
                "Host: www.example.org~Host: www.example.org~",
                "Host: www.example.org:1~",
                "Host: a@www.example.org~",
                "Host : www.example.org~",
                " Host: www.example.org~",
                "Content-Length: 5~",
                "Content-Length: 0~Content-Length: 0~",
                "Transfer-Encoding: chunked~",
                "Transfer_Encoding: chunked~",
                "Upgrade: h2c~",
                "Expect: 100-continue~",
                "X-A: b~ folded~",
                "X-A: b\nX-B: c~",
                "X-A: b\rX-B: c~",
                "X-A: \0~",
                "no colon~",
                ": no name~",
            })
    void aConnectThatCanBeReadInTwoWaysIsRefused(String headers) throws Exception {
        Socket socket = connect();
        write(socket, connectTo(NAME, headers.replace("~", "\r\n")));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"malformed\"");
        assertThat(lookedUp).isEmpty();
        assertNobodyConnects();
    }

    @Test
    void headersOfClientsPass() throws Exception {
        Socket socket = connect();
        write(
                socket,
                connectTo(
                        NAME,
                        "Host: WWW.example.org:" + server.getLocalPort()
                                + "\r\nUser-Agent: a/1 (b; c)\r\nProxy-Connection: Keep-Alive\r\nProxy-Authorization: Basic YTpi\r\n"
                                + "Content-Length: 0\r\nX-Empty:\r\n"));
        assertThat(read(socket, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void aNameThatMayNotBeOpenedIsRefused() throws Exception {
        answer = CompletableFuture.completedFuture(new Result.Denied("it is private"));
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        assertThat(read(socket, ""))
                .contains(
                        "403 Forbidden", "\"reason\":\"unresolved\"", "www.example.org is not resolved: it is private");
        answer = CompletableFuture.completedFuture(new Result.Failed("there is no such name"));
        Socket other = connect();
        write(other, connectTo(NAME, ""));
        assertThat(read(other, ""))
                .contains(
                        "502 Bad Gateway",
                        "allowed by egress policy, and not reachable",
                        "\"reason\":\"unresolved\"",
                        "there is no such name");
        answer = CompletableFuture.failedFuture(new IllegalStateException("no"));
        Socket third = connect();
        write(third, connectTo(NAME, ""));
        assertThat(read(third, "")).contains("502 Bad Gateway", "\"reason\":\"unresolved\"");
        awaitVerdicts(HttpVerdict.UNRESOLVED, HttpVerdict.UNRESOLVED, HttpVerdict.UNRESOLVED);
        assertNobodyConnects();
    }

    @Test
    void aLookUpThatNeverEndsDoes() throws Exception {
        forward = listenForClients(connections(limits(4, Duration.ofMillis(300))));
        answer = new CompletableFuture<>();
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        assertThat(read(socket, "")).contains("502 Bad Gateway", "not resolved in time");
        answer.complete(opened("127.0.0.1"));
        awaitVerdicts(HttpVerdict.UNRESOLVED);
        assertNobodyConnects();
    }

    @Test
    void aRuleThatIsTakenBackWhileItsNameIsLookedUpLetsNothingPass() throws Exception {
        answer = new CompletableFuture<>();
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        await().atMost(PATIENCE).until(() -> !lookedUp.isEmpty());
        allow();
        answer.complete(opened("127.0.0.1"));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"not-served\"");
        assertNobodyConnects();
    }

    /** By a rule with an address, by another one's budget, or at another port: what the kernel does not hand over is not the proxy's. */
    @Test
    void whatWasNotOpenedInterceptedForTheAgentAtThatPortIsNotDialled() throws Exception {
        int port = server.getLocalPort();
        for (Opened opened : List.of(
                Opened.of(List.of("127.0.0.1")),
                new Opened(List.of("127.0.0.1"), Map.of("127.0.0.1", Set.of(port + 1, 443))),
                new Opened(List.of("127.0.0.1"), Map.of("127.0.0.9", Set.of(port))))) {
            answer = CompletableFuture.completedFuture(new Result.Opened(opened));
            allow(List.of(), List.of(rule("GET")));
            Socket tunnel = connect();
            write(tunnel, connectTo(NAME, ""));
            assertThat(read(tunnel, "")).contains("403 Forbidden", "\"reason\":\"unresolved\"", "(NO_PROXY)");
            allow(List.of(rule("GET")), List.of());
            Socket request = connect();
            write(request, "GET http://%1$s/v1/a HTTP/1.1\r\nHost: %1$s\r\n\r\n".formatted(NAME + ":" + port));
            assertThat(read(request, "")).contains("403 Forbidden", "\"reason\":\"unresolved\"", "(NO_PROXY)");
        }
        assertThat(decisions).hasSize(6).allMatch(each -> each.verdict() == HttpVerdict.UNRESOLVED);
        assertNobodyConnects();
    }

    /** Names of rules without tls and http come first in the kernel, with wildcards and without, within budgets or not. */
    @ParameterizedTest
    @ValueSource(strings = {NAME, "*.example.org"})
    void whatRulesThatDoNotLookReachIsNotServed(String direct) throws Exception {
        int port = server.getLocalPort();
        allowBeside(List.of(new DirectName(direct, port - 1, port)), List.of());
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"not-served\"", "it is reached directly");
        assertThat(lookedUp).isEmpty();
        allowBeside(List.of(new DirectName(direct, port + 1, port + 1)), List.of());
        Socket other = connect();
        write(other, connectTo(NAME, ""));
        assertThat(read(other, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    /** That at the first address is private, say. */
    @Test
    void ofSeveralAddressesThoseThatWereOpenedInterceptedAreTried() throws Exception {
        answer = CompletableFuture.completedFuture(new Result.Opened(
                new Opened(List.of("10.0.0.1", "127.0.0.1"), Map.of("127.0.0.1", Set.of(server.getLocalPort())))));
        SSLSocket client = tunnel(NAME);
        write(client, "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        SSLSocket origin = accept("http/1.1");
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/a HTTP/1.1");
        write(origin, OK);
        assertThat(read(client, "ok")).isEqualTo(OK);
    }

    /** 127.0.0.8 has nobody that listens. */
    @Test
    void addressesAreTriedInTurnBeforeTheTunnelIsThere() throws Exception {
        destination = UnaryOperator.identity();
        forward = listenForClients(connections(LIMITS));
        names.resolved("127.0.0.2", NAME, List.of("127.0.0.8", "127.0.0.1"), 300);
        answer = CompletableFuture.completedFuture(opened("127.0.0.8", "127.0.0.1"));
        SSLSocket client = tunnel(NAME);
        write(client, "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        SSLSocket origin = accept("http/1.1");
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/a HTTP/1.1");
        assertThat(origin.getLocalAddress().getHostAddress()).isEqualTo("127.0.0.1");

        answer = CompletableFuture.completedFuture(opened("127.0.0.8"));
        Socket none = connect();
        write(none, connectTo(NAME, ""));
        assertThat(read(none, ""))
                .contains("502 Bad Gateway", "\"reason\":\"unreachable\"", "127.0.0.8 refuses")
                .doesNotContain("HTTP/1.1 200");
        await().atMost(PATIENCE)
                .until(() -> decisions.stream().anyMatch(each -> each.verdict() == HttpVerdict.UNREACHABLE));
    }

    @Test
    void addressesAreTriedInTurnForARequestToo() throws Exception {
        destination = UnaryOperator.identity();
        forward = listenForClients(connections(LIMITS));
        allow(List.of(rule("GET")), List.of());
        plainNames.resolved("127.0.0.2", NAME, List.of("127.0.0.8", "127.0.0.9", "127.0.0.1"), 300);
        answer = CompletableFuture.completedFuture(opened("127.0.0.8", "127.0.0.1"));
        String request =
                "GET http://%1$s/v1/a HTTP/1.1\r\nHost: %1$s\r\n\r\n".formatted(NAME + ":" + server.getLocalPort());
        Socket client = connect();
        write(client, request);
        Socket origin = server.accept();
        sockets.add(origin);
        assertThat(read(origin, "\r\n\r\n")).startsWith("GET /v1/a HTTP/1.1");
        write(origin, OK);
        assertThat(read(client, "ok")).contains("200 OK");

        answer = CompletableFuture.completedFuture(opened("127.0.0.8", "127.0.0.9"));
        Socket none = connect();
        write(none, request);
        assertThat(read(none, "")).contains("502 Bad Gateway", "\"reason\":\"unreachable\"");
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.UNREACHABLE);
    }

    /** The place of an agent's that has gone is not kept for a server that never answers. */
    @Test
    void whoGoesDuringTheLookUpIsRecordedAndLetsGo() throws Exception {
        forward = listenForClients(connections(limits(1, PATIENCE)));
        answer = new CompletableFuture<>();
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        await().atMost(PATIENCE).until(() -> !lookedUp.isEmpty());
        socket.setSoLinger(true, 0);
        socket.close();
        awaitVerdicts(HttpVerdict.INCOMPLETE);
        answer.complete(opened("127.0.0.1"));
        assertNobodyConnects();
        answer = CompletableFuture.completedFuture(opened("127.0.0.1"));
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            Socket again = connect();
            write(again, connectTo(NAME, ""));
            return read(again, "\r\n\r\n").startsWith("HTTP/1.1 200 ");
        });
    }

    @Test
    void whoEndsDuringTheLookUpSaysNothingMore() throws Exception {
        answer = new CompletableFuture<>();
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        socket.shutdownOutput();
        await().atMost(PATIENCE).until(() -> !lookedUp.isEmpty());
        long began = System.nanoTime();
        answer.complete(opened("127.0.0.1"));
        assertThatThrownBy(() -> {
                    assertThat(read(socket, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
                    read(socket, "");
                })
                .isInstanceOf(IOException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(PATIENCE.dividedBy(2));
        assertNothingIsSent();
    }

    /** The agent was told that it is there, and has not said anything; the last change has the kernel count what goes there. */
    @Test
    void aTunnelThatSaysNothingIsCutWhereItWouldNotBeServedAnyMore() throws Exception {
        DirectName counted = new DirectName(NAME, server.getLocalPort(), server.getLocalPort());
        for (Runnable change : List.<Runnable>of(
                () -> allowBeside(List.of(), List.of("127.0.0.0/8")),
                this::allow,
                () -> allowBeside(List.of(counted), List.of()))) {
            allowBeside(List.of(), List.of());
            Socket socket = connect();
            write(socket, connectTo(NAME, ""));
            assertThat(read(socket, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
            Socket origin = server.accept();
            sockets.add(origin);
            origin.setSoTimeout((int) PATIENCE.toMillis());
            long began = System.nanoTime();
            change.run();
            group.next().submit(connections::cutRevoked).sync();
            assertThatThrownBy(() -> read(socket, "")).isInstanceOf(IOException.class);
            assertThat(firstByte(origin)).isEqualTo(-1);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(1));
        }
    }

    /** What was opened may be closed before it is dialled. */
    @Test
    void whatIsClosedDuringTheLookUpIsNotDialled() throws Exception {
        answer = new CompletableFuture<>();
        Socket socket = connect();
        write(socket, connectTo(NAME, ""));
        await().atMost(PATIENCE).until(() -> !lookedUp.isEmpty());
        allowBeside(List.of(), List.of("127.0.0.1/32"));
        answer.complete(opened("127.0.0.1"));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"unresolved\"");
        awaitVerdicts(HttpVerdict.UNRESOLVED);
        assertNobodyConnects();
    }

    @Test
    void aClosedAddressCutsTunnelsWithinASecondAndIsNotDialledAgain() throws Exception {
        SSLSocket client = tunnel(NAME);
        write(client, "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        SSLSocket origin = accept("http/1.1");
        read(origin, "\r\n\r\n");
        long began = System.nanoTime();
        allowBeside(List.of(), List.of("127.0.0.0/8"));
        group.next().submit(connections::cutRevoked).sync();
        assertThatThrownBy(() -> assertThat(client.getInputStream().read()).isNotEqualTo(-1))
                .isInstanceOfAny(IOException.class, AssertionError.class);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(1));
        awaitVerdicts(HttpVerdict.REVOKED);
        assertThatThrownBy(() -> {
                    SSLSocket again = tunnel(NAME);
                    again.startHandshake();
                })
                .isInstanceOfAny(IOException.class, AssertionError.class);
    }

    @Test
    void aRuleThatIsTakenBackCutsTunnelsWithinASecond() throws Exception {
        SSLSocket client = tunnel(NAME);
        write(client, "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        SSLSocket origin = accept("http/1.1");
        read(origin, "\r\n\r\n");
        long began = System.nanoTime();
        allow();
        group.next().submit(connections::cutRevoked).sync();
        assertThatThrownBy(() -> assertThat(client.getInputStream().read()).isNotEqualTo(-1))
                .isInstanceOfAny(IOException.class, AssertionError.class);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(1));
        awaitVerdicts(HttpVerdict.REVOKED);
    }

    /** Those that say nothing take places too, and no others are answered. */
    @Test
    void whoBeginsManyAndSaysNothingIsBounded() throws Exception {
        forward = listenForClients(connections(limits(4, PATIENCE)));
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            silent.add(connect());
        }
        write(silent.getFirst(), "CONNECT www.exam");
        Socket more = connect();
        assertThatThrownBy(() -> {
                    write(more, connectTo(NAME, ""));
                    assertThat(read(more, "")).isNotEmpty();
                })
                .isInstanceOfAny(IOException.class, AssertionError.class);
        awaitVerdicts(HttpVerdict.TOO_MANY);
        for (Socket each : silent) {
            each.close();
        }
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            Socket again = connect();
            write(again, connectTo(NAME, ""));
            return read(again, "\r\n\r\n").startsWith("HTTP/1.1 200 ");
        });
    }

    @Test
    void whoIsSlowIsReset() throws Exception {
        forward = listenForClients(connections(limits(4, Duration.ofMillis(300))));
        Socket socket = connect();
        write(socket, "CONNECT www.example.org:443 HTTP/1.1\r\nX-A:");
        assertThatThrownBy(() -> read(socket, "")).isInstanceOf(IOException.class);
        awaitVerdicts(HttpVerdict.INCOMPLETE);
        Socket longer = connect();
        write(longer, "CONNECT www.example.org:443 HTTP/1.1\r\n" + "X-A: b\r\n".repeat(4000));
        assertThat(read(longer, "")).contains("\"reason\":\"too-large\"");
        Socket endless = connect();
        write(endless, "G".repeat(25 << 10));
        assertThat(read(endless, "")).contains("\"reason\":\"too-large\"");
    }

    private static RelayLimits limits(int ofAgent, Duration hello) {
        return new RelayLimits(20, ofAgent, 10, 10, hello, PATIENCE, PATIENCE, PATIENCE);
    }

    @Test
    void whatIsBehindAConnectIsInTheTunnel() throws Exception {
        Socket socket = connect();
        write(socket, connectTo(NAME, "") + "GET /v1/a HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        assertThatThrownBy(() -> read(socket, "")).isInstanceOf(IOException.class);
        assertNothingIsSent();

        SSLEngine engine = agents.client().createSSLEngine(NAME, 443);
        engine.setUseClientMode(true);
        ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), hello);
        Socket hasty = connect();
        write(hasty, connectTo(NAME, "") + new String(hello.array(), 0, hello.position(), StandardCharsets.ISO_8859_1));
        assertThat(read(hasty, "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
        assertThat(hasty.getInputStream().read()).as("a handshake of TLS").isEqualTo(22);
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
        awaitVerdicts(HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Host: other.example.org~|other-host",
                "Host: www.example.org~Host: www.example.org~|other-host",
                "Host: www.example.org~Host: other.example.org~|other-host",
                "''|other-host",
                "Host: www.example.org:1~|other-host",
                "Host: www.example.org~Content-Length: 0~Transfer-Encoding: chunked~|malformed",
                "Host: www.example.org~X-Original-URL: /admin~|overridden",
            })
    void headersThatMeanAnotherPlaceThanTheWholeAddressAreRefused(String headers, String reason) throws Exception {
        allow(List.of(rule("GET")), List.of());
        Socket socket = connect();
        write(
                socket,
                "GET http://" + NAME + ":" + server.getLocalPort() + "/v1/a HTTP/1.1\r\n" + headers.replace("~", "\r\n")
                        + "\r\n");
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"" + reason + "\"");
        assertNobodyConnects();
    }

    /** Both lead to the same address, and each has rules of its own. */
    @Test
    void aWholeAddressIsJudgedByTheRulesOfItsNameAlone() throws Exception {
        HttpName other = new HttpName(
                OPEN_NAME, server.getLocalPort(), server.getLocalPort(), List.of("*"), List.of("/*"), List.of(NAME));
        allow(List.of(rule("GET"), other), List.of());
        plainNames.resolved("127.0.0.2", OPEN_NAME, List.of("127.0.0.1"), 300);
        Socket socket = connect();
        write(
                socket,
                "DELETE http://%1$s/admin HTTP/1.1\r\nHost: %1$s\r\n\r\n"
                        .formatted(NAME + ":" + server.getLocalPort()));
        assertThat(read(socket, "")).contains("403 Forbidden", "\"reason\":\"no-rule\"");
        assertNobodyConnects();
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
