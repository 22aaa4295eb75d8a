package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.fence.Attack.Barrier;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.TestMicroVm;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/** The fence around an agent in a virtual machine, whose kernel refuses the agent nothing: it has every capability there. */
@Timeout(300)
class MicroVmFenceIT extends OwnKernelFence {
    @Override
    OciDriver driver(OciSettings settings) {
        return TestMicroVm.unconfined(settings);
    }

    @Override
    void assertStopped(Attack attack, String answer, List<String> own, boolean counted) {
        if (!own.isEmpty() && attack.withPrivilege() == Barrier.RULES) {
            assertThat(counted).as(own.toString()).isTrue();
        } else if (own.isEmpty() && !attack.sent().contains("0x8100")) {
            // The tap hands the tag on beside the frame, where this capture does not look.
            assertThat(answer).as("its kernel refuses it by itself").contains("Error");
        }
    }
}
