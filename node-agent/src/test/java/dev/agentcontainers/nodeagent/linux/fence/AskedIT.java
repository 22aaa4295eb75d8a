package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.PATIENCE;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.resolve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.names.RecordedDecisions;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.policy.RulesetHash;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameServer;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
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
 * Agents that resolve nothing, and ask the node's proxy for what they want, by CONNECT and by whole addresses: behind the real fence
 * and the real proxy.
 */
@Tag("node")
class AskedIT {
    private static final String PROXY = NameServer.ADDRESS;
    private static final int PROXY_PORT = NameServer.PROXY_PORT;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    private static final int TLS_PORT = 8443;
    private static final int OPEN_PORT = 8088;
    private static final String SITE = "www.example.org";
    private static final String BESIDE = "beside.example.org";
    private static final String OPEN = "open.example.org";
    /** Leads to a private address and to a public one. */
    private static final String MIXED = "mixed.example.org";
    /** Leads to an address where nobody listens, and to one where somebody does. */
    private static final String HALF_DEAD = "halfdead.example.org";
    /** Leads to the former alone. */
    private static final String DEAD = "dead.example.org";

    private static final String DEAD_ADDRESS = "198.51.100.11";
    private static final String CHARGED = "charged.example.org";
    /** What has no bytes of a connection's content is left out. Source: tcpdump(1), EXAMPLES. */
    private static final String WITH_CONTENT = "tcp and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)";

    private static final Map<String, String> INWARDS = Map.of(
            "private.example.org",
            Machine.ALLOWED,
            "loop.example.org",
            PROXY,
            "fence.example.org",
            "100.80.4.1",
            "node.example.org",
            Machine.HOST,
            "metadata.example.org",
            Machine.METADATA,
            "loopback.example.org",
            "127.0.0.1");

    private static final AllowedHttp ITEMS =
            Groups.http(SITE, HTTPS_PORT, List.of("GET", "POST"), List.of("/v1/items", "/v1/items/*"));
    private static final AllowedHttp PLAIN_ITEMS =
            Groups.http(SITE, HTTP_PORT, List.of("GET", "POST"), List.of("/v1/items", "/v1/items/*"));
    private static final AllowedName SITE_NAME = Groups.name(SITE, Protocol.TCP, TLS_PORT);
    private static final AllowedName BESIDE_NAME = Groups.name(BESIDE, Protocol.TCP, TLS_PORT);
    private static final GroupRuleset ALLOWED = Groups.requests(
            "named",
            List.of(Groups.name(OPEN, Protocol.TCP, OPEN_PORT)),
            List.of(
                    SITE_NAME,
                    BESIDE_NAME,
                    Groups.name("nowhere.example.org", Protocol.TCP, TLS_PORT),
                    Groups.name(MIXED, Protocol.TCP, TLS_PORT),
                    Groups.name(HALF_DEAD, Protocol.TCP, TLS_PORT),
                    Groups.name(DEAD, Protocol.TCP, TLS_PORT),
                    Groups.name("private.example.org", Protocol.TCP, Machine.PORT),
                    Groups.name("loop.example.org", Protocol.TCP, PROXY_PORT),
                    Groups.name("fence.example.org", Protocol.TCP, PROXY_PORT),
                    Groups.name("node.example.org", Protocol.TCP, Machine.PORT),
                    Groups.name("metadata.example.org", Protocol.TCP, Machine.PORT),
                    Groups.name("loopback.example.org", Protocol.TCP, PROXY_PORT)),
            List.of(PLAIN_ITEMS),
            List.of(ITEMS));

    private final RecordedDecisions audit = new RecordedDecisions();
    private final List<HttpDecision> decisions = audit.requests();
    private Path folder;
    private ProxiedMachine proxied;
    private Machine machine;

