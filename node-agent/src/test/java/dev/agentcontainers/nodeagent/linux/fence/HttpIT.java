package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.PATIENCE;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.resolve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.names.RecordedDecisions;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Names to which only some requests of HTTP pass, from an agent's question to its requests: behind the real fence and the real proxy.
 */
@Tag("node")
class HttpIT {
    private static final int HTTP_PORT = 80;
    private static final int OPEN_PORT = 8088;
    private static final String OTHER_ADDRESS = "198.51.100.11";
    private static final String SITE = "www.example.org";
    private static final String OTHER = "other.example.org";
    private static final String BESIDE = "beside.example.org";
    private static final String INSIDE = "inside.example.org";

    private static final AllowedHttp ITEMS =
            Groups.http(SITE, HTTP_PORT, List.of("GET", "POST"), List.of("/v1/items", "/v1/items/*"));
    private static final AllowedHttp STREAMS =
            Groups.webSockets(SITE, HTTP_PORT, List.of("/v1/stream", "/v1/stream/*"));
    private static final AllowedHttp OTHERS = Groups.http(OTHER, HTTP_PORT, List.of("GET"), List.of("/others"));
    private static final GroupRuleset ALLOWED = Groups.requests(
            "named",
            List.of(Groups.name(SITE, Protocol.TCP, OPEN_PORT)),
            List.of(),
            List.of(
                    ITEMS,
                    STREAMS,
                    OTHERS,
                    Groups.http(BESIDE, HTTP_PORT, List.of("*"), List.of("/*")),
                    Groups.http(INSIDE, HTTP_PORT, List.of("*"), List.of("/*"))));

    private final RecordedDecisions audit = new RecordedDecisions();
    private final List<HttpDecision> decisions = audit.requests();
    private ProxiedMachine proxied;
    private Machine machine;

    @BeforeEach
    void makeEverything() throws Exception {
        machine = Machine.create();
        machine.onServers("ip addr add " + OTHER_ADDRESS + "/32 dev lo");
        machine.serveHttp(PUBLIC + "," + OTHER_ADDRESS + "," + Machine.ALLOWED, HTTP_PORT);
        machine.serveHttp(PUBLIC, OPEN_PORT);
        proxied = new ProxiedMachine(
                machine,
                Map.of(
                        SITE,
                        List.of(PUBLIC),
                        OTHER,
                        List.of(OTHER_ADDRESS),
                        BESIDE,
                        List.of(PUBLIC),
                        INSIDE,
                        List.of(Machine.ALLOWED)),
                List.of(ALLOWED),
                audit);
    }

    @AfterEach
    void removeEverything() throws Exception {
        if (proxied != null) {
            proxied.close();
        } else if (machine != null) {
            machine.close();
        }
    }

    /** One that has resolved the site. */
    private DrivenAgent resolved(Profile profile) throws Exception {
        DrivenAgent agent = proxied.start(profile, "named");
        resolve(agent, SITE, PUBLIC);
        return agent;
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: " + SITE + "\r\n\r\n";
    }

    private static String ask(DrivenAgent agent, String flow, String text) throws Exception {
        return agent.request("http", flow, PUBLIC, HTTP_PORT, text);
    }

    private void awaitVerdict(HttpVerdict verdict) {
        await().atMost(PATIENCE)
                .until(() -> !decisions.isEmpty() && decisions.getLast().verdict() == verdict);
    }

    @ParameterizedTest
    @EnumSource
    void whatARuleAllowsPasses(Profile profile) throws Exception {
        DrivenAgent agent = proxied.start(profile, "named");
        assertThat(ask(agent, "early", get("/v1/items")))
                .as("before it is resolved")
                .contains("No route to host");
        resolve(agent, SITE, PUBLIC);

        assertThat(ask(agent, "flow", get("/v1/items?secret=1"))).endsWith("GET /v1/items?secret=1 www.example.org \n");
        awaitVerdict(HttpVerdict.PASSED);
        assertThat(decisions.getLast().path()).isEqualTo("/v1/items");
        assertThat(decisions.getLast().status()).isEqualTo(200);
        assertThat(decisions.getLast().address()).isEqualTo(PUBLIC);
        assertThat(ask(
                        agent,
                        "flow",
                        "POST /v1/items/7 HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 5\r\n\r\nhello"))
                .as("on the same connection")
                .endsWith("POST /v1/items/7 www.example.org hello\n");
        assertThat(
                        agent.shell(
                                "python3 -c \"import urllib.request as u; print(u.urlopen('http://www.example.org/v1/items/a').read().decode())\""))
                .contains("GET /v1/items/a www.example.org");
        assertThat(agent.request("http", "open", PUBLIC, OPEN_PORT, "PUT /any HTTP/1.1\r\nHost: x\r\n\r\n"))
                .as("a rule without http at another port")
                .endsWith("PUT /any x \n");
        assertThat(agent.request("http", "address", OTHER_ADDRESS, HTTP_PORT, get("/v1/items")))
                .as("an address that it was not resolved to")
                .contains("No route to host");
        DrivenAgent other = proxied.start(profile, "named");
        assertThat(ask(other, "flow", get("/v1/items")))
                .as("who has not resolved it")
                .contains("No route to host");
        assumeTrue(Program.find("curl").isPresent(), "needs curl");
        assertThat(agent.shell("curl -sS http://www.example.org/v1/items"))
                .as("a real client")
                .isEqualTo("0 GET /v1/items www.example.org \n");
    }

