package dev.agentcontainers.operator.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.operator.testing.Agents;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes over the wire for an Event. */
@NullUnmarked
class EventPublisherTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<JsonNode> created = new CopyOnWriteArrayList<>();
    private final List<JsonNode> counted = new CopyOnWriteArrayList<>();
    private final MovableClock clock = new MovableClock();
    private HttpServer server;
    private KubernetesClient client;
    private EventPublisher publisher;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(Config.empty())
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                        .build())
                .build();
        publisher = new EventPublisher(client, clock);
    }

    @AfterEach
    void close() {
        publisher.close();
        client.close();
        server.stop(0);
    }

    @ParameterizedTest
    @EnumSource(EventReason.class)
    void everyReasonIsPublishedWithItsType(EventReason reason) {
        publisher.publish(agent(), reason, "what happened");

        await().until(() -> created.size() == 1);
        JsonNode event = created.getFirst();
        assertThat(event.path("reason").asText()).isEqualTo(reason.name());
        assertThat(event.path("type").asText()).isEqualTo(reason.type().name());
        assertThat(event.path("message").asText()).isEqualTo("what happened");
        assertThat(event.path("count").asInt()).isEqualTo(1);
        assertThat(event.at("/involvedObject/kind").asText()).isEqualTo("AgentContainer");
        assertThat(event.at("/involvedObject/name").asText()).isEqualTo("told");
        assertThat(event.at("/involvedObject/namespace").asText()).isEqualTo("team");
        assertThat(event.at("/involvedObject/uid").asText()).isEqualTo("uid");
        assertThat(event.at("/source/component").asText()).isEqualTo("agentcontainers-operator");
    }

    @Test
    void theSameNewsIsOneEventThatCountsAndIsWrittenOnceAMinuteAtMost() {
        publisher.publish(agent(), EventReason.FailedScheduling, "no room");
        publisher.publish(agent(), EventReason.FailedScheduling, "no room");
        awaitAllPublished();
        assertThat(created).hasSize(2);
        assertThat(counted).isEmpty();

        clock.pass(Duration.ofSeconds(61));
        publisher.publish(agent(), EventReason.FailedScheduling, "no room");
        publisher.publish(agent(), EventReason.FailedScheduling, "no room");
        awaitAllPublished();

        assertThat(counted)
                .singleElement()
                .satisfies(event -> assertThat(event.path("count").asInt()).isEqualTo(3));
    }

    /** Events are written one after the other: when the last is there, all are. */
    private void awaitAllPublished() {
        String last = UUID.randomUUID().toString();
        publisher.publish(agent(), EventReason.Started, last);
        await().until(() -> created.stream()
                .anyMatch(event -> event.path("message").asText().equals(last)));
    }

    @Test
    void otherNewsIsAnEventOfItsOwn() {
        publisher.publish(agent(), EventReason.FailedScheduling, "no room");
        publisher.publish(agent(), EventReason.FailedScheduling, "no node");
        publisher.publish(agent(), EventReason.Scheduled, "no node");

        await().until(() -> created.size() == 3);
    }

    @Test
    void aLongMessageIsShortenedToWhatAnEventHolds() {
        publisher.publish(agent(), EventReason.AgentFailed, "x".repeat(5000));

        await().until(() -> created.size() == 1);
        assertThat(created.getFirst().path("message").asText()).hasSize(1024).endsWith("…");
    }

    private static AgentContainer agent() {
        AgentContainer agent = Agents.parse("team", "told", Agents.SMALL);
        agent.getMetadata().setUid("uid");
        return agent;
    }

    private void answer(HttpExchange exchange) throws IOException {
        ObjectNode event = (ObjectNode) JSON.readTree(exchange.getRequestBody());
        boolean isNew = exchange.getRequestMethod().equals("POST");
        ObjectNode metadata = (ObjectNode) event.get("metadata");
        metadata.put("name", "told.1").put("resourceVersion", "1");
        byte[] body = JSON.writeValueAsBytes(event);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(isNew ? 201 : 200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
        if (isNew) {
            created.add(event);
        } else if (exchange.getRequestMethod().equals("PUT")) {
            counted.add(event);
        }
    }

    private static final class MovableClock extends Clock {
        private volatile Instant now = Instant.parse("2026-11-25T12:00:00Z");

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
