package dev.agentcontainers.nodeagent.standalone.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.standalone.service.TestService.Client;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections to the service, with runs that are fakes. */
class RunServiceTest {
    private static final String AGENT = """
            {apiVersion: agentcontainers.dev/v1alpha1, kind: AgentContainer, metadata: {name: a},
             spec: {isolation: {className: process}, command: [x], resources: {limits: {cpu: 10m, memory: 1Mi}}}}
            """;

    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(500);

    @TempDir
    private Path folder;

    @Test
    void aRequestIsRunToItsEnd() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(8, 8, LONG));
                Client client = service.connect()) {
            client.request("team-a", AGENT);
            await().until(() -> service.runs().begun().size() == 1);
            client.messages().send(new ClientMessage.Stop());

            assertThat(client.last()).isEqualTo(new ServiceMessage.Ended(0, null, 0));
            assertThat(service.runs()
                            .begun()
                            .getFirst()
                            .objects()
                            .agent()
                            .getMetadata()
                            .getNamespace())
                    .isEqualTo("team-a");
        }
    }

    @Test
    void whoSaysNothingIsToldSoAndGivesHisPlaceBack() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(1, 1, SHORT))) {
            try (Client silent = service.connect()) {
                assertThat(silent.refusal()).contains("no request came within 500 ms");
                assertThat(silent.messages().receive()).isEmpty();
            }
            assertAPlaceIsFree(service);
        }
    }

    @Test
    void theTimeIsThatOfTheWholeMessage() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(1, 1, SHORT))) {
            try (Client slow = service.connect()) {
                slow.channel().write(ByteBuffer.wrap(new byte[] {0, 0, 1, 0, '{'}));

                assertThat(slow.refusal()).contains("no request came within 500 ms");
            }
            assertAPlaceIsFree(service);
        }
    }

    @Test
    void aRunMayLastLongerThanItsRequestMayTake() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(8, 8, Duration.ofSeconds(1)));
                Client client = service.connect();
                Client silent = service.connect()) {
            client.request("team-a", AGENT);
            await().until(() -> service.runs().begun().size() == 1);
            // The time of a connection that was made later is over: so is that of the first.
            assertThat(silent.refusal()).contains("no request came");

            client.messages().send(new ClientMessage.Stop());

            assertThat(client.last()).isEqualTo(new ServiceMessage.Ended(0, null, 0));
        }
    }

    @Test
    void whoComesWhenAllPlacesAreTakenIsToldWhy() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(1, 8, LONG));
                Client first = service.connect()) {
            first.request("team-a", AGENT);
            await().until(() -> service.runs().begun().size() == 1);

            try (Client second = service.connect()) {
                assertThat(second.refusal())
                        .contains("has 1 connections, which is as many as it takes", "try again when");
                assertThat(second.messages().receive()).isEqualTo(Optional.empty());
            }
        }
    }

    @Test
    void aUserWithTooManyConnectionsIsToldWhy() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(8, 1, LONG));
                Client first = service.connect()) {
            first.request("team-a", AGENT);
            await().until(() -> service.runs().begun().size() == 1);

            try (Client second = service.connect()) {
                assertThat(second.refusal())
                        .contains(System.getProperty("user.name") + " has 1 connections")
                        .contains("as many as one user may have", "end some of your runs");
            }
        }
    }

    @Test
    void whatIsNoMessageIsAnswered() throws Exception {
        try (TestService service = TestService.start(folder, new ConnectionLimits(8, 8, LONG));
                Client strange = service.connect();
                Client early = service.connect()) {
            strange.channel().write(ByteBuffer.wrap(new byte[] {0x7f, 0, 0, 0}));
            early.messages().send(new ClientMessage.Stop());

            assertThat(strange.refusal()).contains("at most 8388608 are taken");
            assertThat(early.refusal()).contains("the first message must be run");
        }
    }

    @Test
    void whatBecomesForbiddenLaterIsSoForRunsUnderWayAndForNewOnes() throws Exception {
        List<String> first = List.of("192.0.2.1");
        List<String> all = List.of("192.0.2.1", "192.0.2.2");
        try (TestService service = TestService.start(folder, new ConnectionLimits(8, 8, LONG));
                Client before = service.connect();
                Client after = service.connect()) {
            before.request("team-a", AGENT);
            await().until(() -> service.runs().begun().size() == 1);
            assertThat(service.runs().begun().getFirst().neverAllowed()).isEqualTo(first);

            service.service().neverAllow(all);

            await().until(() -> service.runs().begun().getFirst().neverAllowed(), all::equals);
            after.request("team-a", AGENT);
            await().until(() -> service.runs().begun().size() == 2);
            assertThat(service.runs().begun().getLast().neverAllowed()).isEqualTo(all);
        }
    }

    private static void assertAPlaceIsFree(TestService service) {
        await().untilAsserted(() -> {
            try (Client next = service.connect()) {
                next.request("default", "no: agent");
                assertThat(next.refusal()).contains("can't be part of a standalone run");
            }
        });
    }
}
