package dev.agentcontainers.nodeagent.linux.oci;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import java.nio.file.Path;

/** The micro-VMs of tests: of what scripts/micro-vm has made, with emulated processors, which every machine has. */
public final class TestMicroVm {
    private TestMicroVm() {}

    /** Skips the test where there is nothing to make them of. */
    static MicroVmSettings required() {
        String folder = System.getProperty("agentcontainers.test.micro-vm", "");
        assumeTrue(!folder.isEmpty(), "needs what scripts/micro-vm makes, as the profile micro-vm has it");
        return new MicroVmSettings(Path.of(folder), Accelerator.TCG);
    }

    public static OciDriver driver(OciSettings settings) {
        return OciDriver.process(settings.withMicroVm(required())).microVm();
    }

    /** Whose agents have every capability of their machine's kernel. */
    public static OciDriver unconfined(OciSettings settings) {
        return OciDriver.process(settings.withMicroVm(required()).unconfinedForTests())
                .microVm();
    }
}
