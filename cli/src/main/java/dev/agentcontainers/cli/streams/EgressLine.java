package dev.agentcontainers.cli.streams;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.Printable;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * An event of an agent's egress as a line for people: time, verdict, protocol, the other side, and why. What agents had a
 * say in never moves a terminal's cursor.
 *
 * @param agent {@code namespace/name} of the one that is watched
 */
record EgressLine(String agent, ZoneId zone) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);
    private static final int HTTP = 4002;
    private static final int DNS = 4003;
    private static final int OPEN = 1;
    private static final int CLOSE = 2;
    private static final int REFUSE = 5;
    private static final int DENIED = 2;

    String of(String line) {
        try {
            return Printable.text(of(JSON.readTree(line)));
        } catch (JsonProcessingException e) {
            return Printable.text(line);
        }
    }

    private String of(JsonNode event) {
        String time =
                TIME.format(Instant.ofEpochMilli(event.path("time").asLong()).atZone(zone));
        if (event.path("class_uid").asInt() == DNS) {
            return "%s  %-7s  %-4s  %s  %s".formatted(time, verdict(event), "DNS", name(event), why(event));
        }
        if (event.path("class_uid").asInt() == HTTP) {
            return "%s  %-7s  %-4s  %s%s  %s"
                    .formatted(time, verdict(event), "HTTP", otherSide(event), request(event), answer(event));
        }
        if (text(event, "/firewall_rule/category").equals("tls")) {
            return "%s  %-7s  %-4s  %s%s  %s"
                    .formatted(
                            time,
                            verdict(event),
                            "TLS",
                            otherSide(event),
                            event.at("/tls/sni").isMissingNode() ? "" : " for " + text(event, "/tls/sni"),
                            text(event, "/status_detail"));
        }
        if (text(event, "/firewall_rule/category").equals("budget")) {
            return "%s  %-7s  %s".formatted(time, "used up", text(event, "/status_detail"));
        }
        return switch (event.path("activity_id").asInt()) {
            case OPEN, REFUSE ->
                "%s  %-7s  %-4s  %s  %s".formatted(time, verdict(event), protocol(event), otherSide(event), why(event));
            case CLOSE ->
                "%s  %-7s  %-4s  %s  %s".formatted(time, "closed", protocol(event), otherSide(event), traffic(event));
            default -> "%s  %-7s  %s%s".formatted(time, "missing", count(event), text(event, "/status_detail"));
        };
    }

    /** Empty where none could be read. */
    private static String request(JsonNode event) {
        return event.path("http_request").isMissingNode()
                ? ""
                : "  %s %s://%s%s%s"
                        .formatted(
                                text(event, "/http_request/http_method"),
                                event.at("/http_request/url/scheme").asText("http"),
                                text(event, "/http_request/url/hostname"),
                                text(event, "/http_request/url/path"),
                                text(event, "/http_request/http_headers/0/name").equals("Upgrade")
                                        ? " (WebSocket)"
                                        : "");
    }

    private static String answer(JsonNode event) {
        String detail = text(event, "/status_detail");
        return event.path("action_id").asInt() != DENIED
                        && event.at("/http_response/code").asInt() > 0
                ? "%s, %s".formatted(text(event, "/http_response/code"), traffic(event))
                : detail;
    }

    private static String verdict(JsonNode event) {
        return event.path("action_id").asInt() == DENIED ? "denied" : "allowed";
    }

    private static String protocol(JsonNode event) {
        return text(event, "/connection_info/protocol_name").toUpperCase(Locale.ROOT);
    }

    private String otherSide(JsonNode event) {
        boolean toIt = text(event, "/dst_endpoint/name").equals(agent)
                && !text(event, "/src_endpoint/name").equals(agent);
        return toIt
                ? "from %s to its port %s"
                        .formatted(endpoint(event.path("src_endpoint")), text(event, "/dst_endpoint/port"))
                : endpoint(event.path("dst_endpoint"));
    }

    private static String endpoint(JsonNode endpoint) {
        List<String> names = new ArrayList<>();
        if (endpoint.hasNonNull("hostname")) {
            names.add(endpoint.path("hostname").asText());
        }
        if (endpoint.hasNonNull("name")) {
            names.add(endpoint.path("name").asText());
        }
        String address = endpoint.path("ip").asText();
        String port = endpoint.hasNonNull("port") ? ":" + endpoint.path("port").asText() : "";
        return (address.contains(":") && !port.isEmpty() ? "[" + address + "]" : address)
                + port
                + (names.isEmpty() ? "" : " (" + String.join(", ", names) + ")");
    }

    private static String name(JsonNode event) {
        String answers = StreamSupport.stream(event.path("answers").spliterator(), false)
                .map(answer -> answer.path("rdata").asText())
                .collect(Collectors.joining(" "));
        return text(event, "/query/hostname")
                + " "
                + text(event, "/query/type")
                + (answers.isEmpty() ? "" : " = " + answers);
    }

    private static String why(JsonNode event) {
        String rule = text(event, "/firewall_rule/name");
        String detail = text(event, "/status_detail");
        boolean allowedByRule = event.path("action_id").asInt() != DENIED && !rule.isEmpty() && !rule.equals("none");
        if (allowedByRule) {
            String source = text(event, "/firewall_rule/uid");
            return "by " + rule + (source.isEmpty() ? "" : " (" + source + ")");
        }
        return detail.isEmpty() ? "by a rule that has changed since" : detail;
    }

    private static String traffic(JsonNode event) {
        if (!event.hasNonNull("traffic")) {
            return "not counted";
        }
        String sizes = "%s sent, %s received"
                .formatted(
                        ByteCount.text(event.at("/traffic/bytes_out").asLong()),
                        ByteCount.text(event.at("/traffic/bytes_in").asLong()));
        return event.hasNonNull("duration")
                ? sizes
                        + String.format(
                                Locale.ROOT,
                                " in %.1f s",
                                event.path("duration").asLong() / 1000.0)
                : sizes;
    }

    private static String count(JsonNode event) {
        return event.hasNonNull("count") ? event.path("count").asText() + ": " : "";
    }

    private static String text(JsonNode event, String pointer) {
        return event.at(pointer).asText("");
    }
}
