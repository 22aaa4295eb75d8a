package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessEnds;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs of sandboxes as the machine shows them: files, processes, control groups. Starts no process. Thread-safe. */
final class SandboxRuns {
    /** Reported where an agent's exit code is lost, as for one that was killed. */
    private static final int LOST = 128 + ProcessCalls.SIGKILL;

    /** What a machine's monitor ends with where the machine has ended before the agent. Source: micro-vm/README.md. */
    private static final int MACHINE_FELL = 125;

    /** Of the same. */
    private static final String OUT_OF_MEMORY =
            "micro-VM: the machine's kernel has killed a process for want of memory";

    /** Bytes at the end of a log in which that is looked for. */
    private static final int LAST_WORDS = 1 << 16;

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final long SHIM_PATIENCE_SECONDS = 5;

    private static final long START_PATIENCE_SECONDS = 10;

    private static final long DYING_MILLIS = 300;

    private static final long AGAIN_MILLIS = 50;

    private final SandboxCgroups cgroups;
    private final ProcessCalls processes;
    private final DescriptorCalls descriptors;
    private final ProcessEnds ends;

    SandboxRuns(SandboxCgroups cgroups, ProcessCalls processes, DescriptorCalls descriptors, Readiness readiness) {
        this.cgroups = cgroups;
        this.processes = processes;
        this.descriptors = descriptors;
        this.ends = new ProcessEnds(processes, descriptors, readiness);
    }

    SandboxState state(SandboxFiles files) throws IOException {
        if (!Files.isDirectory(files.run())) {
            return cgroups.exists(files.id().value())
                    ? new SandboxState.Broken("control groups are left of it")
                    : new SandboxState.Absent();
        }
        Optional<RunRecord> record = RunRecord.read(files.record());
        if (record.isEmpty()) {
            return new SandboxState.Broken("its creation did not complete");
        }
        Optional<ExitStatus> exit = exit(files);
        if (exit.isPresent()) {
            return new SandboxState.Exited(exit.get());
        }
        if (Files.exists(files.refused())) {
            return new SandboxState.Broken("its runtime refused to start it");
        }
        if (!record.get().bootId().equals(RunRecord.currentBoot())) {
            return new SandboxState.Broken("the machine was restarted while it ran");
        }
        return live(files, record.get());
    }

    private SandboxState live(SandboxFiles files, RunRecord record) throws IOException {
        boolean supervised = record.shim().isAlive();
        if (!record.agent().isAlive() && !supervised) {
            // The shim writes the exit code before it ends: what is not there now will never be.
            return new SandboxState.Exited(exit(files).orElse(lose(files)));
        }
        NetworkAttachment network = new NetworkAttachment(record.agent().pid());
        boolean started = Files.exists(files.started());
        if (supervised && waitsForStart(files, record, started)) {
            return new SandboxState.Created(network);
        }
        if (!supervised && !started && !Files.exists(files.starting())) {
            return new SandboxState.Broken("what supervises it has ended before it was started");
        }
        return new SandboxState.Running(network, startedAt(files));
    }

    /** Of crun and runc there is a pipe until then, of runsc a word in its record. */
    private static boolean waitsForStart(SandboxFiles files, RunRecord record, boolean started) throws IOException {
        long shim = record.shim().pid();
        if (Files.exists(SandboxFiles.through(shim, files.startGate()))) {
            return true;
        }
        return !started && !Files.exists(files.starting()) && isCreatedForGvisor(files, shim);
    }

