package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.fence.Attack.Barrier;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every attack by a real agent, as users have it and as one with all capabilities and no system call filter. Captures show
 * which barrier held: no packet came to be, or it was sent at the agent's own interface and came out neither of the fence
 * nor at the servers.
 */
@Tag("node")
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AttacksIT {
    private final Map<Profile, DrivenAgent> agents = new EnumMap<>(Profile.class);
    private final Map<Profile, String> addresses = new EnumMap<>(Profile.class);
    private Machine machine;
    private LinuxFence fence;
    private Sandboxes sandboxes;

    @BeforeAll
    void startAgents() throws IOException, SandboxException {
        machine = Machine.create();
        sandboxes = Sandboxes.make();
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        for (Profile profile : Profile.values()) {
            DrivenAgent agent = sandboxes.create(profile);
            addresses.put(
                    profile, fence.attach(agent.id(), agent.network(), "narrow").address());
            agent.start();
            agents.put(profile, agent);
        }
    }

    @AfterAll
    void removeEverything() throws Exception {
        if (sandboxes != null) {
            sandboxes.close();
        }
        if (fence != null) {
            fence.destroy();
        }
        if (machine != null) {
            machine.close();
        }
    }

    static Stream<Arguments> attacks() {
        return Arrays.stream(Profile.values())
                .flatMap(profile -> Attack.all().stream().map(attack -> Arguments.of(profile, attack)));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsAllowedPasses(Profile profile) throws Exception {
        bind(profile, "narrow");
        try (Capture arriving = machine.captureAtServers("tcp dst port 8080 and host " + ALLOWED)) {
            assertThat(agent(profile).tcp(ALLOWED, PORT)).isEqualTo("ok");
            arriving.awaitPacket();
        }
        bind(profile, "wide");
        assertThat(agent(profile).udp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @ParameterizedTest(name = "{1}, {0}")
    @MethodSource("attacks")
    void isStopped(Profile profile, Attack attack) throws Exception {
        bind(profile, attack.wide() ? "wide" : "narrow");
        Attacker agent = agent(profile);
        Barrier barrier = attack.barrier(profile);
        long before = denied(agent);
        try (Capture sent = agent.capture(attack.sent());
                Capture escaped = machine.captureAtUplink(attack.sent());
                Capture arriving = machine.captureAtServers(attack.sent())) {
            String answer = agent.request(request(attack, profile));
            if (barrier != Barrier.SYSTEM_CALL) {
                sent.awaitPacket(answer);
            }
            awaitThatEarlierPacketsHaveHadTheirTime(agent);
            if (barrier == Barrier.SYSTEM_CALL) {
                assertThat(answer).contains("Error");
                assertThat(sent.packets()).isEmpty();
            }
            assertThat(answer).isNotEqualTo("ok");
            assertThat(Stream.concat(escaped.packets().stream(), arriving.packets().stream()))
                    .filteredOn(packet -> !isMarker(packet))
                    .isEmpty();
            if (barrier == Barrier.RULES) {
                assertThat(denied(agent)).isGreaterThan(before);
            }
        }
    }

    private void awaitThatEarlierPacketsHaveHadTheirTime(Attacker agent) throws IOException {
        try (Capture marker = machine.captureAtServers("tcp port 8080 and host " + ALLOWED)) {
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            marker.awaitPacket();
        }
    }

    /** The marker's own packets are the only TCP to the allowed address and port. */
    private static boolean isMarker(String packet) {
        return packet.contains(ALLOWED + ".8080: Flags") || packet.contains("IP " + ALLOWED + ".8080 > ");
    }

    private Object[] request(Attack attack, Profile profile) {
        return Arrays.stream(attack.request())
                .map(part -> part.equals(Attack.OWN) ? addresses.get(profile) : part)
                .toArray();
    }

    private void bind(Profile profile, String group) throws SandboxException {
        DrivenAgent agent = agent(profile);
        fence.attach(agent.id(), agent.network(), group);
    }

    private DrivenAgent agent(Profile profile) {
        return Optional.ofNullable(agents.get(profile)).orElseThrow();
    }

    private long denied(Attacker agent) throws SandboxException {
        return Optional.ofNullable(fence.attachments().get(agent.id()))
                .orElseThrow()
                .deniedPackets();
    }
}
