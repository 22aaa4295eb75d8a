package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Limits the bytes of a sandbox's writable files by a file system of that size: an ext4 image in a sparse file, mounted by
 * a loop device in the sandbox's own mount namespace. The device is freed by the kernel with the last process.
 */
final class StorageLimit {
    /** Below this ext4 has no room for files beside its own tables. */
    private static final long LEAST_BYTES = 1L << 20;

    private static final String CONTENT = "files";

    private final OciMachine machine;

    StorageLimit(OciMachine machine) {
        this.machine = machine;
    }

    /** Why this machine can't limit storage; empty where it can. */
    static Optional<String> lacks() {
        if (OciMachine.program("mkfs.ext4").isEmpty()) {
            return Optional.of("mkfs.ext4 is missing: install the package e2fsprogs");
        }
        return Files.exists(Path.of("/dev/loop-control"))
                ? Optional.empty()
                : Optional.of("the kernel has no loop devices (/dev/loop-control is missing)");
    }

    boolean is(SandboxId id, long bytes) {
        try {
            return Files.size(machine.files().image(id)) == bytes;
        } catch (IOException e) {
            return false;
        }
    }

    /** Makes the image, unless the sandbox has one. */
    void make(SandboxId id, long bytes, long ownerId) throws IOException, SandboxException {
        Path image = machine.files().image(id);
        if (Files.exists(image)) {
            return;
        }
        Optional<String> lack = lacks();
        if (lack.isPresent() || bytes < LEAST_BYTES) {
            throw new SandboxException(
                    Step.PREPARE,
                    lack.isPresent() ? Kind.UNSUPPORTED : Kind.INVALID_SPEC,
                    "resources.limits.ephemeral-storage "
                            + lack.map(reason -> "can't be enforced on this node: " + reason)
                                    .orElse("is " + bytes + " bytes; the least is " + LEAST_BYTES));
        }
        Path beside = image.resolveSibling("workspace.img.new");
        Path skeleton = machine.files().state(id).resolve("skeleton");
        Files.createDirectories(skeleton.resolve(CONTENT));
        RunCreation.own(skeleton.resolve(CONTENT), ownerId);
        try (RandomAccessFile file = new RandomAccessFile(beside.toFile(), "rw")) {
            file.setLength(bytes);
        }
        run(List.of(
                OciMachine.program("mkfs.ext4").orElseThrow().toString(),
                "-q",
                "-F",
                "-m",
                "0",
                "-O",
                "^has_journal",
                "-E",
                "lazy_itable_init=1,nodiscard",
                "-d",
                skeleton.toString(),
                beside.toString()));
        SandboxFiles.delete(skeleton);
        Files.move(beside, image, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Mounts the image in the calling thread's mount namespace and returns the folder that is the agent's. */
    Path mount(SandboxId id) throws IOException {
        Path folder = machine.files().workspace(id);
        run(List.of(
                OciMachine.program("mount").orElseThrow().toString(),
                "-t",
                "ext4",
                "-o",
                "loop,nosuid,nodev,noatime",
                machine.files().image(id).toString(),
                folder.toString()));
        return folder.resolve(CONTENT);
    }

    private void run(List<String> command) throws IOException {
        LinuxCalls calls = machine.calls();
        int[] pipe = calls.pipe();
        int pid;
        try {
            pid = calls.spawn(new ArrayList<>(command), Runtime.environment(), Map.of(1, pipe[1], 2, pipe[1]));
        } finally {
            calls.close(pipe[1]);
        }
        try {
            String output = new String(calls.readAll(pipe[0]), StandardCharsets.UTF_8);
            int exit = calls.await(pid);
            if (exit != 0) {
                throw new IOException(command.getFirst() + " ended with exit code " + exit + ": " + output.strip());
            }
        } finally {
            calls.close(pipe[0]);
        }
    }
}
