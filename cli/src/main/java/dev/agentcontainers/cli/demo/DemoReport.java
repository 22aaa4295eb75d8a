package dev.agentcontainers.cli.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;

/**
 * What the quick start's agent said of itself: its output, one JSON object in each line. Lines that are none are left
 * out.
 */
record DemoReport(List<JsonNode> events) {
    static DemoReport of(String output) {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> events = new ArrayList<>();
        for (String line : output.split("\n")) {
            try {
                JsonNode event = json.readTree(line);
                if (event != null && event.has("event")) {
                    events.add(event);
                }
            } catch (JsonProcessingException e) {
                // The agent's interpreter may print warnings of its own.
                continue;
            }
        }
        return new DemoReport(List.copyOf(events));
    }

    /** The calls to the service of that name, in order. */
    List<Call> calls(String service) {
        return events.stream()
                .filter(event -> event.path("event").asText().equals("call"))
                .filter(event -> event.path("service").asText().equals(service))
                .map(event -> new Call(
                        event.path("url").asText(),
                        event.path("result").asText().equals("answered"),
                        event.has("answer")
                                ? event.path("answer").toString()
                                : event.path("error").asText(),
                        event.path("milliseconds").asDouble()))
                .toList();
    }

    boolean finished() {
        return events.stream().anyMatch(event -> event.path("event").asText().equals("finished"));
    }

    /**
     * A call of the agent to a service.
     *
     * @param outcome the answer, or the error that the agent saw
     */
    record Call(String url, boolean answered, String outcome, double milliseconds) {}
}
