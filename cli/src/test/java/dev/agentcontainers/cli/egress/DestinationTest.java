package dev.agentcontainers.cli.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationTest {
    @ParameterizedTest
    @CsvSource({
        "10.20.0.7:8080,               10.20.0.7,       8080, TCP",
        "10.20.0.7,                    10.20.0.7,       443,  TCP",
        "10.20.0.7/udp,                10.20.0.7,       443,  UDP",
        "10.20.0.7:53/UDP,             10.20.0.7,       53,   UDP",
        "[2001:db8::7]:53/SCTP,        2001:db8::7,     53,   SCTP",
        "[2001:db8::7],                2001:db8::7,     443,  TCP",
        "2001:db8::7,                  2001:db8::7,     443,  TCP",
        "api.example.com,              api.example.com, 443,  TCP",
        "api.example.com:8443,         api.example.com, 8443, TCP",
        "ac/store,                     ac/store,        443,  TCP",
        "ac/team-b/store:9000,         ac/team-b/store, 9000, TCP",
        "pod/team-b/store:9000/UDP,    pod/team-b/store, 9000, UDP"
    })
    void isRead(String text, String host, int port, Protocol protocol) {
        assertThat(Destination.parse(text)).isEqualTo(new Destination(host, port, protocol));
    }

    @ParameterizedTest
    @CsvSource({
        "http://api.example.com,                 api.example.com, 80,   /",
        "https://api.example.com,                api.example.com, 443,  /",
        "https://api.example.com:8443/v1,        api.example.com, 8443, /v1",
        "http://API.example.com./v1/items?q=/..,  api.example.com, 80,   /v1/items",
        "http://api.example.com:8080/a%62c/,      api.example.com, 8080, /abc/",
    })
    void aRequestIsRead(String text, String host, int port, String path) {
        assertThat(Destination.parse(text, "PUT"))
                .isEqualTo(new Destination(
                        host, port, Protocol.TCP, new HttpRequest("PUT", host, path, text.startsWith("https"))));
    }

    @ParameterizedTest
    @CsvSource({
        "ws://api.example.com,               api.example.com, 80,   /",
        "wss://api.example.com/v1/stream?a=b, api.example.com, 443,  /v1/stream",
        "wss://api.example.com:8443/v1,      api.example.com, 8443, /v1",
    })
    void aWebSocketIsRead(String text, String host, int port, String path) {
        assertThat(Destination.parse(text, "GET"))
                .isEqualTo(new Destination(
                        host, port, Protocol.TCP, new HttpRequest("GET", host, path, text.startsWith("wss"), true)));
        assertThatThrownBy(() -> Destination.parse(text, "POST"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("begins with a GET");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ws://",
                "wss:///v1",
                "ws://10.0.0.1/",
                "wss://api.example.com/a/../b",
                "http://",
                "http:///v1",
                "http://10.0.0.1/",
                "http://a@api.example.com/",
                "http://api.example.com:0/",
                "http://api.example.com/a/../b",
                "http://api.example.com/%2e%2e",
                "https://api.example.com/a/../b"
            })
    void whatIsNoRequestThatRulesAreAboutIsRefused(String text) {
        assertThatThrownBy(() -> Destination.parse(text, "GET"))
                .isInstanceOfSatisfying(
                        UserException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":80",
                "10.20.0.7:",
                "10.20.0.7:0",
                "10.20.0.7:65536",
                "10.20.0.7:http",
                "[2001:db8::7",
                "[]:80",
                "[::1]80",
                "[::1]:"
            })
    void whatIsNoneIsRefusedWithExamples(String text) {
        assertThatThrownBy(() -> Destination.parse(text))
                .isInstanceOfSatisfying(
                        UserException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(2))
                .hasMessageContaining("'" + text + "'")
                .hasMessageContaining("10.20.0.7:8080");
    }

    @ParameterizedTest
    @ValueSource(strings = {"167772160", "10.20.7", "10.20.0.07", "10.20.0.0/16", "svc/store", "fe80::1%eth0"})
    void whatLooksLikeAnotherAddressToSomebodyElseIsRefused(String text) {
        assertThatThrownBy(() -> Destination.parse(text).in(Endpoints.NONE, "default"))
                .isInstanceOf(UserException.class);
    }

    /** It has letters: a name, which no rule of addresses is about. */
    @Test
    void aHexadecimalAddressIsAName() {
        assertThat(Destination.parse("0x0a140007").in(Endpoints.NONE, "default"))
                .isEqualTo(Party.named("0x0a140007"));
    }
}
