package dev.agentcontainers.cli.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.cli.record.RecordedEvent.Outcome;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** Reads lines of the record: events of the Open Cybersecurity Schema Framework, as node agents write them. */
final class EventReader {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String VENDOR = "agentcontainers";
    private static final int NETWORK = 4001;
    private static final int HTTP = 4002;
    private static final int DNS = 4003;
    private static final int OPEN = 1;
    private static final int CLOSE = 2;
    private static final int REFUSE = 5;
    private static final int UNRECORDED = 99;

    private EventReader() {}

    /** Empty where the line is no event. */
    static Optional<RecordedEvent> read(String line) {
        try {
            JsonNode event = JSON.readTree(line);
            return event.path("time").isIntegralNumber()
                            && event.path("class_uid").isIntegralNumber()
                    ? Optional.of(
                            read(event, Instant.ofEpochMilli(event.path("time").asLong())))
                    : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static RecordedEvent read(JsonNode event, Instant at) {
        if (!event.at("/metadata/product/vendor_name").asText(VENDOR).equals(VENDOR)) {
            return new RecordedEvent.Other(at);
        }
        return switch (event.path("class_uid").asInt()) {
            case NETWORK -> network(event, at);
            case DNS -> question(event, at);
            case HTTP ->
                new RecordedEvent.Request(
                        at,
                        agent(event, "src_endpoint"),
                        event.at("/dst_endpoint/ip").asText(),
                        event.at("/dst_endpoint/port").asInt());
            default -> new RecordedEvent.Other(at);
        };
    }

    private static RecordedEvent network(JsonNode event, Instant at) {
        if (event.at("/firewall_rule/category").asText().equals("tls")) {
            return look(event, at);
        }
        return switch (event.path("activity_id").asInt()) {
            case OPEN -> connection(event, at, Outcome.BEGAN);
            case CLOSE -> connection(event, at, Outcome.ENDED);
            case REFUSE -> connection(event, at, Outcome.DENIED);
            case UNRECORDED ->
                new RecordedEvent.Missing(
                        at, agent(event, "src_endpoint"), event.path("count").asLong());
            default -> new RecordedEvent.Other(at);
        };
    }

    private static RecordedEvent connection(JsonNode event, Instant at, Outcome outcome) {
        Optional<AgentName> source = agent(event, "src_endpoint");
        return new RecordedEvent.Connection(
                at,
                outcome,
                event.at("/connection_info/uid").asText(),
                new RecordedFlow(
                        source,
                        source.isPresent() ? "" : event.at("/src_endpoint/ip").asText(),
                        agent(event, "dst_endpoint"),
                        event.at("/dst_endpoint/ip").asText(),
                        text(event.at("/dst_endpoint/hostname")),
                        event.at("/connection_info/protocol_num").asInt(),
                        event.at("/dst_endpoint/port").asInt()),
                outcome == Outcome.DENIED ? event.at("/firewall_rule/name").asText() : "",
                event.at("/traffic/bytes_out").asLong(),
                event.at("/traffic/bytes_in").asLong());
    }

    private static RecordedEvent question(JsonNode event, Instant at) {
        Optional<AgentName> agent = agent(event, "src_endpoint");
        return new RecordedEvent.Question(
                at,
                agent,
                new RecordedQuestion(
                        agent.orElse(new AgentName("", "")),
                        event.at("/query/hostname").asText(),
                        event.at("/firewall_rule/desc").asText()),
                answers(event));
    }

    private static List<String> answers(JsonNode event) {
        return StreamSupport.stream(event.path("answers").spliterator(), false)
                .map(answer -> answer.path("rdata").asText())
                .toList();
    }

    private static RecordedEvent look(JsonNode event, Instant at) {
        Optional<AgentName> agent = agent(event, "src_endpoint");
        return new RecordedEvent.Look(
                at,
                agent,
                new RecordedLook(
                        agent.orElse(new AgentName("", "")),
                        event.at("/dst_endpoint/ip").asText(),
                        event.at("/dst_endpoint/port").asInt(),
                        text(event.at("/tls/sni")),
                        event.at("/firewall_rule/desc").asText()));
    }

    private static Optional<AgentName> agent(JsonNode event, String endpoint) {
        return AgentName.parse(event.path(endpoint).path("name").asText());
    }

    private static Optional<String> text(JsonNode value) {
        return value.isTextual() && !value.asText().isEmpty() ? Optional.of(value.asText()) : Optional.empty();
    }
}
