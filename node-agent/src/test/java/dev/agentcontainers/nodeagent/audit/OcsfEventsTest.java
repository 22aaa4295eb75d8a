package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OcsfEventsTest {
    private final OcsfEvents events = new OcsfEvents("n1", "1.2.3");

    private JsonNode json(String text) throws IOException {
        return new ObjectMapper().readTree(text);
    }

    @Test
    void aDeniedFlow() throws IOException {
        assertThat(json(events.line(Records.denied("a")))).isEqualTo(json("""
                {"class_uid": 4001, "class_name": "Network Activity", "category_uid": 4,
                 "category_name": "Network Activity", "activity_id": 5, "activity_name": "Refuse",
                 "type_uid": 400105, "time": 1767323045000,
                 "metadata": {"version": "1.3.0", "sequence": 1, "profiles": ["security_control"],
                   "product": {"vendor_name": "agentcontainers", "name": "agentcontainers egress fence",
                     "version": "1.2.3"}},
                 "device": {"name": "n1", "type_id": 1},
                 "severity_id": 2, "status_id": 2, "action_id": 2, "action": "Denied",
                 "disposition_id": 2, "disposition": "Blocked",
                 "src_endpoint": {"ip": "100.80.4.2", "port": 40000, "name": "team/a", "instance_uid": "a",
                   "uid": "uid-a"},
                 "dst_endpoint": {"ip": "192.0.2.10", "port": 443},
                 "connection_info": {"protocol_num": 6, "protocol_name": "tcp", "direction_id": 2,
                   "direction": "Outbound"},
                 "policy": {"name": "group", "uid": "hash", "desc": "NetworkPolicy team/web"},
                 "firewall_rule": {"name": "egress", "category": "barrier",
                   "desc": "no rule of the agent's policies allows it"},
                 "status_detail": "no rule of the agent's policies allows it"}
                """));
    }

    @Test
    void aFlowThatHasEnded() throws IOException {
        JsonNode event = json(events.line(new AuditRecord.FlowClosed(
                Records.AT,
                Optional.of(Records.subject("a")),
                Optional.empty(),
                Records.flow(),
                Optional.of(new Traffic(5, 500, 4, 4000)),
                Optional.of(Duration.ofMillis(1500)))));
        assertThat(event.path("type_uid").asInt()).isEqualTo(400102);
        assertThat(event.path("duration").asLong()).isEqualTo(1500);
        assertThat(event.path("start_time").asLong()).isEqualTo(Records.AT.toEpochMilli() - 1500);
        assertThat(event.path("action_id").asInt()).isEqualTo(1);
        assertThat(event.path("traffic")).isEqualTo(json("""
                {"bytes": 4500, "bytes_out": 500, "bytes_in": 4000, "packets": 9, "packets_out": 5, "packets_in": 4}
                """));
        assertThat(event.at("/connection_info/uid").asText()).isEqualTo("f1");
        assertThat(event.at("/dst_endpoint/hostname").asText()).isEqualTo("www.example.org");
        assertThat(event.at("/firewall_rule/name").asText()).isEqualTo("egress www.example.org TCP 443");
    }

    @Test
    void aName() throws IOException {
        JsonNode event = json(events.line(new AuditRecord.NameDecided(
                Records.AT,
                Optional.of(Records.subject("a")),
                "100.80.4.2",
                "www.example.org",
                "A",
                NameVerdict.RESOLVED,
                Optional.of("*.example.org"),
                List.of("192.0.2.10"),
                Duration.ofMillis(12))));
        assertThat(event.path("class_uid").asInt()).isEqualTo(4003);
        assertThat(event.path("type_uid").asInt()).isEqualTo(400306);
        assertThat(event.path("query")).isEqualTo(json("{\"hostname\": \"www.example.org\", \"type\": \"A\"}"));
        assertThat(event.path("answers")).isEqualTo(json("[{\"rdata\": \"192.0.2.10\", \"type\": \"A\"}]"));
        assertThat(event.path("rcode_id").asInt()).isZero();
        assertThat(event.at("/firewall_rule/name").asText()).isEqualTo("*.example.org");
        assertThat(event.at("/dst_endpoint/port").asInt()).isEqualTo(53);
    }

    @Test
    void aConnectionThatMayBeTlsOnly() throws IOException {
        JsonNode passed = json(events.line(tls(TlsVerdict.PASSED, Optional.of("www.example.org"))));
        assertThat(passed.path("type_uid").asInt()).isEqualTo(400106);
        assertThat(passed.path("action_id").asInt()).isEqualTo(1);
        assertThat(passed.at("/tls/sni").asText()).isEqualTo("www.example.org");
        assertThat(passed.at("/dst_endpoint/port").asInt()).isEqualTo(443);
        assertThat(passed.at("/src_endpoint/name").asText()).isEqualTo("team/a");

        JsonNode refused = json(events.line(tls(TlsVerdict.NO_SERVER_NAME, Optional.empty())));
        assertThat(refused.path("type_uid").asInt()).isEqualTo(400105);
        assertThat(refused.path("action_id").asInt()).isEqualTo(2);
        assertThat(refused.has("tls")).isFalse();
        assertThat(refused.at("/firewall_rule/desc").asText()).isEqualTo("no-server-name");

        assertThat(json(events.line(tls(TlsVerdict.REVOKED, Optional.of("www.example.org"))))
                        .path("type_uid")
                        .asInt())
                .isEqualTo(400103);
    }

    private static AuditRecord tls(TlsVerdict verdict, Optional<String> serverName) {
        return new AuditRecord.TlsDecided(
                Records.AT,
                Optional.of(Records.subject("a")),
                "100.80.4.2",
                "192.0.2.10",
                443,
                serverName,
                verdict,
                Duration.ofMillis(3));
    }

    @Test
    void aRequest() throws IOException {
        JsonNode passed = json(events.line(http(HttpVerdict.PASSED, Optional.of("POST"), 201)));
        assertThat(passed.path("class_uid").asInt()).isEqualTo(4002);
        assertThat(passed.path("type_uid").asInt()).isEqualTo(400206);
        assertThat(passed.path("activity_name").asText()).isEqualTo("Post");
        assertThat(passed.path("action_id").asInt()).isEqualTo(1);
        assertThat(passed.path("http_request"))
                .isEqualTo(
                        json(
                                "{\"http_method\": \"POST\", \"url\": {\"scheme\": \"http\", \"port\": 80, \"hostname\": \"www.example.org\", \"path\": \"/v1\"}}"));
        assertThat(passed.at("/http_response/code").asInt()).isEqualTo(201);
        assertThat(passed.path("traffic")).isEqualTo(json("{\"bytes\": 42, \"bytes_out\": 2, \"bytes_in\": 40}"));
        assertThat(passed.at("/src_endpoint/name").asText()).isEqualTo("team/a");

        JsonNode denied = json(events.line(http(HttpVerdict.NO_RULE, Optional.of("PATCH"), 403)));
        assertThat(denied.path("type_uid").asInt()).isEqualTo(400299);
        assertThat(denied.path("action_id").asInt()).isEqualTo(2);
        assertThat(denied.at("/firewall_rule/desc").asText()).isEqualTo("no-rule");

        JsonNode unread = json(events.line(http(HttpVerdict.NOT_HTTP, Optional.empty(), 0)));
        assertThat(unread.has("http_request")).isFalse();
        assertThat(unread.has("http_response")).isFalse();
    }

    /** Whoever reads the record sees which requests became WebSockets, and which only wanted to. */
    @ParameterizedTest
    @CsvSource({"UPGRADED, 101, 1, upgraded", "PASSED, 101, 1, passed", "NO_RULE, 403, 2, no-rule"})
    void aWebSocketIsARequestWithAnUpgrade(HttpVerdict verdict, int status, int action, String description)
            throws IOException {
        JsonNode event = json(events.line(http(verdict, Optional.of("GET"), true, status)));
        assertThat(event.path("class_uid").asInt()).isEqualTo(4002);
        assertThat(event.at("/http_request/http_headers").toString())
                .isEqualTo("[{\"name\":\"Upgrade\",\"value\":\"websocket\"}]");
        assertThat(event.at("/http_request/url/path").asText()).isEqualTo("/v1");
        assertThat(event.at("/http_response/code").asInt()).isEqualTo(status);
        assertThat(event.path("action_id").asInt()).isEqualTo(action);
        assertThat(event.at("/firewall_rule/desc").asText()).isEqualTo(description);
        assertThat(json(events.line(http(verdict, Optional.of("GET"), false, status)))
                        .at("/http_request")
                        .has("http_headers"))
                .isFalse();
    }

    private static AuditRecord http(HttpVerdict verdict, Optional<String> method, int status) {
        return http(verdict, method, false, status);
    }

    private static AuditRecord http(HttpVerdict verdict, Optional<String> method, boolean webSocket, int status) {
        return new AuditRecord.HttpDecided(
                Records.AT,
                Optional.of(Records.subject("a")),
                "100.80.4.2",
                "192.0.2.10",
                80,
                Optional.empty(),
                method,
                method.map(_ -> "www.example.org"),
                method.map(_ -> "/v1"),
                webSocket,
                verdict,
                status,
                2,
                40,
                Duration.ofMillis(3));
    }

    /** What was asked of the proxy, and not served. */
    @Test
    void aTunnelThatIsRefused() throws IOException {
        AuditRecord refused = http(HttpVerdict.NOT_SERVED, Optional.of("CONNECT"), false, 403);
        JsonNode event = json(events.line(refused));

        assertThat(event.at("/http_request/http_method").asText()).isEqualTo("CONNECT");
        assertThat(event.at("/firewall_rule/desc").asText()).isEqualTo("not-served");
        assertThat(event.at("/http_response/code").asInt()).isEqualTo(403);
        assertThat(Denials.inWords(refused))
                .contains(
                        "HTTP to 192.0.2.10:80 (CONNECT www.example.org): the proxy is asked for an address, or for a name"
                                + " that no rule with tls or http allows at that port");
        assertThat(Denials.inWords(http(HttpVerdict.UNRESOLVED, Optional.of("CONNECT"), false, 403)))
                .isPresent();
    }

    @Test
    void aBudgetThatIsUsedUp() throws IOException {
        JsonNode event = json(events.line(new AuditRecord.BudgetUsedUp(
                Records.AT,
                Records.subject("a"),
                new BudgetUse(
                        "EgressPolicy/sites spec.egress[a]", 2048, OptionalLong.of(2048), OptionalLong.empty()))));
        assertThat(event.path("type_uid").asInt()).isEqualTo(400199);
        assertThat(event.path("activity_name").asText()).isEqualTo("Budget used up");
        assertThat(event.path("action_id").asInt()).isEqualTo(OcsfEvents.DENIED);
        assertThat(event.at("/firewall_rule/name").asText()).isEqualTo("EgressPolicy/sites spec.egress[a]");
        assertThat(event.at("/src_endpoint/name").asText()).isEqualTo("team/a");
        assertThat(event.at("/traffic/bytes").asLong()).isEqualTo(2048);
        assertThat(event.path("status_detail").asText())
                .isEqualTo("the budget of 2048 bytes of EgressPolicy/sites spec.egress[a] is used up");
    }

    @Test
    void whatIsMissing() throws IOException {
        JsonNode event = json(events.line(new AuditRecord.Missing(
                Records.AT, Optional.of(Records.subject("a")), 17, "records that were too many are not here")));
        assertThat(event.path("type_uid").asInt()).isEqualTo(400199);
        assertThat(event.path("count").asInt()).isEqualTo(17);
        assertThat(event.at("/src_endpoint/name").asText()).isEqualTo("team/a");
    }
}
