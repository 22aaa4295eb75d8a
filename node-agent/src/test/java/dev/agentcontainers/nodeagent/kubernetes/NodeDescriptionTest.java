package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class NodeDescriptionTest {
    private static final MachineFacts MACHINE = new MachineFacts(
            OperatingSystem.linux,
            Architecture.amd64,
            "6.1.0",
            "Debian 12",
            2000,
            8L << 30,
            100L << 30,
            32_768,
            "boot");

    @Test
    void agentsMayUseTheirShare() {
        AgentNodeStatus status = new NodeDescription(
                        MACHINE, "0.1.0", 1021, 80, Map.of(), Map.of(), Map.of(), Optional.empty())
                .status();

        assertThat(status.capacity())
                .containsEntry("cpu", new Quantity("2"))
                .containsEntry("memory", new Quantity("8388608Ki"))
                .containsEntry("agents", new Quantity("1021"));
        assertThat(status.allocatable())
                .containsEntry("cpu", new Quantity("1600m"))
                .containsEntry("memory", new Quantity("6710886Ki"))
                .containsEntry("ephemeral-storage", new Quantity("83886080Ki"))
                .containsEntry("agents", new Quantity("1021"));
    }

    @Test
    void driversSayWhatTheyCanOrWhatIsMissing() {
        AgentNodeStatus status = new NodeDescription(
                        MACHINE,
                        "0.1.0",
                        1021,
                        80,
                        Map.of(
                                "process",
                                new DriverProbe.Ready(
                                        "crun 1.8.1", IsolationLevel.Process, List.of("x"), List.of("a", "b")),
                                "microvm",
                                new DriverProbe.NotReady("no /dev/kvm")),
                        Map.of("process", ResourceAmounts.NONE, "microvm", overhead(256 << 20)),
                        Map.of(),
                        Optional.empty())
                .status();

        assertThat(status.drivers())
                .containsExactly(
                        new AgentNodeStatus.DriverStatus(
                                "microvm",
                                false,
                                null,
                                null,
                                null,
                                "no /dev/kvm",
                                null,
                                // Agents that run take it, ready or not.
                                new AgentNodeStatus.Overhead(new Quantity("262144Ki"))),
                        new AgentNodeStatus.DriverStatus(
                                "process", true, "crun 1.8.1", IsolationLevel.Process, List.of("x"), "a; b", null));
        assertThat(status.namespace()).isNull();
        assertThat(status.conditions()).isNull();
    }

    private static ResourceAmounts overhead(long memory) {
        return new ResourceAmounts(
                OptionalLong.empty(), OptionalLong.of(memory), OptionalLong.empty(), OptionalLong.empty());
    }
}
