package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.fence.Attack.Barrier;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.TestGvisor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fence around an agent over gVisor. */
@Timeout(60)
class GvisorFenceIT extends OwnKernelFence {
    @Override
    OciDriver driver(OciSettings settings) {
        return OciDriver.process(settings.withGvisor(TestGvisor.required())).gvisor();
    }

    @Override
    void assertStopped(Attack attack, String answer, List<String> own, boolean counted) {
        if (attack.withoutPrivilege() == Barrier.SYSTEM_CALL) {
            assertThat(own).isEmpty();
        } else if (!own.isEmpty()) {
            assertThat(counted).as(own.toString()).isTrue();
        } else if (!attack.request()[0].equals("with_options")) {
            // Options of IP gVisor leaves away.
            assertThat(answer).as("gVisor refuses it by itself").contains("Error");
        }
    }

    @Test
    void namespacesOfGvisorsOwnGiveNoRawSockets() {
        String script = "import ctypes, socket; l = ctypes.CDLL(None, use_errno=True);"
                + " print(l.unshare(0x10000000), l.syscall(435, None, 0), ctypes.get_errno());"
                + " socket.socket(socket.AF_PACKET, socket.SOCK_RAW)";
        assertThat(agent().shell("python3 -c \"" + script + "\"")).contains("-1 -1 38", "not implemented");
    }
}
