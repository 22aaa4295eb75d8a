package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.PATIENCE;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.resolve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.names.RecordedDecisions;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Names to which only some requests of HTTP inside TLS pass, from an agent that trusts its authority to a server that the machine
 * trusts: behind the real fence and the real proxy.
 */
@Tag("node")
class HttpsIT {
    private static final int HTTPS_PORT = 443;
    private static final String STRANGERS = "198.51.100.11";
    private static final String LATE = "198.51.100.12";
    private static final String SITE = "www.example.org";
    private static final String STRANGER = "stranger.example.org";
    private static final String EXPIRED = "expired.example.org";
    private static final String WRONG = "wrong.example.org";
    private static final String UNREAD = "unread.example.org";

    private static final AllowedHttp ITEMS =
            Groups.http(SITE, HTTPS_PORT, List.of("GET", "POST"), List.of("/v1/items", "/v1/items/*"));
    private static final AllowedHttp STREAMS =
            Groups.webSockets(SITE, HTTPS_PORT, List.of("/v1/stream", "/v1/stream/*"));
    private static final AllowedHttp OTHERS = Groups.http("*.example.org", HTTPS_PORT, List.of("GET"), List.of("/any"));
    private static final GroupRuleset ALLOWED = Groups.requests(
            "named",
            List.of(),
            List.of(Groups.name(UNREAD, Protocol.TCP, HTTPS_PORT)),
            List.of(),
            List.of(ITEMS, STREAMS, OTHERS));

    private final RecordedDecisions audit = new RecordedDecisions();
    private final List<HttpDecision> decisions = audit.requests();
    private Path folder;
    private ProxiedMachine proxied;
    private Machine machine;

    @BeforeEach
    void makeEverything() throws Exception {
        machine = Machine.create();
        folder = Files.createTempDirectory("agentcontainers-https");
        ServerIdentity right = ServerIdentity.make(folder, "right", SITE, Clock.systemUTC());
        ServerIdentity expired = ServerIdentity.make(
                folder, "expired", EXPIRED, Clock.fixed(Instant.now().minus(Duration.ofDays(1)), ZoneOffset.UTC));
        ServerIdentity stranger = ServerIdentity.make(folder, "stranger", STRANGER, Clock.systemUTC());
        Path roots = Files.writeString(
                folder.resolve("roots.crt"),
                Files.readString(right.authority()) + Files.readString(expired.authority()));
        machine.onServers("ip addr add " + STRANGERS + "/32 dev lo; ip addr add " + LATE + "/32 dev lo");
        machine.serveHttps(PUBLIC, HTTPS_PORT, right);
        machine.serveHttps(STRANGERS, HTTPS_PORT, stranger);
        machine.serveHttps(LATE, HTTPS_PORT, expired);
        proxied = new ProxiedMachine(
                machine,
                Map.of(
                        SITE,
                        List.of(PUBLIC),
                        WRONG,
                        List.of(PUBLIC),
                        UNREAD,
                        List.of(PUBLIC),
                        STRANGER,
                        List.of(STRANGERS),
                        EXPIRED,
                        List.of(LATE)),
                List.of(ALLOWED),
                audit,
                roots);
    }

