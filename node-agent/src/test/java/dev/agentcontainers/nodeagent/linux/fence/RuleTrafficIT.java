package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditedFence;
import dev.agentcontainers.nodeagent.audit.RuleTraffic;
import dev.agentcontainers.nodeagent.fence.FlowTraffic;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What passes is counted by rule as the server's own kernel counts it, and goes the way that it goes without being counted. */
@Tag("node")
class RuleTrafficIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    /** What goes on is counted each ten seconds. */
    private static final Duration NEXT_ROUND = Duration.ofSeconds(25);

    private static final String RULE = "EgressPolicy/sites spec.egress[web]";
    private static final String OTHER = "inline/other spec.network.egress[other]";
    private static final GroupRuleset RULES = new GroupRuleset(
            "narrow",
            Groups.NARROW.hash(),
            Groups.NARROW.egress(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(
                    new AllowingRule(RULE, null, Groups.at(ALLOWED, PORT), null),
                    new AllowingRule(OTHER, null, Groups.NARROW.egress(), null)));

    private final AuditTrail trail = AuditTrail.watched("node", "test", Clock.systemUTC());
    private Machine machine;
    private LinuxFence kernel;
    private AuditedFence fence;
    private HostileAgent agent;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        kernel = machine.fence();
        fence = new AuditedFence(kernel, trail, _ -> Optional.of(new AuditSubject.Agent("team", "agent", "uid")));
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(RULES));
        agent = machine.agent();
        fence.attach(agent.id(), agent.network(), "narrow");
        machine.onServers("nft add table ip count; nft add chain ip count in '{ type filter hook input priority 0; }';"
                + " nft add chain ip count out '{ type filter hook output priority 0; }';"
                + " nft add rule ip count in ip saddr " + HOST + " counter;"
                + " nft add rule ip count out ip daddr " + HOST + " counter");
    }

    @AfterEach
    void destroyFence() throws Exception {
        if (machine != null) {
            agent.close();
            fence.destroy();
            machine.close();
        }
        trail.close();
    }

    private Map<String, RuleTraffic> rules() {
        return trail.counts(agent.id()).map(AuditCounts::rules).orElse(Map.of());
    }

    private String counter(String chain) {
        return machine.onServers("nft list chain ip count " + chain + " | grep -o 'packets [0-9]* bytes [0-9]*'")
                .strip();
    }

    private void assertCountedAsTheServerDid(int flows) {
        assertThat(rules()).containsOnlyKeys(RULE);
        RuleTraffic counted = Objects.requireNonNull(rules().get(RULE));
        assertThat(counted.flows()).isEqualTo(flows);
        assertThat("packets %d bytes %d"
                        .formatted(
                                counted.traffic().packetsSent(),
                                counted.traffic().bytesSent()))
                .isEqualTo(counter("in"));
        assertThat("packets %d bytes %d"
                        .formatted(
                                counted.traffic().packetsReceived(),
                                counted.traffic().bytesReceived()))
                .isEqualTo(counter("out"));
    }

    @Test
    void whatEndedIsCountedToTheByte() {
        for (int i = 0; i < 5; i++) {
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        }
        await().atMost(SOON).untilAsserted(() -> assertCountedAsTheServerDid(5));
    }

    @Test
    void whatGoesOnIsCountedMeanwhileAndAfterAnotherNodeAgentCameNotTwice() throws Exception {
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        await().atMost(NEXT_ROUND).untilAsserted(() -> assertCountedAsTheServerDid(1));
        assertThat(kernel.traffic()).extracting(FlowTraffic::over).containsExactly(false);

        kernel.close();
        try (AuditTrail next = AuditTrail.watched("node", "test", Clock.systemUTC())) {
            AuditedFence again =
                    new AuditedFence(kernel, next, _ -> Optional.of(new AuditSubject.Agent("team", "agent", "uid")));
            again.open(Machine.fenceSettings());
            again.apply(List.of(RULES));
            again.detach(agent.id());
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(kernel.traffic()).isEmpty());
            assertThat(next.counts(agent.id())
                            .map(AuditCounts::rules)
                            .orElse(Map.of())
                            .values())
                    .allSatisfy(counted -> assertThat(counted.bytes()).isZero());
        }
    }
}
