package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.probe.AgentAttempts;
import dev.agentcontainers.nodeagent.probe.ProbeResult;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probe.Handler;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attempts of each kind at a real agent behind the real fence, one that is well and one that is hostile. */
@Tag("node")
@Tag("runtime")
@Timeout(120)
class ProbeAttemptsIT {
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** Tries to reach a port; says what came of it. */
    private static final String CONNECT = """
            import socket, sys
            s = socket.socket(); s.settimeout(2)
            if len(sys.argv) > 3:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.bind(("0.0.0.0", int(sys.argv[3])))
            try:
                s.connect((sys.argv[1], int(sys.argv[2]))); print("open")
            except OSError as e:
                print(e)
            """;

    private static FencedNode node;
    private static SandboxSpec agent;
    private static String address;
    private static AgentAttempts attempts;

    @BeforeAll
    static void startAgent() throws Exception {
        node = FencedNode.start();
        agent = FencedNode.server();
        address = node.begin(agent);
        attempts = new AgentAttempts(agent.id(), node.node().driver(), node.fence());
    }

    @AfterAll
    static void closeNode() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    private static ProbeResult attempt(Handler handler, Duration timeout) throws InterruptedException {
        return attempts.attempt(new Probe(handler, Duration.ZERO, SECOND, timeout, 1, 1, Optional.empty()));
    }

    private static ProbeResult run(String script) throws InterruptedException {
        return attempt(new Handler.Exec(List.of("/bin/sh", "-c", script)), Duration.ofSeconds(20));
    }

    private static Handler.HttpGet path(String path) {
        return new Handler.HttpGet(8001, path, Optional.empty(), false, List.of());
    }

    private static ProbeResult get(String path) throws InterruptedException {
        return attempt(path(path), Duration.ofSeconds(10));
    }

    private static String failure(ProbeResult result) {
        assertThat(result).isInstanceOf(ProbeResult.Failure.class);
        return ((ProbeResult.Failure) result).message();
    }

    @Test
    void aProgramSucceedsByItsExitCode() throws Exception {
        assertThat(run("exit 0")).isInstanceOf(ProbeResult.Success.class);
        assertThat(failure(run("echo broken; printf '\\033[2J' >&2; exit 3")))
                .startsWith("exit code 3: ")
                .contains("broken")
                .doesNotContain("\033");
        assertThat(failure(attempt(new Handler.Exec(List.of("/no/such")), Duration.ofSeconds(20))))
                .contains("/no/such");
    }

    @Test
    void aProgramThatSaysTooMuchIsReadToItsEndAndForgotten() throws Exception {
        assertThat(run("head -c 50000000 /dev/zero")).isInstanceOf(ProbeResult.Success.class);
        assertThat(failure(run("head -c 1000000 /dev/zero | tr '\\0' x; exit 1")))
                .hasSizeLessThan(400);
    }

