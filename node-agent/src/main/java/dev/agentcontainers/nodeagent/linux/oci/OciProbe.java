package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds out whether this machine runs sandboxes, by running one. */
final class OciProbe {
    private static final ResourceAmounts SMALL = new ResourceAmounts(
            OptionalLong.of(1000), OptionalLong.of(64L << 20), OptionalLong.empty(), OptionalLong.of(16));

    private final OciMachine machine;
    private final OciDriver driver;

    OciProbe(OciMachine machine, OciDriver driver) {
        this.machine = machine;
        this.driver = driver;
    }

    DriverProbe run() {
        if (OciMachine.program("crun", "runc").isEmpty()) {
            return new DriverProbe.NotReady("no OCI runtime: install the package crun (or runc)");
        }
        if (OciMachine.program("conmon").isEmpty()) {
            return new DriverProbe.NotReady("conmon is missing: install the package conmon");
        }
        SandboxId id = new SandboxId("probe-" + ProcessHandle.current().pid());
        try {
            List<String> missing = machine.cgroups().missingControllers();
            if (!missing.isEmpty()) {
                return new DriverProbe.NotReady("the control group controllers " + missing
                        + " are missing: mount cgroup2 at /sys/fs/cgroup, or the legacy ones");
            }
            int code = launch(id);
            if (code != 0) {
                return new DriverProbe.NotReady("/bin/true in a sandbox ended with exit code " + code);
            }
            return ready();
        } catch (SandboxException | IOException e) {
            return new DriverProbe.NotReady("a sandbox could not be run: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new DriverProbe.NotReady("interrupted");
        } finally {
            purge(id);
        }
    }

    private int launch(SandboxId id) throws SandboxException, InterruptedException {
        SandboxSpec spec =
                new SandboxSpec(id, "probe", Map.of(), List.of("/bin/true"), "/", Map.of(), SMALL, List.of());
        driver.prepare(spec);
        driver.create(spec);
        driver.start(id);
        return driver.awaitExit(id).code();
    }

    private DriverProbe ready() throws IOException {
        List<String> features = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        Optional<String> lack = StorageLimit.lacks();
        if (lack.isEmpty()) {
            features.add("ephemeral-storage");
        } else {
            notes.add("ephemeral-storage can't be limited: " + lack.get());
        }
        String version = machine.runtime()
                .run(List.of("--version"))
                .output()
                .lines()
                .findFirst()
                .orElse("unknown");
        return new DriverProbe.Ready(version, OciDriver.strength(), features, notes);
    }

    private void purge(SandboxId id) {
        try {
            driver.purge(id);
        } catch (SandboxException e) {
            // What is left is found and removed by the supervisor as a leftover.
            return;
        }
    }
}