    /** As gRPC does it. The server here knows HTTP/1.1 alone, so what may pass comes to nothing, and is told so. */
    @Test
    void requestsOfHttp2AreJudgedEachByItself() throws Exception {
        assumeTrue(Program.find("curl").isPresent(), "needs curl");
        DrivenAgent agent = resolved(Profile.SHIPPED);
        String curl = "curl -sS --http2-prior-knowledge -w ' %{http_version} %{http_code}' http://www.example.org";

        assertThat(agent.shell(curl + "/admin"))
                .contains("\"reason\":\"no-rule\"")
                .endsWith(" 2 403");
        assertThat(agent.shell(curl + "/v1/items"))
                .contains("\"reason\":\"unreachable\"")
                .endsWith(" 2 502");
    }

    /** Several at once, each larger than the packets that it comes in, until all are refused. */
    @Test
    void requestsWithABudgetShareItToItsEndAndAreToldSo() throws Exception {
        long limit = 1 << 20;
        GroupRuleset budgeted = Groups.budgeted(
                Groups.requests("named", List.of(), List.of(), List.of(OTHERS)),
                List.of(Groups.budget("a", limit)),
                new Budgeted(List.of(0), List.of(), List.of(), null, List.of(ITEMS, STREAMS), null));
        proxied.apply(budgeted);
        DrivenAgent agent = resolved(Profile.SHIPPED);
        long atInterface = Long.parseLong(agent.request("at_interface"));
        String passed = agent.shell("""
                python3 -c '
                import http.client, threading
                content = "x" * 30000
                passed, refused = [], []
                def post():
                    while True:
                        try:
                            c = http.client.HTTPConnection("www.example.org", timeout=20)
                            c.request("POST", "/v1/items", content)
                            answer = c.getresponse()
                            text = answer.read().decode()
                        except OSError:
                            continue
                        if answer.status == 403:
                            refused.append(text)
                            return
                        passed.append(len(content) + len(text))
                all = [threading.Thread(target=post) for _ in range(6)]
                [each.start() for each in all]
                [each.join() for each in all]
                print(sum(passed), refused[0])
                '
                """);
        assertThat(passed).contains("\"reason\":\"budget-used-up\"", "are used up: EgressPolicy/sites spec.egress[a]");
        assertThat(Long.parseLong(passed.split(" ")[1])).isBetween(limit / 2, limit);
        assertThat(Long.parseLong(agent.request("at_interface")) - atInterface)
                .as("at the interface, both ways")
                .isLessThanOrEqualTo(limit + Math.max(limit / 20, 256 << 10));
        assertThat(Objects.requireNonNull(proxied.names().budgets().get(agent.id()))
                        .getFirst()
                        .exhausted())
                .isTrue();
        awaitVerdict(HttpVerdict.BUDGET_USED_UP);
        assertThat(ask(agent, "flow", get("/v1/items"))).as("also less").contains("budget-used-up");
        resolve(agent, OTHER, OTHER_ADDRESS);
        assertThat(agent.request(
                        "http",
                        "free",
                        OTHER_ADDRESS,
                        HTTP_PORT,
                        "GET /others HTTP/1.1\r\nHost: " + OTHER + "\r\n\r\n"))
                .as("what a rule without a budget allows")
                .contains("200 OK");
    }

