package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    void rulesComeBeforeTheInterface() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW));
                int before = system.actions().size();
                fence.attach(agent.id(), agent.network(), "narrow");

                List<String> actions = system.actions();
                assertThat(actions.subList(before, actions.size()))
                        .containsSubsequence(
                                "add to the set sources",
                                "map to the chain g_narrow",
                                "add to the set denied",
                                "commit the nftables transaction",
                                "make the interface pair " + Names.agentInterface(agent.id()) + ", eth0",
                                "bring up the interface eth0");
            } finally {
                fence.destroy();
            }
        }
    }

    @Test
    void deathAtAnyCallOfAttachIsClearedUpByTheNextProcess() throws Exception {
        try (Machine machine = Machine.create()) {
            LinuxFence successor = machine.fence();
            try (HostileAgent agent = machine.agent()) {
                successor.open(Machine.fenceSettings());
                successor.apply(List.of(Groups.NARROW));
                String before = state(machine);
                int call = 1;
                while (diesAt(call, machine, agent)) {
                    successor.open(Machine.fenceSettings());
                    if (successor.attachments().isEmpty()) {
                        assertThat(state(machine)).as("after death " + call).isEqualTo(before);
                        assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
                    } else {
                        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                        successor.detach(agent.id());
                    }
                    call++;
                }
                assertThat(call).isGreaterThan(8);
            } finally {
                successor.destroy();
            }
        }
    }

    private static boolean diesAt(int call, Machine machine, HostileAgent agent) throws SandboxException {
        FailingSystem system = new FailingSystem(FenceSystem.linux());
        try (LinuxFence fence = new LinuxFence(machine.settings(), system)) {
            fence.open(Machine.fenceSettings());
            fence.attachments();
            system.dieAt(call);
            fence.attach(agent.id(), agent.network(), "narrow");
            return false;
        } catch (SandboxException e) {
            assertThat(e).hasMessageContaining("made to fail");
            return true;
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
            long sockets = openSockets();
            int call = 1;
            while (failsAt(call, system, () -> fence.open(Machine.fenceSettings()))) {
                assertThat(openSockets()).as("after failure " + call).isEqualTo(sockets);
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

    /** A socket that is left open would keep the fence's namespace alive. */
    private static long openSockets() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(FenceFailureIT::isSocket).count();
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false;
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

    private static String state(Machine machine) {
        return machine.inFence("nft list ruleset; ip -o link | cut -d: -f2; ip route; ip neigh")
                .replaceAll("never_[0-9]+", "never")
                .lines()
                .sorted()
                .collect(Collectors.joining("\n"));
    }
}
