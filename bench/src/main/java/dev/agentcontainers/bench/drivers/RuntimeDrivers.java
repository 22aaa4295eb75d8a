package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.binaries.Gvisor;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.GvisorSettings;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.RuntimeChoice;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The drivers of OCI runtimes, gVisor's too, with a folder, control groups and ids of their own, which are removed at the end. */
public final class RuntimeDrivers implements AutoCloseable {
    private static final long FIRST_ID = 330_000_000;

    private final Path folder;
    private final OciSettings settings;
    private final OciDriver process;
    private final Removal removal;

    private RuntimeDrivers(Path folder, OciSettings settings) {
        this.folder = folder;
        this.settings = settings;
        this.process = OciDriver.process(settings);
        this.removal = new Removal(this::remove);
    }

    /** @param name of the benchmark, for its control groups */
    public static RuntimeDrivers open(String name) throws IOException {
        Path runsc = Program.find("runsc")
                .map(Program::path)
                .or(() -> Gvisor.find(System.getenv()))
                .orElseThrow(
                        () -> new UserException("this benchmark needs runsc: docs/isolation.md says how to get it"));
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        return new RuntimeDrivers(
                folder,
                OciSettings.of(
                                folder.resolve("state"),
                                folder.resolve("run"),
                                "/agentcontainers-bench-" + name,
                                new IdRange(FIRST_ID, 256 * IdRange.PER_SANDBOX),
                                64L << 20)
                        .withGvisor(new GvisorSettings(Optional.of(runsc), GvisorSettings.SYSTRAP)));
    }

    /** Of this run alone; everybody may pass through it. */
    public Path folder() {
        return folder;
    }

    OciSettings settings() {
        return settings;
    }

    OciDriver container() {
        return process.container();
    }

    OciDriver gvisor() {
        return process.gvisor();
    }

    /**
     * A driver with a certain runtime.
     *
     * @param settings that the driver has
     */
    record Choice(OciDriver driver, OciSettings settings, String runtime) {
        @Override
        public String toString() {
            return "%s (%s)".formatted(driver.name(), runtime);
        }
    }

    /** All drivers, {@code process} with each of its runtimes that this machine has. */
    List<Choice> choices() {
        List<Choice> choices = new ArrayList<>();
        for (String runtime : List.of("crun", "runc")) {
            Program.find(runtime).ifPresent(program -> {
                OciSettings chosen = RuntimeChoice.of(settings, program.path());
                choices.add(new Choice(OciDriver.process(chosen), chosen, runtime));
            });
        }
        choices.add(new Choice(container(), settings, "crun or runc"));
        choices.add(new Choice(gvisor(), settings, "runsc"));
        return choices;
    }

    /** Micro-VMs, where this machine has what they are made of; the report says which, or why there are none. */
    public Optional<Machines> machines(Report report) {
        return Machines.find(settings, report);
    }

    /** From the weakest to the strongest. */
    public List<OciDriver> all() {
        return List.of(process, container(), gvisor());
    }

    @Override
    public void close() {
        removal.close();
    }

    private void remove() {
        try {
            for (SandboxId id : process.list()) {
                process.purge(id);
            }
            process.forget();
            DeepDeletion.delete(folder);
        } catch (IOException | SandboxException e) {
            System.err.printf("bench: %s is not removed whole: %s%n", folder, e.getMessage());
        }
    }
}