    @BeforeEach
    void makeEverything() throws Exception {
        for (String program : List.of("curl", "openssl")) {
            assumeTrue(Program.find(program).isPresent(), "needs " + program);
        }
        machine = Machine.create();
        folder = Files.createTempDirectory("agentcontainers-asked");
        ServerIdentity identity = ServerIdentity.make(folder, "right", SITE, Clock.systemUTC());
        machine.serveHttps(PUBLIC, HTTPS_PORT, identity);
        machine.serveHttp(PUBLIC, HTTP_PORT);
        machine.serveHttp(PUBLIC, OPEN_PORT);
        machine.serveTls(PUBLIC, TLS_PORT);
        Map<String, List<String>> resolved =
                new HashMap<>(Map.of(SITE, List.of(PUBLIC), BESIDE, List.of(PUBLIC), OPEN, List.of(PUBLIC)));
        INWARDS.forEach((name, address) -> resolved.put(name, List.of(address)));
        resolved.put(MIXED, List.of(Machine.ALLOWED, PUBLIC));
        resolved.put(HALF_DEAD, List.of(DEAD_ADDRESS, PUBLIC));
        resolved.put(DEAD, List.of(DEAD_ADDRESS));
        resolved.put(CHARGED, List.of(PUBLIC));
        // Its machine answers, that nobody is there.
        machine.onServers("ip addr add " + DEAD_ADDRESS + "/32 dev lo");
        proxied = new ProxiedMachine(machine, resolved, List.of(ALLOWED, Groups.EMPTY), audit, identity.authority());
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

    private DrivenAgent start(Profile profile) throws Exception {
        DrivenAgent agent = proxied.start(profile, "named");
        // The proxy has to know it first.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(ask(agent, "CONNECT nobody.example.org:1 HTTP/1.1\r\n\r\n"))
                        .contains("\"reason\":\"not-served\"")
                        .doesNotContain("no agent that is known"));
        decisions.clear();
        return agent;
    }

