package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MicroVmLimitsTest {
    private static final MicroVmParts PARTS = new MicroVmParts(
            Path.of("/usr/bin/qemu-system-x86_64"), Path.of("/k"), Path.of("/i"), Path.of("/m"), Path.of("/v"), "1");

    private static SandboxSpec spec(ResourceAmounts limits, ResolvedMount... mounts) {
        return new SandboxSpec(
                TestNode.newId(),
                new SandboxRoot.Image(List.of(Path.of("/layer")), ""),
                "agent-host",
                Map.of(),
                List.of("/bin/agent", "--quiet"),
                "/work",
                Map.of("SECRET", "s"),
                limits,
                limits,
                List.of(mounts));
    }

    @Test
    void refusesWhatNoMachineCouldGive() {
        assertThatThrownBy(() -> MicroVmLimits.require(spec(TestNode.limits(1000, 64 << 20, 20))))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("spec.resources.limits.memory is 67108864 bytes")
                .hasMessageContaining("160Mi");
        assertThatThrownBy(() -> MicroVmLimits.require(
                        spec(ResourceAmounts.NONE, new ResolvedMount.RuntimeDirectory("/run/user/0"))))
                .hasMessageContaining("spec.session")
                .hasMessageContaining("container");
        assertThatThrownBy(() ->
                        MicroVmLimits.require(spec(ResourceAmounts.NONE, new ResolvedMount.Denied("/proc/cpuinfo"))))
                .hasMessageContaining("'/proc/cpuinfo' is denied");
        assertThatCode(() -> MicroVmLimits.require(spec(ResourceAmounts.NONE, new ResolvedMount.Denied("/etc/x"))))
                .doesNotThrowAnyException();
    }

    @Test
    void refusesMoreOpenFilesThanTheHostHasDescriptorsFor() throws Exception {
        MicroVmLimits.requireOpenFiles(ResourceAmounts.NONE, 1024);
        MicroVmLimits.requireOpenFiles(TestNode.openFiles(32_448), 65_536);
        assertThatThrownBy(() -> MicroVmLimits.requireOpenFiles(TestNode.openFiles(32_449), 65_536))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("spec.resources.limits.open-files is 32449")
                .hasMessageContaining("may have 32448 here");
        assertThatThrownBy(() -> MicroVmLimits.requireOpenFiles(TestNode.openFiles(2000), 4096))
                .hasMessageContaining("may have 1728 here")
                .hasMessageContaining("LimitNOFILE");
    }

    @Test
    void whatAMachineWasMadeWithStaysAndIsReadBackAsItWasWritten(@TempDir Path folder) throws Exception {
        ResourceAmounts limits = TestNode.limits(1000, 512 << 20, 20);
        MicroVmConfiguration made = MicroVmConfiguration.of(
                spec(limits),
                new RunAs(1000, 1001, List.of(5), Optional.empty()),
                PARTS,
                Accelerator.KVM,
                Confinement.SHIPPED);
        Path file = folder.resolve("machine.json");
        made.write(file);

        assertThat(MicroVmConfiguration.read(file)).isEqualTo(made);
        assertThat(Files.readString(file))
                .contains("\"accelerator\":\"kvm\"", "\"interface\":\"eth0\"", "\"tasks\":20", "\"privileged\":false")
                .doesNotContain("openFiles", "SECRET");
        MicroVmLimits.requireSame(TestNode.limits(4000, 512 << 20, 20), made);
        assertThatThrownBy(() -> MicroVmLimits.requireSame(TestNode.limits(1000, 256 << 20, 20), made))
                .hasMessageContaining("spec.resources.limits.memory can't be changed");
        assertThatThrownBy(() -> MicroVmLimits.requireSame(TestNode.limits(1000, 512 << 20, 21), made))
                .hasMessageContaining("spec.resources.limits.pids can't be changed");
    }

    @Test
    void theHostGivesAMachineWhatItHasAndWhatQemuTakes() {
        assertThat(MicroVmLimits.onTheHost(ResourceAmounts.NONE).memoryBytes())
                .isEqualTo(OptionalLong.of(MicroVmLimits.UNASKED_MEMORY + MicroVmLimits.RESERVE));
        ResourceAmounts host = MicroVmLimits.onTheHost(TestNode.limits(1500, 1 << 30, 7));
        assertThat(host.memoryBytes()).isEqualTo(OptionalLong.of((1L << 30) + MicroVmLimits.RESERVE));
        assertThat(DriverKind.MICROVM.overhead().memoryBytes())
                .as("what placement is told of")
                .isEqualTo(OptionalLong.of(MicroVmLimits.RESERVE));
        assertThat(DriverKind.GVISOR.overhead()).isEqualTo(ResourceAmounts.NONE);
        assertThat(host.cpuMillis()).isEqualTo(OptionalLong.of(1500));
        assertThat(host.pids().orElseThrow()).isGreaterThan(512);
    }
}
