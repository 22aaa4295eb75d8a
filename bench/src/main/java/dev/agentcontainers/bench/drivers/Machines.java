package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Report;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.linux.oci.BareMachine;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Micro-VMs of this machine: with its own processors where KVM works, which a real launch shows, and else with emulated ones. A boot
 * takes seconds then, so whoever measures them does it a few times only.
 *
 * @param settings with which the driver was found to be ready
 */
public record Machines(OciDriver driver, OciSettings settings) {
    private static final String FOLDER = "MICRO_VM";
    private static final Duration KVM_PATIENCE = Duration.ofSeconds(15);
    private static final long MEMORY = 256L << 20;

    /** Says in the report which there are, or why there are none. */
    static Optional<Machines> find(OciSettings settings, Report report) {
        Path folder = Optional.ofNullable(System.getenv(FOLDER))
                .filter(name -> !name.isEmpty())
                .map(name -> Path.of(name).toAbsolutePath())
                .orElse(MicroVmSettings.DEFAULT.folder());
        String lack = "";
        for (Accelerator accelerator : Accelerator.values()) {
            OciSettings chosen = settings.withMicroVm(new MicroVmSettings(folder, accelerator));
            switch (of(accelerator == Accelerator.KVM ? hasty(chosen) : chosen)
                    .driver()
                    .probe()) {
                case DriverProbe.Ready ready -> {
                    report.figure("micro-VMs", ready.version() + (lack.isEmpty() ? "" : "; by KVM none: " + lack));
                    return Optional.of(of(chosen));
                }
                case DriverProbe.NotReady notReady -> lack = notReady.reason();
            }
        }
        report.figure("micro-VMs", "left out (%s names the folder of scripts/micro-vm): %s".formatted(FOLDER, lack));
        return Optional.empty();
    }

    /** Where a machine has come up by KVM at all it did so in a second or two; there are hosts where it never does. */
    private static OciSettings hasty(OciSettings settings) {
        return new OciSettings(
                settings.stateDirectory(),
                settings.runDirectory(),
                settings.cgroupParent(),
                settings.ids(),
                settings.runtime(),
                settings.gvisor(),
                settings.microVm(),
                settings.hostRoot(),
                settings.logLimitBytes(),
                settings.unaskedStorage(),
                settings.confinement(),
                KVM_PATIENCE,
                settings.rootless());
    }

    private static Machines of(OciSettings settings) {
        return new Machines(OciDriver.process(settings).microVm(), settings);
    }

    /** How the processors are made, as results say it. */
    public String accelerator() {
        return settings.microVm().accelerator().name().toLowerCase(Locale.ROOT);
    }

    RuntimeDrivers.Choice choice() {
        return new RuntimeDrivers.Choice(driver, settings, "QEMU, " + accelerator());
    }

    /** An agent of 256 MiB. */
    static SandboxSpec spec(SandboxRoot root, List<String> command) {
        ResourceAmounts amounts = new ResourceAmounts(
                OptionalLong.empty(), OptionalLong.of(MEMORY), OptionalLong.empty(), OptionalLong.empty());
        return new SandboxSpec(
                new SandboxId(UUID.randomUUID().toString()),
                root,
                "agent",
                Map.of(),
                command,
                "/",
                Map.of(),
                amounts,
                amounts,
                List.of());
    }

    /**
     * QEMU alone with the machine of such an agent.
     *
     * @param within a folder that everybody may pass through, where one of the machine's is made
     */
    public BareMachine alone(Path within, List<String> command) throws IOException {
        Path folder = within.resolve("machine-" + UUID.randomUUID());
        Path root = SmallImage.layer(within.resolve(folder.getFileName() + "-root"));
        return BareMachine.of(settings, spec(new SandboxRoot.Image(List.of(root), ""), command), folder, root);
    }
}
