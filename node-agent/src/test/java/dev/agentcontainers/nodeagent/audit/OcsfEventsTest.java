package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.protocol.names.NameVerdict;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

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
    void whatIsMissing() throws IOException {
        JsonNode event = json(events.line(new AuditRecord.Missing(
                Records.AT, Optional.of(Records.subject("a")), 17, "records that were too many are not here")));
        assertThat(event.path("type_uid").asInt()).isEqualTo(400199);
        assertThat(event.path("count").asInt()).isEqualTo(17);
        assertThat(event.at("/src_endpoint/name").asText()).isEqualTo("team/a");
    }
}