    /** Each is refused with the reason, and nothing of it comes to the server. */
    @ParameterizedTest
    @EnumSource
    void everythingElseIsRefused(Profile profile) throws Exception {
        DrivenAgent agent = resolved(profile);
        resolve(agent, OTHER, OTHER_ADDRESS);
        try (Capture arriving = machine.captureAtServers("tcp port " + HTTP_PORT)) {
            for (HostileRequest hostile : HostileRequest.values()) {
                assertThat(agent.request("http_until_end", PUBLIC, HTTP_PORT, hostile.text()))
                        .as(hostile.toString())
                        .startsWith("HTTP/1.1 403 Forbidden\r\n")
                        .contains("\"error\":\"denied by egress policy\"", "\"reason\":\"" + hostile.reason() + "\"");
                awaitVerdict(hostile.verdict());
            }
            assertThat(agent.request("http_until_end", OTHER_ADDRESS, HTTP_PORT, get("/v1/items")))
                    .as("an allowed request at the address of another name")
                    .contains("other-host");
            for (String bytes : List.of("00010203", "ffffffff")) {
                assertThat(agent.request("first_bytes", PUBLIC, HTTP_PORT, bytes))
                        .as("no HTTP")
                        .isEqualTo(" reset");
            }
            assertThat(agent.request("open_tls", "tls", PUBLIC, HTTP_PORT, SITE))
                    .as("TLS")
                    .contains("unrecognized name");
            assertThat(agent.udp(PUBLIC, HTTP_PORT)).as("QUIC").contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(ask(agent, "flow", get("/v1/items"))).as("it can pass").contains("200 OK");
    }

    /** Of requests that are sent together, also in pieces, the server sees those that are allowed and nothing of the rest. */
    @Test
    void aSecondRequestThatIsDeniedNeverComesToTheServer() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        try (Capture arriving = machine.captureAtServers("tcp dst port " + HTTP_PORT)) {
            String answers = agent.request(
                    "http_until_end", PUBLIC, HTTP_PORT, get("/v1/items/1") + get("/admin") + get("/v1/items/2"));
            assertThat(answers)
                    .contains("GET /v1/items/1 www.example.org", "403 Forbidden", "no-rule")
                    .doesNotContain("GET /v1/items/2 www");
            arriving.awaitPacket();
        }
        awaitVerdict(HttpVerdict.NO_RULE);
        assertThat(decisions.stream().map(HttpDecision::verdict)).endsWith(HttpVerdict.PASSED, HttpVerdict.NO_RULE);
    }

