package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Where a sandbox's files are. */
record SandboxFiles(Path stateDirectory, Path runDirectory) {
    private static final String SANDBOXES = "sandboxes";

    /** What survives a reboot: identity, workspace, log. */
    Path state(SandboxId id) {
        return stateDirectory.resolve(SANDBOXES).resolve(id.value());
    }

    /** What belongs to one run: the bundle. */
    Path run(SandboxId id) {
        return runs().resolve(id.value());
    }

    Path runs() {
        return runDirectory.resolve(SANDBOXES);
    }

    Path root(SandboxId id) {
        return run(id).resolve("rootfs");
    }

    Path config(SandboxId id) {
        return run(id).resolve("config.json");
    }

    Path runtimeLog(SandboxId id) {
        return run(id).resolve("runtime.log");
    }

    Path conmonPid(SandboxId id) {
        return run(id).resolve("conmon.pid");
    }

    /** Process id and start time of the sandbox's first process, once it is created. */
    Path created(SandboxId id) {
        return run(id).resolve("created");
    }

    Path workspace(SandboxId id) {
        return state(id).resolve("workspace");
    }

    Path image(SandboxId id) {
        return state(id).resolve("workspace.img");
    }

    Path identity(SandboxId id) {
        return state(id).resolve("identity");
    }

    Path log(SandboxId id) {
        return state(id).resolve("agent.log");
    }

    /** conmon writes the exit code here, in a file of the sandbox's name. */
    Path exits() {
        return stateDirectory.resolve("exits");
    }

    Path exit(SandboxId id) {
        return exits().resolve(id.value());
    }

    Path runtimeRoot() {
        return runDirectory.resolve("runtime");
    }

    /** Exists from create to start: the runtime's first process waits on it. */
    Path startFifo(SandboxId id) {
        return runtimeRoot().resolve(id.value()).resolve("exec.fifo");
    }

    Path blank() {
        return runDirectory.resolve("blank");
    }

    /** Sandboxes of which a file is left. */
    Set<String> left() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path folder :
                List.of(stateDirectory.resolve(SANDBOXES), runDirectory.resolve(SANDBOXES), runtimeRoot(), exits())) {
            try (Stream<Path> entries = Files.list(folder)) {
                entries.forEach(entry -> names.add(entry.getFileName().toString()));
            } catch (NoSuchFileException e) {
                continue;
            }
        }
        return names;
    }

    static void makePrivate(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }

    /** For a folder on the way to a root: the sandbox's own ids must be able to pass, not to look. */
    static void makePassable(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    /** Deletes the folder and all in it, following no link; nothing where it is not there. */
    static void delete(Path folder) throws IOException {
        List<Path> childrenFirst;
        try (Stream<Path> paths = Files.walk(folder)) {
            childrenFirst = paths.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path path : childrenFirst) {
            Files.deleteIfExists(path);
        }
    }
}