    /** Also what it has begun and what ignores being asked to stop. */
    @Test
    void aProgramThatTakesTooLongIsKilledWithItsChildren() throws Exception {
        Handler slow =
                new Handler.Exec(List.of("/bin/sh", "-c", "trap '' TERM; sleep 5551 & setsid sleep 5552 & sleep 5553"));

        assertThat(failure(attempt(slow, Duration.ofSeconds(2)))).isEqualTo("no answer within 2 s");

        await().until(() -> !node.output(agent.id(), "/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
                .matches(".*sleep 555[123].*"));
    }

    @Test
    void aConnectionComesAboutOrNot() throws Exception {
        assertThat(attempt(new Handler.TcpSocket(8001), SECOND)).isInstanceOf(ProbeResult.Success.class);
        assertThat(failure(attempt(new Handler.TcpSocket(8003), SECOND)))
                .contains("port 8003 of the agent can't be reached", "Connection refused");
        assertThat(failure(attempt(new Handler.TcpSocket(8002), SECOND)))
                .as("what listens inside only does not serve")
                .contains("Connection refused");
    }

    /** A port for each that is kept for a minute would be too many. */
    @Test
    void manyConnectionsUseNoPortsUp() throws Exception {
        for (int i = 0; i < 300; i++) {
            assertThat(attempt(new Handler.TcpSocket(8001), Duration.ofSeconds(5)))
                    .isInstanceOf(ProbeResult.Success.class);
        }
    }

    @Test
    void aRequestIsMadeAsItIsGiven() throws Exception {
        assertThat(get("/ok")).isInstanceOf(ProbeResult.Success.class);
        assertThat(node.output(agent.id(), "cat", "/tmp/request"))
                .startsWith("GET /ok HTTP/1.1\r\nHost: " + address + ":8001\r\n")
                .contains("Connection: close");
        assertThat(attempt(
                        new Handler.HttpGet(
                                8001,
                                "/ok",
                                Optional.of("www.example.org"),
                                false,
                                List.of(new Probe.Header("X-Probe", "a"), new Probe.Header("user-agent", "me"))),
                        SECOND.multipliedBy(10)))
                .isInstanceOf(ProbeResult.Success.class);
        assertThat(node.output(agent.id(), "cat", "/tmp/request"))
                .contains("Host: www.example.org:8001\r\n", "X-Probe: a\r\n", "user-agent: me\r\n")
                .doesNotContain("agentcontainers-probe");
    }

    @ParameterizedTest
    @CsvSource({
        "/fail, answered with status 500",
        "/interims, more than 65536 bytes of headers",
        "/headers, more than 65536 bytes of headers",
        "/line, more than 65536 bytes of headers",
        "/short, ended before the answer did",
        "/garbage, no HTTP/1.1",
        "/nothing, ended before the answer did"
    })
    void anAnswerThatIsNoneFails(String path, String why) throws Exception {
        assertThat(failure(get(path))).contains(why).hasSizeLessThan(400).doesNotContain("\033");
    }

    @ParameterizedTest
    @CsvSource({"/silent", "/drip"})
    void anAnswerThatDoesNotComeInTimeFails(String path) throws Exception {
        long begun = System.nanoTime();

        assertThat(failure(attempt(path(path), SECOND))).isEqualTo("no answer within 1 s");

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    }

    /** Their end is not waited for. */
    @ParameterizedTest
    @CsvSource({"/body", "/chunks", "/interim"})
    void anAnswerSucceedsByItsStatusHoweverMuchComesAfterIt(String path) throws Exception {
        assertThat(get(path)).isInstanceOf(ProbeResult.Success.class);
    }

    /** Nor does anything else that the agent answers lead anywhere. */
    @Test
    void aRedirectIsNotFollowed() throws Exception {
        String listen = """
                import socket
                s = socket.socket(); s.bind(("0.0.0.0", 8001)); s.listen(8); s.settimeout(1); print("ready", flush=True)
                try:
                    s.accept(); print("reached")
                except TimeoutError:
                    print("not reached")
                """;
        Process metadata = node.onHost("python3", "-c", listen);
        try (BufferedReader said = new BufferedReader(new InputStreamReader(metadata.getInputStream(), UTF_8))) {
            assertThat(said.readLine()).isEqualTo("ready");
            assertThat(get("/redirect")).isInstanceOf(ProbeResult.Success.class);
            assertThat(said.readLine()).isEqualTo("not reached");
        } finally {
            metadata.destroyForcibly();
        }
    }

    /** By a certificate that nobody has signed but its owner. */
    @Test
    void aRequestInsideTls() throws Exception {
        String serve = """
                cd /tmp; printf '[req]\\ndistinguished_name=dn\\n[dn]\\n' >cnf
                openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -config cnf -keyout key -out cert 2>/dev/null
                openssl s_server -accept 8004 -key key -cert cert -www -servername www.example.org -cert2 cert -key2 key \
                    >tls 2>&1 </dev/null &
                """;
        assertThat(node.code(agent.id(), "/bin/sh", "-c", serve)).isZero();
        Handler tls = new Handler.HttpGet(8004, "/", Optional.of("www.example.org"), true, List.of());
        await().untilAsserted(
                        () -> assertThat(attempt(tls, Duration.ofSeconds(10))).isInstanceOf(ProbeResult.Success.class));
    }

    @Test
    void whatSpeaksNoTlsFailsBySpeakingNone() throws Exception {
        Handler tls = new Handler.HttpGet(8001, "/ok", Optional.empty(), true, List.of());
        assertThat(failure(attempt(tls, SECOND))).isNotEmpty();
    }

    /** While it is asked, and afterwards. */
    @Test
    void nobodyElseReachesThePort() throws Exception {
        SandboxSpec other = FencedNode.server();
        node.begin(other);
        List<String> seen = new ArrayList<>();
        Thread asking = Thread.ofVirtual().start(() -> {
            try {
                attempt(path("/silent"), Duration.ofSeconds(8));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        seen.add(node.output(other.id(), "python3", "-c", CONNECT, address, "8001"));
        Process host = node.onHost("python3", "-c", CONNECT, address, "8001");
        seen.add(new String(host.getInputStream().readAllBytes(), UTF_8).strip());
        asking.interrupt();
        asking.join();
        seen.add(node.output(other.id(), "python3", "-c", CONNECT, address, "8001"));
        node.node().driver().purge(other.id());
        node.fence().detach(other.id());

        assertThat(seen).hasSize(3).doesNotContain("open");
    }

    /** By the port that is asked, of which it may answer, at ports of which it was asked and of which it was not. */
    @Test
    void whoIsAskedReachesNothingByIt() throws Exception {
        for (String port : List.of("10443", "22", "8001", "45000")) {
            assertThat(node.output(agent.id(), "python3", "-c", CONNECT, "169.254.1.1", port, "8001"))
                    .isNotEqualTo("open")
                    .contains("No route to host");
        }
        assertThat(attempt(new Handler.TcpSocket(8001), SECOND)).isInstanceOf(ProbeResult.Success.class);
    }

    @Test
    void anAgentThatIsNotAttachedIsNotReached() throws Exception {
        AgentAttempts absent = new AgentAttempts(TestNode.newId(), node.node().driver(), node.fence());
        Probe probe = new Probe(new Handler.TcpSocket(8001), Duration.ZERO, SECOND, SECOND, 1, 1, Optional.empty());
        assertThat(absent.attempt(probe))
                .isInstanceOfSatisfying(
                        ProbeResult.Unknown.class,
                        unknown -> assertThat(unknown.message()).contains("not attached to the fence"));
    }
}