    @AfterEach
    void removeEverything() throws Exception {
        try {
            if (proxied != null) {
                proxied.close();
            } else if (machine != null) {
                machine.close();
            }
        } finally {
            if (folder != null) {
                DeepDeletion.delete(folder);
            }
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

    private static String ask(DrivenAgent agent, String flow, String text) {
        return agent.request("https", flow, SITE, HTTPS_PORT, text);
    }

    private void awaitVerdict(HttpVerdict verdict) {
        await().atMost(PATIENCE)
                .until(() -> !decisions.isEmpty() && decisions.getLast().verdict() == verdict);
    }

    private void awaitVerdict(TlsVerdict verdict) {
        await().atMost(PATIENCE)
                .until(() -> audit.connections().stream()
                        .map(TlsDecision::verdict)
                        .toList()
                        .contains(verdict));
    }

    /** Programs trust the agent's authority without being told to, by variables and where the distribution keeps whom it trusts. */
    @Test
    void whatARuleAllowsPasses() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);

        assertThat(ask(agent, "flow", get("/v1/items?secret=1"))).endsWith("GET /v1/items?secret=1 www.example.org \n");
        awaitVerdict(HttpVerdict.PASSED);
        assertThat(decisions.getLast().serverName()).isEqualTo(SITE);
        assertThat(decisions.getLast().path()).isEqualTo("/v1/items");
        assertThat(ask(
                        agent,
                        "flow",
                        "POST /v1/items/7 HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 5\r\n\r\nhello"))
                .as("on the same connection")
                .endsWith("POST /v1/items/7 www.example.org hello\n");
        resolve(agent, UNREAD, PUBLIC);
        assumeProgram("curl");
        for (String client : List.of(
                "curl -sS https://www.example.org/v1/items",
                "env -u CURL_CA_BUNDLE -u SSL_CERT_FILE curl -sS https://www.example.org/v1/items")) {
            assertThat(agent.shell(client)).as(client).isEqualTo("0 GET /v1/items www.example.org \n");
        }
        assumeProgram("openssl");
        assertThat(agent.shell("env -u SSL_CERT_FILE openssl s_client -no-CAfile -CApath /etc/ssl/certs"
                        + " -verify_return_error -connect www.example.org:443 -servername www.example.org </dev/null"))
                .as("a folder of links")
                .contains("Verify return code: 0");
        assertThat(agent.shell("openssl s_client -connect www.example.org:443 -servername " + UNREAD + " </dev/null")
                        .replace(" ", ""))
                .as("a rule with tls alone: the server's own certificate")
                .contains("CN=testright");
        assumeProgram("java");
        assertThat(agent.shell("java -XX:TieredStopAtLevel=1 -Djava.net.useSystemProxies=false"
                        + " /opt/agent/Fetch.java https://www.example.org/v1/items 2>&1"))
                .isEqualTo("0 GET /v1/items www.example.org \n");
        assertThat(agent.shell("java -XX:TieredStopAtLevel=1 -Djava.net.useSystemProxies=false"
                        + " /opt/agent/Fetch.java wss://www.example.org/v1/stream 2>&1"))
                .as("a WebSocket")
                .isEqualTo("0 hello by Java");
    }