    /** Addresses that names may not lead to are not opened, by whatever rule. */
    @Test
    void aNameThatLeadsInsideOpensNothing() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);

        assertThat(agent.shell("python3 -c \"import socket; print(socket.gethostbyname('" + INSIDE + "'))\""))
                .startsWith("1 ");
        assertThat(agent.request(
                        "http", "inside", Machine.ALLOWED, HTTP_PORT, "GET / HTTP/1.1\r\nHost: " + INSIDE + "\r\n\r\n"))
                .contains("No route to host");
    }

    @Test
    void whoIsSlowIsResetAndKeepsNobodyWaiting() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        DrivenAgent other = resolved(Profile.SHIPPED);
        String beginning = HexFormat.of().formatHex("GET /v1/items HTTP/1.1\r\nX-".getBytes(StandardCharsets.US_ASCII));
        agent.send("first_bytes", PUBLIC, HTTP_PORT, beginning);
        assertThat(ask(other, "flow", get("/v1/items"))).contains("200 OK");
        assertThat(agent.answer()).isEqualTo(" reset");
        awaitVerdict(HttpVerdict.INCOMPLETE);
    }

    @ParameterizedTest
    @EnumSource
    void aWebSocketThatARuleAllowsPasses(Profile profile) throws Exception {
        DrivenAgent agent = resolved(profile);

        assertThat(webSocket(agent, "socket", "/v1/stream")).isEqualTo("HTTP/1.1 101 Switching Protocols hello");
        awaitVerdict(HttpVerdict.UPGRADED);
        assertThat(decisions.getLast().webSocket()).isTrue();
        assertThat(decisions.getLast().path()).isEqualTo("/v1/stream");
        assertThat(agent.request("web_socket_echo", "socket", "GET /admin HTTP/1.1"))
                .isEqualTo("GET /admin HTTP/1.1");
        assertThat(webSocket(agent, "denied", "/v1/items")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(ask(agent, "flow", get("/v1/stream")))
                .as("the request alone")
                .contains("200 OK");
    }

    private static String webSocket(DrivenAgent agent, String flow, String path) {
        return agent.request("web_socket", flow, PUBLIC, HTTP_PORT, path, "plain");
    }

    private static String handshake(String path) {
        return get(path)
                .replace(
                        "\r\n\r\n",
                        "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    }

    /** Who says Upgrade and means to have the rest passed unread. */
    @Test
    void aRequestBehindAHandshakeThatTheServerRefusesIsJudged() throws Exception {
        DrivenAgent agent = resolved(Profile.ALL_CAPABILITIES);

        assertThat(agent.request(
                        "http_until_end",
                        PUBLIC,
                        HTTP_PORT,
                        handshake("/v1/stream/refused") + get("/v1/items") + get("/admin")))
                .contains(
                        "GET /v1/stream/refused www.example.org",
                        "GET /v1/items www.example.org",
                        "403 Forbidden",
                        "no-rule")
                .doesNotContain("GET /admin www");
        awaitVerdict(HttpVerdict.NO_RULE);
        assertThat(agent.request("http_until_end", PUBLIC, HTTP_PORT, handshake("/v1/stream/false") + get("/admin")))
                .as("a server that goes on as something else")
                .isEqualTo(" reset");
        awaitVerdict(HttpVerdict.BROKEN);
    }

    @Test
    void aRuleThatIsTakenBackCutsWebSocketsWithinASecond() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(webSocket(agent, "socket", "/v1/stream")).endsWith(" hello");

        proxied.apply(Groups.requests(
                "named",
                List.of(),
                List.of(),
                List.of(ITEMS, Groups.http(SITE, HTTP_PORT, List.of("GET"), STREAMS.paths()), OTHERS)));
        await().atMost(Duration.ofSeconds(1)).until(() -> connections().isEmpty());
        awaitVerdict(HttpVerdict.REVOKED);
        assertThat(agent.request("web_socket_echo", "socket", "more")).doesNotContain("more");
        resolve(agent, SITE, PUBLIC);
        assertThat(webSocket(agent, "denied", "/v1/stream")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(ask(agent, "new", get("/v1/stream"))).contains("200 OK");
    }

    @Test
    void aRuleThatIsTakenBackCutsConnectionsThatAreKept() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(ask(agent, "flow", get("/v1/items"))).contains("200 OK");
        assertThat(ask(agent, "idle", get("/v1/items"))).contains("200 OK");

        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(ITEMS, OTHERS)));
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
        assertThat(ask(agent, "again", get("/v1/items")))
                .as("another rule of the port was taken back: a new connection passes, unresolved anew")
                .satisfiesAnyOf(
                        answer -> assertThat(answer).contains("200 OK"),
                        answer -> assertThat(answer).contains("No route to host"));
        resolve(agent, SITE, PUBLIC);
        assertThat(ask(agent, "kept", get("/v1/items"))).contains("200 OK");

        AllowedHttp narrower = Groups.http(SITE, HTTP_PORT, List.of("GET"), List.of("/v1/items/*"));
        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(narrower, OTHERS)));
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
        awaitVerdict(HttpVerdict.REVOKED);
        assertThat(ask(agent, "kept", get("/v1/items/1"))).doesNotContain("200 OK");
        assertThat(agent.request("http_until_end", PUBLIC, HTTP_PORT, get("/v1/items")))
                .contains("403 Forbidden");
        assertThat(ask(agent, "new", get("/v1/items/1"))).contains("200 OK");

        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(OTHERS)));
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
        assertThat(ask(agent, "new", get("/v1/items/1"))).doesNotContain("200 OK");
        assertThat(ask(agent, "last", get("/v1/items/1"))).contains("No route to host");
    }

    @Test
    void deathOfTheProxyCutsAndOpensNothing() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(ask(agent, "flow", get("/v1/items"))).contains("200 OK");

        try (Capture arriving =
                machine.captureAtServers("tcp port " + HTTP_PORT + " and tcp[tcpflags] & tcp-syn != 0")) {
            proxied.programs().kill();
            assertThat(ask(agent, "flow", get("/v1/items"))).doesNotContain("200 OK");
            assertThat(ask(agent, "new", get("/v1/items"))).doesNotContain("200 OK");
            assertThat(arriving.packets()).isEmpty();
        }
        await().atMost(PATIENCE).untilAsserted(() -> {
            resolve(agent, SITE, PUBLIC);
            assertThat(
                            agent.shell(
                                    "python3 -c \"import urllib.request as u; print(u.urlopen('http://www.example.org/v1/items', timeout=5).read().decode())\""))
                    .contains("GET /v1/items");
        });
    }

    /** A node agent that starts anew reads its rules back from the kernel, and finds them right. */
    @Test
    void theKernelHoldsWhatWasMeant() throws Exception {
        proxied.apply(ALLOWED);
        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(OTHERS)));
        proxied.apply(ALLOWED);
    }

    /** What the proxy has open to servers. */
    private String connections() {
        return machine.onHost("ss -Htn state established dport = :" + HTTP_PORT);
    }
}