    /** What the proxy answers to that. */
    private static String ask(DrivenAgent agent, String text) {
        return agent.request("http_until_end", PROXY, PROXY_PORT, text);
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

    private String address(DrivenAgent agent) throws SandboxException {
        return Objects.requireNonNull(proxied.names().attachments().get(agent.id()))
                .address();
    }

    private Capture captureAtServers() throws Exception {
        return machine.captureAtServers("tcp");
    }

    /** By variables, as programs have them that know nothing else. */
    @ParameterizedTest
    @EnumSource
    void whatRulesWithTlsOrHttpAllowIsServed(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        String knowing = "env https_proxy=http://169.254.1.1:3128 http_proxy=http://169.254.1.1:3128 ";

        assertThat(agent.shell(knowing + "curl -sS https://www.example.org/v1/items 2>&1"))
                .isEqualTo("0 GET /v1/items www.example.org \n");
        awaitVerdict(HttpVerdict.PASSED);
        assertThat(decisions.getLast().serverName()).isEqualTo(SITE);
        assertThat(decisions.getLast().address()).isEqualTo(PUBLIC);
        assertThat(agent.shell(knowing + "curl -sS --http2 -w '%{http_version}' https://www.example.org/v1/items 2>&1"))
                .isEqualTo("0 GET /v1/items www.example.org \n2");
        assertThat(agent.shell(knowing + "curl -sS https://www.example.org/admin 2>&1"))
                .contains("\"reason\":\"no-rule\"");
        assertThat(agent.shell(knowing + "curl -sS http://www.example.org/v1/items?a=b 2>&1"))
                .isEqualTo("0 GET /v1/items?a=b www.example.org \n");
        assertThat(agent.shell(knowing + "curl -sS http://www.example.org/admin 2>&1"))
                .contains("\"reason\":\"no-rule\"");
        assertThat(
                        agent.shell(
                                knowing
                                        + "python3 -c \"import urllib.request as u; print(u.urlopen('https://www.example.org/v1/items').read().decode())\""))
                .contains("GET /v1/items www.example.org");
        assertThat(agent.request("asked_tls", "flow", SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        awaitVerdict(TlsVerdict.PASSED);
        assertThat(agent.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
        assertThat(agent.request("asked_tls", "beside", BESIDE, TLS_PORT, BESIDE))
                .isEqualTo(BESIDE + ":hello");
        assertThat(agent.shell("env | grep -ic proxy"))
                .as("nothing sets it for agents")
                .isEqualTo("1 0\n");
    }

    /** Each is refused with what to do, and nothing of it comes to a server. */
    @ParameterizedTest
    @EnumSource
    void whatIsNotServedIsRefused(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        resolve(agent, OPEN, PUBLIC);
        try (Capture arriving = captureAtServers()) {
            for (String address : List.of(
                    PUBLIC,
                    Machine.HOST,
                    Machine.METADATA,
                    "127.0.0.1",
                    PROXY,
                    "100.80.4.1",
                    "[::1]",
                    "[::ffff:127.0.0.1]",
                    "2130706433")) {
                for (int port : List.of(HTTPS_PORT, Machine.PORT, PROXY_PORT, Interception.PORT)) {
                    assertThat(ask(agent, "CONNECT " + address + ":" + port + " HTTP/1.1\r\n\r\n"))
                            .as("to %s:%d", address, port)
                            .contains("403 Forbidden", "\"reason\":\"not-served\"", "not to addresses");
                }
                assertThat(ask(agent, "GET http://" + address + "/ HTTP/1.1\r\nHost: " + address + "\r\n\r\n"))
                        .as(address)
                        .contains("403 Forbidden", "\"reason\":\"not-served\"");
            }
            for (int port : List.of(22, HTTP_PORT, OPEN_PORT, PROXY_PORT)) {
                assertThat(ask(agent, "CONNECT " + SITE + ":" + port + " HTTP/1.1\r\n\r\n"))
                        .as("another port than the rules': %d", port)
                        .contains("403 Forbidden", "\"reason\":\"not-served\"");
            }
            assertThat(ask(agent, "CONNECT " + OPEN + ":" + OPEN_PORT + " HTTP/1.1\r\n\r\n"))
                    .as("a rule without tls and http")
                    .contains("403 Forbidden", "reached directly, without this proxy (NO_PROXY)");
            assertThat(ask(agent, "GET http://" + OPEN + ":" + OPEN_PORT + "/ HTTP/1.1\r\nHost: " + OPEN + "\r\n\r\n"))
                    .contains("403 Forbidden", "reached directly, without this proxy (NO_PROXY)");
            assertThat(ask(agent, "CONNECT other.example.com:443 HTTP/1.1\r\n\r\n"))
                    .contains("403 Forbidden", "no rule of this agent's policies allows other.example.com");
            await().atMost(PATIENCE)
                    .until(() -> decisions.stream()
                            .anyMatch(each -> each.verdict() == HttpVerdict.NOT_SERVED
                                    && "other.example.com:443".equals(each.host())));
            assertThat(decisions).extracting(HttpDecision::verdict).containsOnly(HttpVerdict.NOT_SERVED);
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(audit.names())
                .as("nothing was looked up")
                .allMatch(name -> name.name().equals(OPEN));
        assertThat(agent.request("http", "open", PUBLIC, OPEN_PORT, "PUT /any HTTP/1.1\r\nHost: x\r\n\r\n"))
                .as("without the proxy")
                .endsWith("PUT /any x \n");
    }

    /** A rule with tls allows each of them: to the node, the proxy itself, other agents' fence, metadata, private addresses. */
    @ParameterizedTest
    @EnumSource
    void namesThatLeadInwardsAreRefused(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        try (Capture arriving = captureAtServers()) {
            for (AllowedName name : ALLOWED.tlsNames()) {
                if (!INWARDS.containsKey(name.domain())) {
                    continue;
                }
                assertThat(ask(agent, "CONNECT " + name.domain() + ":" + name.port() + " HTTP/1.1\r\n\r\n"))
                        .as(name.domain())
                        .contains("403 Forbidden", "\"reason\":\"unresolved\"", name.domain() + " is not resolved");
                awaitVerdict(HttpVerdict.UNRESOLVED);
                await().atMost(PATIENCE)
                        .until(() -> audit.names().stream()
                                .filter(each -> each.name().equals(name.domain()))
                                .map(NameDecision::verdict)
                                .toList()
                                .equals(List.of(NameVerdict.REFUSED_ADDRESSES)));
            }
            assertThat(ask(agent, "CONNECT nowhere.example.org:" + TLS_PORT + " HTTP/1.1\r\n\r\n"))
                    .as("a name that is not there")
                    .contains("502 Bad Gateway", "\"reason\":\"unresolved\"", "nowhere.example.org is not resolved");
            await().atMost(PATIENCE)
                    .until(() -> decisions.stream()
                            .anyMatch(each -> each.verdict() == HttpVerdict.UNRESOLVED && each.status() == 502));
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(machine.onHost("ss -Htn state established dport = :" + Machine.PORT))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void tunnelsAreForTlsOfTheirName(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        String plain = "GET /v1/items HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
        // That it is there is asked before the agent is told so.
        try (Capture arriving = machine.captureAtServers(WITH_CONTENT)) {
            assertThat(agent.request("asked_tls", "other", SITE, TLS_PORT, BESIDE))
                    .as("another server name, which a rule allows too")
                    .contains("unrecognized name");
            awaitVerdict(TlsVerdict.OTHER_NAME);
            assertThat(agent.request("asked_tls", "nameless", SITE, TLS_PORT, ""))
                    .contains("unrecognized name");
            assertThat(agent.request("asked_tls", "decrypted", SITE, HTTPS_PORT, BESIDE))
                    .contains("unrecognized name");
            for (int port : List.of(TLS_PORT, HTTPS_PORT)) {
                assertThat(agent.request("asked_until_end", SITE, port, plain))
                        .as("no TLS in it")
                        .isEqualTo("HTTP/1.1 200 Connection established then  reset");
                awaitVerdict(TlsVerdict.NOT_TLS);
                assertThat(ask(agent, "CONNECT " + SITE + ":" + port + " HTTP/1.1\r\n\r\n" + plain))
                        .as("in one packet with its CONNECT")
                        .doesNotContain("GET /v1/items www");
                assertThat(ask(
                                agent,
                                "CONNECT " + SITE + ":" + port + " HTTP/1.1\r\n\r\nCONNECT " + SITE + ":" + port
                                        + " HTTP/1.1\r\n\r\n"))
                        .as("a CONNECT in a tunnel")
                        .doesNotContain("403")
                        .endsWith(" reset");
            }
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** What two readers could take for two things. */
    @ParameterizedTest
    @EnumSource
    void requestsThatMeanTwoThingsAreRefused(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        String get = "GET http://www.example.org/v1/items HTTP/1.1\r\n";
        String host = "Host: www.example.org\r\n";
        String connect = "CONNECT www.example.org:443 HTTP/1.1\r\n";
        try (Capture arriving = captureAtServers()) {
            for (String hostile : List.of(
                    get + "Host: beside.example.org\r\n\r\n",
                    get + host + "Host: beside.example.org\r\n\r\n",
                    get + host + host + "\r\n",
                    get + "\r\n",
                    get + "Host: " + PUBLIC + "\r\n\r\n",
                    get + "Host: www.example.org:8443\r\n\r\n",
                    get + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    get + host + "Transfer-Encoding: xchunked\r\n\r\n",
                    get + host + "X-Original-URL: /admin\r\n\r\n",
                    get + "X-A: b\n" + host + "\r\n",
                    "GET http://www.example.org/v1/../admin HTTP/1.1\r\n" + host + "\r\n",
                    "GET http://user@www.example.org/v1/items HTTP/1.1\r\n" + host + "\r\n",
                    "GET http://www.example.org@beside.example.org/v1/items HTTP/1.1\r\n" + host + "\r\n",
                    "GET http://www.example.org/v1/items#a HTTP/1.1\r\n" + host + "\r\n",
                    "GET http://www.example.org#@beside.example.org/ HTTP/1.1\r\n" + host + "\r\n",
                    "GET https://www.example.org/v1/items HTTP/1.1\r\n" + host + "\r\n",
                    "GET ftp://www.example.org/v1/items HTTP/1.1\r\n" + host + "\r\n",
                    "GET file:///etc/passwd HTTP/1.1\r\n" + host + "\r\n",
                    "GET /v1/items HTTP/1.1\r\n" + host + "\r\n",
                    "GET http://www.example.org/v1/items http://beside.example.org/ HTTP/1.1\r\n" + host + "\r\n",
                    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                    connect + "Host: beside.example.org\r\n\r\n",
                    connect + host + host + "\r\n",
                    connect + "Content-Length: 5\r\n\r\nhello",
                    connect + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    connect + "X-A: b\nHost: beside.example.org\r\n\r\n",
                    "CONNECT user@www.example.org:443 HTTP/1.1\r\n\r\n",
                    "CONNECT www.example.org:443/v1 HTTP/1.1\r\n\r\n")) {
                assertThat(ask(agent, hostile))
                        .as(hostile)
                        .startsWith("HTTP/1.1 403 Forbidden\r\n")
                        .contains("\"error\":\"denied by egress policy\"");
            }
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(ask(
                        agent,
                        get + host + "\r\nGET http://beside.example.org/admin HTTP/1.1\r\n"
                                + "Host: beside.example.org\r\n\r\n"))
                .as("a second one behind it goes nowhere")
                .contains("GET /v1/items www.example.org")
                .doesNotContain("GET /admin");
    }

    @Test
    void eachAgentHasItsOwnRulesThere() throws Exception {
        DrivenAgent agent = start(Profile.ALL_CAPABILITIES);
        assertThat(agent.request("asked_tls", "flow", SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        DrivenAgent other = proxied.start(Profile.ALL_CAPABILITIES, "empty");
        assertThat(other.request("asked_tls", "flow", SITE, TLS_PORT, SITE)).isEqualTo("HTTP/1.1 403 Forbidden");
        // As if it were the first, whose address it has no way to have.
        String address = address(agent);
        String own = address(other);
        long before = proxied.names().deniedPackets(other.id());
        other.request("begin_many", address, PROXY, PROXY_PORT, 20);
        assertThat(proxied.names().deniedPackets(other.id())).isGreaterThanOrEqualTo(before + 20);
        assertThat(own).isNotEqualTo(address);
        for (String elsewhere : List.of("100.80.4.1", address, Machine.HOST, "127.0.0.1", PUBLIC)) {
            assertThat(other.tcp(elsewhere, PROXY_PORT)).as(elsewhere).isNotEqualTo("ok");
            assertThat(other.request(
                            "http_until_end", elsewhere, PROXY_PORT, "CONNECT www.example.org:443 HTTP/1.1\r\n\r\n"))
                    .as(elsewhere)
                    .doesNotContain("HTTP/1.1");
        }
        assertThat(other.udp(PROXY, PROXY_PORT)).contains("No route to host");
    }

    /**
     * Two agents have the same name by a wildcard with tls, and for one a rule with a budget comes before that: what the other has opened,
     * to the proxy too, is no way around it.
     */
    @Test
    void aBudgetIsNotGoneAround() throws Exception {
        AllowedName below = Groups.name("*.example.org", Protocol.TCP, TLS_PORT);
        GroupRuleset looking = Groups.named("looking", List.of(), List.of(below));
        GroupRuleset charging = Groups.budgeted(
                Groups.named("named", List.of(), List.of(below)),
                List.of(Groups.budget("charged", 1 << 20)),
                new Budgeted(List.of(0), List.of(), List.of(Groups.name(CHARGED, Protocol.TCP, TLS_PORT))));
        proxied.names().apply(List.of(charging, looking));
        DrivenAgent charged = start(Profile.SHIPPED);
        DrivenAgent other = proxied.start(Profile.SHIPPED, "looking");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(other.request("asked_tls", "flow", CHARGED, TLS_PORT, CHARGED))
                        .isEqualTo(CHARGED + ":hello"));

        // Also where it has resolved the name itself.
        resolve(charged, CHARGED, PUBLIC);
        assertThat(ask(charged, "CONNECT " + CHARGED + ":" + TLS_PORT + " HTTP/1.1\r\n\r\n"))
                .contains("403 Forbidden", "\"reason\":\"not-served\"", "(NO_PROXY)");
        assertThat(charged.request("asked_tls", "beside", BESIDE, TLS_PORT, BESIDE))
                .as("what only the wildcard has")
                .isEqualTo(BESIDE + ":hello");
        assertThat(charged.request("open_tls", "direct", PUBLIC, TLS_PORT, CHARGED))
                .as("without the proxy, and counted")
                .isEqualTo(CHARGED + ":hello");
    }

    /** The fence charges it before it would hand the agent's own connection over. */
    @Test
    void aBudgetOfAnAddressIsNotGoneAround() throws Exception {
        GroupRuleset looking = Groups.named("looking", List.of(), List.of(SITE_NAME));
        GroupRuleset charging = Groups.budgeted(
                Groups.named("named", List.of(), List.of(SITE_NAME)),
                1 << 20,
                List.of(Groups.allow(PUBLIC + "/32", Protocol.TCP, TLS_PORT, TLS_PORT)));
        proxied.names().apply(List.of(charging, looking));
        DrivenAgent charged = start(Profile.SHIPPED);
        DrivenAgent other = proxied.start(Profile.SHIPPED, "looking");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(other.request("asked_tls", "flow", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
        long before = bytesCharged(charged);

        assertThat(ask(charged, "CONNECT " + SITE + ":" + TLS_PORT + " HTTP/1.1\r\n\r\n"))
                .contains("403 Forbidden", "\"reason\":\"unresolved\"", "(NO_PROXY)");
        assertThat(bytesCharged(charged)).isEqualTo(before);
        assertThat(charged.request("open_tls", "direct", PUBLIC, TLS_PORT, SITE))
                .as("without the proxy, and counted")
                .isEqualTo(SITE + ":hello");
        assertThat(bytesCharged(charged)).isGreaterThan(before);
    }

    private long bytesCharged(DrivenAgent agent) throws SandboxException {
        return proxied.names().budgets().getOrDefault(agent.id(), List.of()).stream()
                .mapToLong(BudgetUse::used)
                .sum();
    }

    /** As a wildcard without tls takes all of its names. */
    @Test
    void whatAWildcardWithoutTlsOpensIsNotServed() throws Exception {
        proxied.names()
                .apply(List.of(
                        Groups.named(
                                "named",
                                List.of(Groups.name("*.example.org", Protocol.TCP, TLS_PORT)),
                                List.of(SITE_NAME)),
                        Groups.named("looking", List.of(), List.of(SITE_NAME))));
        DrivenAgent agent = start(Profile.SHIPPED);
        DrivenAgent other = proxied.start(Profile.SHIPPED, "looking");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(other.request("asked_tls", "flow", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
        assertThat(ask(agent, "CONNECT " + SITE + ":" + TLS_PORT + " HTTP/1.1\r\n\r\n"))
                .contains("403 Forbidden", "\"reason\":\"not-served\"", "(NO_PROXY)");
    }

    /** The agent reaches it itself, by a rule with addresses; the proxy would go there from the host. */
    @Test
    void aPrivateAddressThatARuleReachesIsNotDialled() throws Exception {
        proxied.names()
                .apply(List.of(reaching(
                        Groups.allow(Machine.ALLOWED + "/32", Protocol.TCP, Machine.PORT, Machine.PORT),
                        Groups.allow(Machine.ALLOWED + "/32", Protocol.TCP, TLS_PORT, TLS_PORT))));
        DrivenAgent agent = start(Profile.SHIPPED);
        assertThat(agent.tcp(Machine.ALLOWED, Machine.PORT)).isEqualTo("ok");
        resolve(agent, "private.example.org", Machine.ALLOWED);
        // Where the host would let the proxy go wherever it likes.
        machine.onHost("nft delete table inet " + machine.settings().proxyTable());
        try (Capture arriving = machine.captureAtServers("tcp and host " + Machine.ALLOWED)) {
            assertThat(ask(agent, "CONNECT private.example.org:" + Machine.PORT + " HTTP/1.1\r\n\r\n"))
                    .contains("403 Forbidden", "\"reason\":\"unresolved\"", "(NO_PROXY)");
            awaitVerdict(HttpVerdict.UNRESOLVED);
            // What a name opens can't be noted, and nothing is reached by it, until a repair has put the table back.
            await("at the public one of its addresses")
                    .atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(agent.request("asked_tls", "mixed", MIXED, TLS_PORT, MIXED))
                            .isEqualTo(MIXED + ":hello"));
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** {@link #ALLOWED} with rules about addresses beside. */
    private static GroupRuleset reaching(Allow... egress) {
        return new GroupRuleset(
                ALLOWED.name(),
                RulesetHash.of(
                        List.of(egress),
                        List.of(),
                        ALLOWED.names(),
                        ALLOWED.tlsNames(),
                        ALLOWED.httpNames(),
                        ALLOWED.httpsNames()),
                List.of(egress),
                List.of(),
                ALLOWED.names(),
                ALLOWED.tlsNames(),
                ALLOWED.httpNames(),
                ALLOWED.httpsNames(),
                List.of());
    }

    @Test
    void addressesAreTriedInTurn() throws Exception {
        DrivenAgent agent = start(Profile.SHIPPED);
        assertThat(agent.request("asked_tls", "flow", HALF_DEAD, TLS_PORT, HALF_DEAD))
                .isEqualTo(HALF_DEAD + ":hello");
        assertThat(ask(agent, "CONNECT " + DEAD + ":" + TLS_PORT + " HTTP/1.1\r\n\r\n"))
                .startsWith("HTTP/1.1 502 Bad Gateway")
                .contains("\"reason\":\"unreachable\"", DEAD_ADDRESS + " refuses");
        awaitVerdict(HttpVerdict.UNREACHABLE);
    }

    /** At runtime, as the API server's addresses are: whatever rules say of it, one with all addresses included. */
    @Test
    void anAddressThatIsClosedCutsTunnelsWithinASecond() throws Exception {
        proxied.names().apply(List.of(reaching(Groups.allow("0.0.0.0/0", Protocol.TCP, HTTPS_PORT, HTTPS_PORT))));
        DrivenAgent agent = start(Profile.SHIPPED);
        for (String flow : List.of("flow", "idle")) {
            assertThat(agent.request("asked_tls", flow, SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        }
        resolve(agent, BESIDE, PUBLIC);
        assertThat(agent.request("open_tls", "handed", PUBLIC, TLS_PORT, BESIDE))
                .isEqualTo(BESIDE + ":hello");
        String decrypted = "CONNECT " + SITE + ":" + HTTPS_PORT + " HTTP/1.1\r\n\r\n";

        List<String> never = List.of("203.0.113.0/24", PUBLIC + "/32");
        proxied.names().neverAllow(never);
        await().atMost(Duration.ofSeconds(1)).until(() -> connections().isEmpty());
        awaitVerdict(TlsVerdict.REVOKED);
        for (String flow : List.of("flow", "idle", "handed")) {
            assertThat(agent.request("send_tls", flow)).as(flow).doesNotContain("hello");
        }
        assertThat(machine.onHost("nft list set inet " + machine.settings().proxyTable() + " proxied"))
                .doesNotContain(PUBLIC);
        assertThat(machine.inFence("nft list map inet agentfence intercepted")).doesNotContain(PUBLIC);
        try (Capture arriving = captureAtServers()) {
            for (String text : List.of("CONNECT " + SITE + ":" + TLS_PORT + " HTTP/1.1\r\n\r\n", decrypted)) {
                assertThat(ask(agent, text)).contains("403 Forbidden", "\"reason\":\"unresolved\"");
            }
            assertThat(ask(agent, "GET http://www.example.org/v1/items HTTP/1.1\r\nHost: www.example.org\r\n\r\n"))
                    .contains("403 Forbidden", "\"reason\":\"unresolved\"");
            assertThat(arriving.packets()).isEmpty();
        }
        proxied.names().neverAllow(List.of("203.0.113.0/24"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(agent.request("asked_tls", "again", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
    }

    /** Whatever one agent begins there, another is served. */
    @Test
    void whatAnAgentBeginsThereIsBounded() throws Exception {
        DrivenAgent agent = start(Profile.ALL_CAPABILITIES);
        DrivenAgent other = start(Profile.SHIPPED);
        String address = address(agent);

        assertThat(machine.inFence("cat /proc/sys/net/ipv4/tcp_syncookies")).isEqualTo("1\n");
        long before = proxied.names().deniedPackets(agent.id());
        // Its own kernel answers none of what comes back, so that the beginnings stay what they are, and fill the
        // queue.
        assertThat(agent.request("begin_always", address, PROXY, PROXY_PORT)).isEqualTo("begun");
        await().atMost(PATIENCE)
                .until(() ->
                        Integer.parseInt(machine.inFence("ss -Htn state syn-recv sport = :" + PROXY_PORT + " | wc -l")
                                        .strip())
                                > 480);
        for (int i = 0; i < 20; i++) {
            assertThat(other.request("asked_tls", "flow", SITE, TLS_PORT, SITE))
                    .as("while the other floods, for the %d. time", i)
                    .isEqualTo(SITE + ":hello");
        }
        await().atMost(PATIENCE).until(() -> proxied.names().deniedPackets(agent.id()) > before + 1500);
        assertThat(agent.request("begin_no_more")).isEqualTo("ended");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(agent.request("asked_tls", "own", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));

        assertThat(Integer.parseInt(agent.request("hold", PROXY, PROXY_PORT, 400, 7)))
                .isGreaterThan(50);
        assertThat(machine.inFence("ss -Htn state established src " + PROXY + " sport = :" + PROXY_PORT + " dst "
                                + address)
                        .lines()
                        .count())
                .isLessThanOrEqualTo(256);
        assertThat(other.request("asked_tls", "new", SITE, TLS_PORT, SITE))
                .as("while the other holds what it can have")
                .isEqualTo(SITE + ":hello");
        assertThat(other.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
        agent.request("release");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(agent.request("asked_tls", "again", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
    }

    @Test
    void aNameThatIsTakenBackCutsTunnelsWithinASecond() throws Exception {
        DrivenAgent agent = start(Profile.SHIPPED);
        assertThat(agent.request("asked_tls", "flow", SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        assertThat(agent.request("asked_tls", "idle", SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");

        proxied.apply(Groups.requests("named", List.of(), List.of(BESIDE_NAME), List.of(PLAIN_ITEMS), List.of()));
        await().atMost(Duration.ofSeconds(1)).until(() -> connections().isEmpty());
        awaitVerdict(TlsVerdict.REVOKED);
        for (String flow : List.of("flow", "idle")) {
            assertThat(agent.request("send_tls", flow)).doesNotContain("hello");
        }
        assertThat(agent.request("asked_tls", "new", SITE, TLS_PORT, SITE)).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(ask(agent, "CONNECT " + SITE + ":" + HTTPS_PORT + " HTTP/1.1\r\n\r\n"))
                .contains("403 Forbidden");
        proxied.apply(ALLOWED);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(agent.request("asked_tls", "again", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
    }

    @Test
    void deathOfTheProxyCutsAndOpensNothing() throws Exception {
        DrivenAgent agent = start(Profile.SHIPPED);
        assertThat(agent.request("asked_tls", "flow", SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        proxied.programs().kill();
        assertThat(agent.request("send_tls", "flow")).doesNotContain("hello");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(agent.request("asked_tls", "again", SITE, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
    }

    @Test
    void nothingOfItSurvivesTheAgent() throws Exception {
        DrivenAgent agent = start(Profile.SHIPPED);
        assertThat(agent.request("asked_tls", "flow", SITE, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        proxied.names().detach(agent.id());
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
    }

    /** Its reset comes while the name is looked up, or later: there is a record of what it has asked for. */
    @Test
    void whoGoesIsRecorded() throws Exception {
        DrivenAgent agent = start(Profile.SHIPPED);
        assertThat(agent.request("ask_and_reset", SITE, TLS_PORT)).isEqualTo("reset");
        await().atMost(PATIENCE)
                .until(() -> decisions.stream().anyMatch(each -> each.verdict() == HttpVerdict.INCOMPLETE)
                        || audit.connections().stream().anyMatch(each -> each.verdict() == TlsVerdict.INCOMPLETE));
    }

    /** What the proxy has open to the server of TLS. */
    private String connections() {
        return machine.onHost("ss -Htn state established dport = :" + TLS_PORT);
    }
}