    /** Each of one connection by itself: what is refused ends no other, and nothing of it comes to the server. */
    @ParameterizedTest
    @EnumSource
    void requestsOfHttp2AreJudgedOneByOne(Profile profile) throws Exception {
        assumeProgram("curl");
        DrivenAgent agent = resolved(profile);
        String site = " https://www.example.org";
        assertThat(agent.shell("curl -sS --http2 -w ' %{http_version} %{http_code} %{num_connects};' -o -" + site
                        + "/v1/items -o /dev/null" + site + "/admin -o -" + site + "/v1/items 2>&1"))
                .isEqualTo(
                        "0 GET /v1/items www.example.org \n 2 200 1; 2 403 0;GET /v1/items www.example.org \n 2 200 0;");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions)
                        .extracting(HttpDecision::verdict)
                        .containsExactly(HttpVerdict.PASSED, HttpVerdict.NO_RULE, HttpVerdict.PASSED));
        try (Capture arriving = machine.captureAtServers("tcp port " + HTTPS_PORT)) {
            Map<String, String> hostile = Map.of(
                    "-X DELETE" + site + "/v1/items",
                    "no-rule",
                    "--path-as-is" + site + "/v1/../admin",
                    "ambiguous-path",
                    site + "/v1/items%2f..%2f..%2fadmin",
                    "ambiguous-path",
                    "-H 'Host: wrong.example.org'" + site + "/v1/items",
                    "other-host",
                    "-H 'X-HTTP-Method-Override: DELETE'" + site + "/v1/items",
                    "overridden",
                    "-H 'Sec-WebSocket-Version: 13'" + site + "/v1/stream",
                    "other-protocol");
            hostile.forEach((request, reason) -> assertThat(
                            agent.shell("curl -sS --http2 -w ' %{http_version} %{http_code}' " + request + " 2>&1"))
                    .as(request)
                    .contains("\"reason\":\"" + reason + "\"")
                    .endsWith(" 2 403"));
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** The agent sees those of the machine. */
    private static void assumeProgram(String name) {
        assumeTrue(Program.find(name).isPresent(), "needs " + name);
    }

    /** Each is refused with the reason, and nothing of it comes to the server. */
    @ParameterizedTest
    @EnumSource
    void everythingElseIsRefused(Profile profile) throws Exception {
        DrivenAgent agent = resolved(profile);
        try (Capture arriving = machine.captureAtServers("tcp port " + HTTPS_PORT)) {
            for (HostileRequest hostile : HostileRequest.values()) {
                String text = hostile.text().replace("GET http://", "GET https://");
                assertThat(agent.request("https_until_end", SITE, HTTPS_PORT, text))
                        .as(hostile.toString())
                        .startsWith("HTTP/1.1 403 Forbidden\r\n")
                        .contains("\"error\":\"denied by egress policy\"", "\"reason\":\"" + hostile.reason() + "\"");
                awaitVerdict(hostile.verdict());
            }
            for (HostileHello hostile : HostileHello.values()) {
                assertThat(agent.request(hostile.request(PUBLIC, HTTPS_PORT)))
                        .as(hostile.toString())
                        .isEqualTo(hostile.answer());
                awaitVerdict(hostile.verdict());
            }
            assertThat(agent.request("http_until_end", PUBLIC, HTTPS_PORT, get("/v1/items")))
                    .as("without TLS")
                    .isEqualTo(" reset");
            assertThat(agent.request("https_until_end", SITE, HTTPS_PORT, get("/v1/items"), "h2"))
                    .as("HTTP/1.1 where HTTP/2 was agreed")
                    .doesNotContain("HTTP/1.1");
            awaitVerdict(HttpVerdict.NOT_HTTP);
            assertThat(agent.shell("env SSL_CERT_FILE=/etc/hosts SSL_CERT_DIR=/nowhere python3 -c \"import"
                            + " urllib.request as u; u.urlopen('https://www.example.org/v1/items')\" 2>&1"))
                    .as("who does not trust the authority")
                    .contains("CERTIFICATE_VERIFY_FAILED");
            awaitVerdict(TlsVerdict.NOT_AGREED);
            assertThat(agent.udp(PUBLIC, HTTPS_PORT)).as("QUIC").contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(ask(agent, "flow", get("/v1/items"))).as("it can pass").contains("200 OK");
        assumeProgram("openssl");
        try (Capture arriving =
                machine.captureAtServers("tcp port " + HTTPS_PORT + " and tcp[tcpflags] & tcp-syn != 0")) {
            for (String version : List.of("-tls1", "-tls1_1")) {
                assertThat(agent.shell("openssl s_client " + version + " -cipher ALL:@SECLEVEL=0 -connect"
                                + " www.example.org:443 -servername www.example.org </dev/null 2>&1"))
                        .as(version)
                        .contains("alert protocol version");
            }
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void serversThatTheMachineDoesNotTrustGetNothing() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        for (Map.Entry<String, String> server :
                Map.of(STRANGER, STRANGERS, EXPIRED, LATE, WRONG, PUBLIC).entrySet()) {
            resolve(agent, server.getKey(), server.getValue());
            assertThat(agent.request(
                            "https_until_end",
                            server.getKey(),
                            HTTPS_PORT,
                            "GET /any HTTP/1.1\r\nHost: " + server.getKey() + "\r\n\r\n"))
                    .as(server.getKey())
                    .contains("502 Bad Gateway", "untrusted-server")
                    .doesNotContain("GET /any www");
            awaitVerdict(HttpVerdict.UNTRUSTED_SERVER);
        }
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
        return agent.request("web_socket", flow, SITE, HTTPS_PORT, path, "tls");
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
                        "https_until_end",
                        SITE,
                        HTTPS_PORT,
                        handshake("/v1/stream/refused") + get("/v1/items") + get("/admin")))
                .contains(
                        "GET /v1/stream/refused www.example.org",
                        "GET /v1/items www.example.org",
                        "403 Forbidden",
                        "no-rule")
                .doesNotContain("GET /admin www");
        awaitVerdict(HttpVerdict.NO_RULE);
        assertThat(agent.request("https_until_end", SITE, HTTPS_PORT, handshake("/v1/stream/false") + get("/admin")))
                .as("a server that goes on as something else; Python takes a reset inside TLS for an end")
                .isIn(" reset", " ended");
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
                List.of(),
                List.of(ITEMS, Groups.http(SITE, HTTPS_PORT, List.of("GET"), STREAMS.paths()), OTHERS)));
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
        AllowedHttp narrower = Groups.http(SITE, HTTPS_PORT, List.of("GET"), List.of("/v1/items/*"));

        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(), List.of(narrower, OTHERS)));
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
        awaitVerdict(HttpVerdict.REVOKED);
        assertThat(ask(agent, "flow", get("/v1/items/1"))).doesNotContain("200 OK");
        resolve(agent, SITE, PUBLIC);
        assertThat(agent.request("https_until_end", SITE, HTTPS_PORT, get("/v1/items")))
                .contains("403 Forbidden");
        assertThat(ask(agent, "new", get("/v1/items/1"))).contains("200 OK");

        proxied.apply(Groups.group("named"));
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
        assertThat(ask(agent, "new", get("/v1/items/1"))).doesNotContain("200 OK");
    }

    @Test
    void deathOfTheProxyCutsAndOpensNothing() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(ask(agent, "flow", get("/v1/items"))).contains("200 OK");

        try (Capture arriving =
                machine.captureAtServers("tcp port " + HTTPS_PORT + " and tcp[tcpflags] & tcp-syn != 0")) {
            proxied.programs().kill();
            assertThat(ask(agent, "flow", get("/v1/items"))).doesNotContain("200 OK");
            assertThat(arriving.packets()).isEmpty();
        }
        await().atMost(PATIENCE).untilAsserted(() -> {
            resolve(agent, SITE, PUBLIC);
            assertThat(agent.request("https_until_end", SITE, HTTPS_PORT, get("/admin")))
                    .contains("403 Forbidden");
        });
    }

    @Test
    void eachAgentHasAnAuthorityOfItsOwnWithoutItsKey() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        DrivenAgent other = resolved(Profile.ALL_CAPABILITIES);
        String authority = agent.shell("cat /etc/agentcontainers/trust/authority.crt");

        assertThat(authority)
                .contains("BEGIN CERTIFICATE")
                .isNotEqualTo(other.shell("cat /etc/agentcontainers/trust/authority.crt"));
        for (DrivenAgent each : List.of(agent, other)) {
            assertThat(each.shell("ls -A /etc/agentcontainers /etc/agentcontainers/trust"))
                    .isEqualTo("0 /etc/agentcontainers:\ntrust\n\n/etc/agentcontainers/trust:\n"
                            + "authority.crt\nbundle.crt\ncacerts\n");
            assertThat(each.shell("grep -rl 'PRIVATE KEY' /etc/agentcontainers /etc/ssl/certs"))
                    .as("no key")
                    .startsWith("1 ");
            assertThat(
                            each.shell(
                                    "rm -f /etc/agentcontainers/trust/bundle.crt; echo >/etc/agentcontainers/trust/authority.crt;"
                                            + " umount /etc/agentcontainers/trust; test -s /etc/agentcontainers/trust/bundle.crt"))
                    .as("it can't be changed")
                    .startsWith("0");
        }
        assumeProgram("openssl");
        String verified = "printf '%s' '" + authority.substring(2) + "' >/tmp/other.crt;"
                + " openssl verify -CAfile /etc/agentcontainers/trust/bundle.crt /tmp/other.crt 2>&1";
        assertThat(agent.shell(verified)).startsWith("0 ");
        assertThat(other.shell(verified)).as("another agent's authority").doesNotStartWith("0 ");
    }

    /** A node agent that starts anew reads its rules back from the kernel, and finds them right. */
    @Test
    void theKernelHoldsWhatWasMeant() throws Exception {
        proxied.apply(ALLOWED);
        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(ITEMS), List.of(OTHERS)));
        proxied.apply(Groups.requests("named", List.of(), List.of(), List.of(), List.of(ITEMS, OTHERS)));
        proxied.apply(ALLOWED);
    }

    /** What the proxy has open to servers. */
    private String connections() {
        return machine.onHost("ss -Htn state established dport = :" + HTTPS_PORT);
    }
}
