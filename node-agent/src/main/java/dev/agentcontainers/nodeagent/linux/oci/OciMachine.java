package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.cgroup.Cgroups;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls.MountFlag;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The machine as this driver uses it: programs, folders, control groups, and what they show of a sandbox. Thread-safe. */
final class OciMachine {
    private static final List<String> PROGRAM_FOLDERS = List.of("/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin");
    private static final int KILLED = 137;

    private final OciSettings settings;
    private final LinuxCalls calls;
    private final SandboxFiles files;
    private final IdentityRanges identities;
    private Optional<Opened> opened = Optional.empty();

    /** What is known once the machine has been looked at. */
    private record Opened(Cgroups cgroups, Runtime runtime, Conmon conmon, ExitFiles exits) {}

    OciMachine(OciSettings settings, LinuxCalls calls) {
        this.settings = settings;
        this.calls = calls;
        this.files = new SandboxFiles(settings.stateDirectory(), settings.runDirectory());
        this.identities = new IdentityRanges(files, settings.firstUserId(), settings.userIdCount());
    }

    OciSettings settings() {
        return settings;
    }

    LinuxCalls calls() {
        return calls;
    }

    SandboxFiles files() {
        return files;
    }

    IdentityRanges identities() {
        return identities;
    }

    Cgroups cgroups() throws IOException {
        return open().cgroups();
    }

    Runtime runtime() throws IOException {
        return open().runtime();
    }

    Conmon conmon() throws IOException {
        return open().conmon();
    }

    void awaitChange() throws InterruptedException {
        ExitFiles exits;
        try {
            exits = open().exits();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        exits.await();
    }

    /** The first of these programs that is there. */
    static Optional<Path> program(String... names) {
        return Stream.of(names)
                .flatMap(name -> PROGRAM_FOLDERS.stream().map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private synchronized Opened open() throws IOException {
        if (opened.isPresent()) {
            return opened.get();
        }
        Path runtimeProgram =
                program("crun", "runc").orElseThrow(() -> new IOException("neither crun nor runc is installed"));
        Path conmonProgram = program("conmon").orElseThrow(() -> new IOException("conmon is not installed"));
        SandboxFiles.makePrivate(settings.stateDirectory());
        SandboxFiles.makePassable(settings.runDirectory());
        keepRunDirectoryInMemory();
        SandboxFiles.makePassable(files.runs());
        Files.createDirectories(files.exits());
        Files.createDirectories(files.runtimeRoot());
        if (!Files.exists(files.blank())) {
            Files.createFile(
                    files.blank(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
        }
        Cgroups cgroups = Cgroups.find(MountTable.ofThisThread(), settings.cgroupParent());
        Runtime runtime = new Runtime(runtimeProgram, files.runtimeRoot(), cgroups, calls);
        Conmon conmon = new Conmon(conmonProgram, runtime, files, cgroups, calls, settings.logLimitBytes());
        opened = Optional.of(new Opened(cgroups, runtime, conmon, new ExitFiles(files.exits())));
        return opened.get();
    }

    /** Bundles hold the values of Secrets, which must never be on a disk. */
    private void keepRunDirectoryInMemory() throws SystemCallException {
        String folder = settings.runDirectory().toString();
        if (!calls.isInMemory(folder)) {
            calls.mount("tmpfs", folder, "tmpfs", List.of(MountFlag.NO_SUID, MountFlag.NO_DEV), "mode=711");
        }
    }

    /** What conmon wrote of the sandbox's end. */
    Optional<ExitStatus> recordedExit(SandboxId id) throws IOException {
        try {
            String code = Files.readString(files.exit(id)).strip();
            if (code.isEmpty()) {
                return Optional.empty();
            }
            FileTime time = Files.getLastModifiedTime(files.exit(id));
            int exitCode = Integer.parseInt(code);
            return Optional.of(new ExitStatus(
                    exitCode, time.toInstant(), exitCode == KILLED && cgroups().outOfMemoryKills(id) > 0));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** True where anything of a run is left. */
    boolean traces(SandboxId id) throws IOException {
        return Files.exists(files.run(id))
                || Files.exists(files.runtimeRoot().resolve(id.value()))
                || cgroups().left().contains(id.value());
    }

    /** This process's hard limit of open files, as proc_pid_limits(5) shows it. */
    long mostOpenFiles() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.substring("Max open files".length()).strip().split(" +")[1])
                .filter(limit -> !limit.equals("unlimited"))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(Long.MAX_VALUE);
    }

    /** When the runtime removed its start fifo. */
    Instant startedAt(SandboxId id) throws IOException {
        try {
            return Files.getLastModifiedTime(files.runtimeRoot().resolve(id.value()))
                    .toInstant();
        } catch (NoSuchFileException e) {
            return Instant.now();
        }
    }

    /** Signals the sandbox's first process, where it lives. */
    void signal(SandboxId id, int signal) throws IOException {
        Optional<FirstProcess> first = FirstProcess.read(files.created(id)).filter(FirstProcess::isAlive);
        if (first.isEmpty()) {
            return;
        }
        try {
            calls.signal(first.get().pid(), signal);
        } catch (SystemCallException e) {
            if (e.errno() != LinuxCalls.ESRCH) {
                throw e;
            }
        }
    }
}
