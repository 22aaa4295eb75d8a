package dev.agentcontainers.cli.streams;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class EgressLineTest {
    private final EgressLine line = new EgressLine("team/coder", ZoneOffset.UTC);

    private String of(String json) {
        return line.of(json.replace('\'', '"'));
    }

    @Test
    void aDeniedFlow() {
        assertThat(of("{'class_uid': 4001, 'activity_id': 5, 'action_id': 2, 'time': 1767323045123,"
                        + " 'connection_info': {'protocol_name': 'tcp'}, 'src_endpoint': {'name': 'team/coder'},"
                        + " 'dst_endpoint': {'ip': '192.0.2.10', 'port': 443}, 'firewall_rule': {'name': 'egress'},"
                        + " 'status_detail': 'no rule allows it'}"))
                .isEqualTo("03:04:05.123  denied   TCP   192.0.2.10:443  no rule allows it");
    }

    @Test
    void aFlowThatIsAllowedAndItsEnd() {
        String ends = " 'time': 1767323045123, 'connection_info': {'protocol_name': 'tcp'},"
                + " 'src_endpoint': {'name': 'team/coder'},"
                + " 'dst_endpoint': {'ip': '192.0.2.10', 'port': 443, 'hostname': 'www.example.org'}";
        assertThat(of("{'class_uid': 4001, 'activity_id': 1, 'action_id': 1, 'firewall_rule':"
                        + " {'name': 'egress *.example.org TCP 443'}," + ends + "}"))
                .isEqualTo("03:04:05.123  allowed  TCP   192.0.2.10:443 (www.example.org)"
                        + "  by egress *.example.org TCP 443");
        assertThat(of("{'class_uid': 4001, 'activity_id': 2, 'action_id': 1, 'duration': 1250,"
                        + " 'traffic': {'bytes_out': 900, 'bytes_in': 5242880}," + ends + "}"))
                .isEqualTo("03:04:05.123  closed   TCP   192.0.2.10:443 (www.example.org)"
                        + "  900 B sent, 5.0 MiB received in 1.3 s");
    }

    @Test
    void aFlowToTheAgent() {
        assertThat(of("{'class_uid': 4001, 'activity_id': 1, 'action_id': 1, 'time': 0,"
                        + " 'connection_info': {'protocol_name': 'udp'},"
                        + " 'src_endpoint': {'ip': '100.80.0.9', 'port': 5000, 'name': 'team/other'},"
                        + " 'dst_endpoint': {'ip': '100.80.0.2', 'port': 80, 'name': 'team/coder'}}"))
                .isEqualTo("00:00:00.000  allowed  UDP   from 100.80.0.9:5000 (team/other) to its port 80"
                        + "  by a rule that has changed since");
    }

    @Test
    void names() {
        assertThat(of("{'class_uid': 4003, 'activity_id': 6, 'action_id': 1, 'time': 0,"
                        + " 'query': {'hostname': 'www.example.org', 'type': 'A'},"
                        + " 'answers': [{'rdata': '192.0.2.10'}, {'rdata': '192.0.2.11'}],"
                        + " 'firewall_rule': {'name': '*.example.org'}}"))
                .isEqualTo("00:00:00.000  allowed  DNS   www.example.org A = 192.0.2.10 192.0.2.11  by *.example.org");
        assertThat(of("{'class_uid': 4003, 'activity_id': 6, 'action_id': 2, 'time': 0,"
                        + " 'query': {'hostname': 'x.test', 'type': 'TXT'}, 'firewall_rule': {'name': 'none'},"
                        + " 'status_detail': 'no rule allows the name'}"))
                .isEqualTo("00:00:00.000  denied   DNS   x.test TXT  no rule allows the name");
    }

    @Test
    void connectionsThatMayBeTlsOnly() {
        assertThat(of("{'class_uid': 4001, 'activity_id': 5, 'action_id': 2, 'time': 0,"
                        + " 'dst_endpoint': {'ip': '192.0.2.10', 'port': 443}, 'tls': {'sni': 'evil.test'},"
                        + " 'firewall_rule': {'name': 'tls', 'category': 'tls'},"
                        + " 'status_detail': 'its ClientHello names a server that no rule allows at this address'}"))
                .isEqualTo("00:00:00.000  denied   TLS   192.0.2.10:443 for evil.test"
                        + "  its ClientHello names a server that no rule allows at this address");
    }

    @Test
    void requests() {
        String request =
                " 'time': 0, 'dst_endpoint': {'ip': '192.0.2.10', 'port': 80}, 'http_request': {'http_method': 'GET',"
                        + " 'url': {'hostname': 'www.example.org', 'path': '/v1/items'}}";
        assertThat(of("{'class_uid': 4002, 'activity_id': 3, 'action_id': 1, 'http_response': {'code': 200},"
                        + " 'traffic': {'bytes_out': 0, 'bytes_in': 2048}," + request + "}"))
                .isEqualTo("00:00:00.000  allowed  HTTP  192.0.2.10:80  GET http://www.example.org/v1/items"
                        + "  200, 0 B sent, 2.0 KiB received");
        assertThat(of("{'class_uid': 4002, 'activity_id': 3, 'action_id': 2, 'http_response': {'code': 403},"
                        + " 'status_detail': 'no rule allows its method and path'," + request + "}"))
                .isEqualTo("00:00:00.000  denied   HTTP  192.0.2.10:80  GET http://www.example.org/v1/items"
                        + "  no rule allows its method and path");
        assertThat(of("{'class_uid': 4002, 'activity_id': 3, 'action_id': 1, 'http_response': {'code': 101},"
                        + " 'traffic': {'bytes_out': 0, 'bytes_in': 0},"
                        + request.replace("'url'", "'http_headers': [{'name': 'Upgrade', 'value': 'websocket'}], 'url'")
                        + "}"))
                .isEqualTo("00:00:00.000  allowed  HTTP  192.0.2.10:80  GET http://www.example.org/v1/items (WebSocket)"
                        + "  101, 0 B sent, 0 B received");
    }

    @Test
    void whatIsMissing() {
        assertThat(of("{'class_uid': 4001, 'activity_id': 99, 'time': 0, 'count': 17, 'status_detail': 'too many'}"))
                .isEqualTo("00:00:00.000  missing  17: too many");
    }

    @Test
    void nothingMovesTheCursor() {
        assertThat(of("{'class_uid': 4003, 'activity_id': 6, 'action_id': 2, 'time': 0,"
                        + " 'query': {'hostname': 'a\\u001b[2Jb', 'type': 'A'}}"))
                .doesNotContain("\u001b");
        assertThat(line.of("no \u001b json")).isEqualTo("no ? json");
    }
}
