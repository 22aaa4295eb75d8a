package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every call into the kernel fails once, at a real kernel. */
@Tag("node")
class FenceFailureIT {
    @Test
    void attachThatFailsAtAnyCallLeavesNothing() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW));
                String before = state(machine);
                int call = 1;
                while (failsAt(call, system, () -> fence.attach(agent.id(), agent.network(), "narrow"))) {
                    assertThat(state(machine)).as("after failure " + call).isEqualTo(before);
                    assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
                    call++;
                }
                assertThat(call).isGreaterThan(8);
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            } finally {
                fence.destroy();
            }
        }
    }

    @Test
    void applicationThatFailsAtAnyCallLeavesTheOldOrTheNewRules() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW, Groups.WIDE));
                fence.attach(agent.id(), agent.network(), "narrow");
                int call = 1;
                GroupRuleset next = Groups.narrowWithNoise(7);
                while (failsAt(call, system, () -> fence.apply(List.of(next)))) {
                    assertThat(agent.tcp(ALLOWED, PORT))
                            .as("after failure " + call)
                            .isEqualTo("ok");
                    assertThat(agent.tcp(Machine.DENIED, PORT)).contains("No route to host");
                    call++;
                }
                assertThat(call).isGreaterThan(8);
                assertThat(machine.inFence("nft list sets").lines().filter(line -> line.contains("a4_")))
                        .hasSize(1);
            } finally {
                fence.destroy();
            }
        }
    }

    @Test
    void openingThatFailsAtAnyCallCanBeRepeatedOrDestroyed() throws Exception {
        try (Machine machine = Machine.create()) {
            String before = machine.onHost("nft list ruleset; ip -o link | cut -d: -f2; ip route");
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            int call = 1;
            while (failsAt(call, system, () -> fence.open(Machine.fenceSettings()))) {
                if (call % 2 == 0) {
                    fence.destroy();
                    assertThat(machine.onHost("nft list ruleset; ip -o link | cut -d: -f2; ip route"))
                            .as("after failure " + call)
                            .isEqualTo(before);
                }
                call++;
            }
            assertThat(call).isGreaterThan(8);
            fence.destroy();
        }
    }

    private interface Action {
        void run() throws SandboxException;
    }

    private static boolean failsAt(int call, FailingSystem system, Action action) {
        system.failAt(call);
        try {
            action.run();
            return false;
        } catch (SandboxException e) {
            assertThat(e).hasMessageContaining("made to fail");
            assertThat(e.step()).isEqualTo(Step.FENCE);
            assertThat(e.kind()).isEqualTo(Kind.TRANSIENT);
            return true;
        } finally {
            system.failAt(0);
        }
    }

    private static String state(Machine machine) throws IOException {
        return machine.inFence("nft list ruleset; ip -o link | cut -d: -f2; ip route; ip neigh");
    }
}