    private static boolean isCreatedForGvisor(SandboxFiles files, long shim) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(SandboxFiles.through(shim, files.gvisorState())))
                    .path("status")
                    .asText()
                    .equals("created");
        } catch (NoSuchFileException e) {
            return false;
        } catch (JsonProcessingException e) {
            // It is just being written: with that it begins to run.
            return false;
        }
    }

    /**
     * Whether an agent that gVisor says it has not started waits for its start as before: its kernel and its shim live, the
     * shim knows of no end, and runsc's record says so. That is looked at for a moment, since a kernel that is killed has
     * closed its connections before it is gone. A kernel that could not begin the agent is there for 2 s more; where it is
     * gone sooner the agent counts as begun. Source: gVisor, runsc/boot/loader.go, Loader.Run.
     */
    boolean stillWaits(SandboxFiles files, RunRecord record) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DYING_MILLIS);
        while (record.agent().isAlive()
                && record.shim().isAlive()
                && !Files.exists(files.exit())
                && isCreatedForGvisor(files, record.shim().pid())) {
            if (System.nanoTime() > end) {
                return true;
            }
            Thread.sleep(AGAIN_MILLIS);
        }
        return false;
    }

    /**
     * Whether a start of gVisor's was cut short: the agent may have run, and must not run twice, or it may wait for ever, and
     * without a network, which the start has taken from the kernel. Without the shim nobody knows which.
     */
    private static boolean startWasCutShort(SandboxFiles files, RunRecord record) throws IOException {
        if (!Files.exists(files.starting()) || Files.exists(files.started())) {
            return false;
        }
        return record.shim().isAlive()
                ? isCreatedForGvisor(files, record.shim().pid())
                : record.agent().isAlive();
    }

    private void endWhereStartWasCutShort(SandboxFiles files, RunRecord record)
            throws IOException, InterruptedException {
        // It may still be under way, by a process that has outlived the one that began it.
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_PATIENCE_SECONDS);
        while (startWasCutShort(files, record)) {
            if (System.nanoTime() > giveUp) {
                record.agent().signal(processes, descriptors, ProcessCalls.SIGKILL);
                return;
            }
            Thread.sleep(AGAIN_MILLIS);
        }
    }

    /** The record of a run that exists in this boot, complete or not yet removed. */
    Optional<RunRecord> record(SandboxFiles files) throws IOException {
        String boot = RunRecord.currentBoot();
        return RunRecord.read(files.record()).filter(record -> record.bootId().equals(boot));
    }

    /** When the run began; before its start, when it was created. */
    static Instant startedAt(SandboxFiles files) throws IOException {
        try {
            return Files.getLastModifiedTime(files.started()).toInstant();
        } catch (NoSuchFileException e) {
            // The node agent died between the start and its note of it.
            return Files.getLastModifiedTime(files.record()).toInstant();
        }
    }

    private Optional<ExitStatus> exit(SandboxFiles files) throws IOException {
        try {
            String code = Files.readString(files.exit()).trim();
            if (code.isEmpty()) {
                return Optional.empty();
            }
            Instant finishedAt = Files.getLastModifiedTime(files.exit()).toInstant();
            return Optional.of(new ExitStatus(Integer.parseInt(code), finishedAt, outOfMemory(files, code)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private boolean outOfMemory(SandboxFiles files, String code) throws IOException {
        boolean machineFell = code.equals(Integer.toString(MACHINE_FELL)) && Files.exists(files.inMachine());
        return (code.equals(Integer.toString(LOST)) || machineFell)
                && (Files.exists(files.outOfMemory())
                        || machineWasOutOfMemory(files)
                        || cgroups.outOfMemoryKills(files.id().value()) > 0);
    }

    /**
     * As its monitor says last in its log. The agent could write the same: whoever is killed may have taken as much memory as it likes.
     */
    private static boolean machineWasOutOfMemory(SandboxFiles files) throws IOException {
        if (!Files.exists(files.inMachine()) || !Files.exists(files.log())) {
            return false;
        }
        try (SeekableByteChannel log = Files.newByteChannel(files.log())) {
            log.position(Math.max(0, log.size() - LAST_WORDS));
            ByteBuffer last = ByteBuffer.allocate(LAST_WORDS);
            while (last.hasRemaining() && log.read(last) > 0) {}
            Instant begun = startedAt(files);
            return new String(last.array(), 0, last.position(), UTF_8)
                    .lines()
                    .filter(line -> line.contains(" stderr F ") && line.endsWith(OUT_OF_MEMORY))
                    .anyMatch(line -> !timeOf(line).isBefore(begun));
        }
    }

    /** Long ago where it has none: the first line may be a part of one. */
    private static Instant timeOf(String line) {
        try {
            return OffsetDateTime.parse(line.substring(0, line.indexOf(' '))).toInstant();
        } catch (DateTimeParseException e) {
            return Instant.EPOCH;
        }
    }

    private ExitStatus lose(SandboxFiles files) throws IOException {
        try {
            Files.writeString(Files.createFile(files.exit()), Integer.toString(LOST));
        } catch (FileAlreadyExistsException e) {
            // Another thread has found the same.
        }
        return new ExitStatus(
                LOST, Files.getLastModifiedTime(files.exit()).toInstant(), outOfMemory(files, Integer.toString(LOST)));
    }

    /** Waits for the agent's end. */
    ExitStatus awaitExit(SandboxFiles files) throws IOException, InterruptedException {
        while (true) {
            switch (state(files)) {
                case SandboxState.Exited exited -> {
                    return exited.exit();
                }
                case SandboxState.Created _, SandboxState.Running _ -> {
                    RunRecord record =
                            record(files).orElseThrow(() -> new IOException("sandbox " + files.id() + " was removed"));
                    endWhereStartWasCutShort(files, record);
                    await(record.shim().isAlive() ? record.shim() : record.agent());
                }
                case SandboxState.Absent _ -> throw new IOException("sandbox " + files.id() + " does not exist");
                case SandboxState.Broken broken ->
                    throw new IOException("sandbox " + files.id() + " is broken: " + broken.what());
            }
        }
    }

    private void await(ProcessIdentity process) throws IOException, InterruptedException {
        CompletableFuture<Void> end = ends.of(process);
        try {
            end.get();
        } catch (ExecutionException e) {
            throw new IOException(e);
        } finally {
            end.cancel(false);
        }
    }

    /** No effect where the agent has ended. */
    void signal(SandboxFiles files, int signal) throws IOException {
        Optional<RunRecord> record = record(files);
        if (record.isPresent()) {
            // The end of a PID namespace's first process ends every other in it: one signal is enough for SIGKILL.
            record.get().agent().signal(processes, descriptors, signal);
        }
    }

    /** Removes whatever there is of a run, in any state of completion. */
    void remove(SandboxFiles files) throws IOException, InterruptedException {
        Optional<RunRecord> record = record(files);
        if (record.isPresent()) {
            signal(files, ProcessCalls.SIGKILL);
            letShimFinish(record.get());
        }
        cgroups.remove(files.id().value());
        if (Files.isDirectory(files.run())) {
            // Without its record a run counts as broken, and is removed again after a crash at any later point.
            Files.deleteIfExists(files.record());
            DeepDeletion.delete(files.run());
        }
    }

    private void letShimFinish(RunRecord record) throws IOException, InterruptedException {
        CompletableFuture<Void> end = ends.of(record.shim());
        try {
            end.get(SHIM_PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            // Killed with its control group.
        } catch (ExecutionException e) {
            throw new IOException(e);
        } finally {
            end.cancel(false);
        }
    }

    static long pidIn(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).trim());
    }
}
