package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Removes a run, whatever is left of it and at whatever point an earlier process stopped. */
final class RunRemoval {
    private static final Duration END_WITHIN = Duration.ofSeconds(10);
    private static final Duration RECORD_WITHIN = Duration.ofSeconds(2);

    private final OciMachine machine;

    RunRemoval(OciMachine machine) {
        this.machine = machine;
    }

    void remove(SandboxId id) throws IOException {
        SandboxFiles files = machine.files();
        if (!machine.traces(id) && !Files.exists(files.exit(id))) {
            return;
        }
        kill(id);
        Optional<ProcessHandle> conmon = machine.conmon().find(id);
        conmon.ifPresent(process -> await(process, RECORD_WITHIN));
        if (Files.exists(files.runtimeRoot().resolve(id.value()))) {
            Runtime.Answer answer = machine.runtime().run(List.of("delete", "--force", id.value()));
            if (answer.exitCode() != 0 && Files.exists(files.runtimeRoot().resolve(id.value()))) {
                // A runtime that was killed while it wrote its state can't read it again.
                SandboxFiles.delete(files.runtimeRoot().resolve(id.value()));
            }
        }
        conmon.filter(ProcessHandle::isAlive).ifPresent(process -> {
            process.destroyForcibly();
            await(process, END_WITHIN);
        });
        machine.cgroups().remove(id);
        SandboxFiles.delete(files.run(id));
        Files.deleteIfExists(files.exit(id));
    }

    private void kill(SandboxId id) throws IOException {
        Optional<FirstProcess> first =
                FirstProcess.read(machine.files().created(id)).filter(FirstProcess::isAlive);
        if (first.isEmpty()) {
            return;
        }
        machine.signal(id, LinuxCalls.SIGKILL);
        ProcessHandle.of(first.get().pid()).ifPresent(process -> await(process, END_WITHIN));
    }

    private static void await(ProcessHandle process, Duration within) {
        Instant end = Instant.now().plus(within);
        while (process.isAlive() && Instant.now().isBefore(end)) {
            java.util.concurrent.locks.LockSupport.parkNanos(
                    Duration.ofMillis(2).toNanos());
        }
    }
}
