package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.MountNamespaceThread;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.rootfs.RootBuilder;
import dev.agentcontainers.nodeagent.linux.rootfs.RootException;
import dev.agentcontainers.nodeagent.linux.rootfs.RootRequest;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Makes what a sandbox keeps and each of its runs. */
final class RunCreation {
    private final OciMachine machine;
    private final StorageLimit storage;

    RunCreation(OciMachine machine) {
        this.machine = machine;
        this.storage = new StorageLimit(machine);
    }

    /** What survives restarts of the agent: its ids and its writable folder. */
    void prepare(SandboxSpec spec) throws IOException, SandboxException {
        SandboxFiles files = machine.files();
        SandboxId id = spec.id();
        machine.cgroups();
        SandboxFiles.makePrivate(files.state(id));
        long firstId = machine.identities().take(id);
        if (!Files.isDirectory(files.workspace(id))) {
            Files.createDirectories(files.workspace(id));
            own(files.workspace(id), firstId);
        }
        if (spec.limits().ephemeralStorageBytes().isPresent()) {
            storage.make(id, spec.limits().ephemeralStorageBytes().getAsLong(), firstId);
        }
    }

    boolean storageIs(SandboxId id, long bytes) {
        return storage.is(id, bytes);
    }

    /** Creates a run whose first process waits to be started. */
    FirstProcess create(SandboxSpec spec) throws IOException, SandboxException {
        SandboxFiles files = machine.files();
        SandboxId id = spec.id();
        long firstId = machine.identities().take(id);
        Files.deleteIfExists(files.exit(id));
        SandboxFiles.makePassable(files.run(id));
        Files.createDirectories(files.root(id));
        Files.createFile(
                files.config(id), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(
                files.config(id),
                Bundle.config(
                        spec,
                        firstId,
                        machine.cgroups().pathOf(id),
                        machine.settings().confinement(),
                        machine.mostOpenFiles()));
        Map<String, Path> own = ownFiles(spec);
        boolean limited = spec.limits().ephemeralStorageBytes().isPresent();
        int pid;
        try {
            pid = new MountNamespaceThread(machine.calls()).run("create-" + id, () -> {
                Path workspace = limited ? storage.mount(id) : files.workspace(id);
                RootRequest root = new RootRequest(
                        files.root(id),
                        files.blank(),
                        machine.settings().shown(),
                        own,
                        firstId,
                        workspace,
                        spec.mounts());
                RootBuilder.build(machine.calls(), root, MountTable.ofThisThread());
                machine.runtime().adapt();
                return machine.conmon().create(id);
            });
        } catch (RootException e) {
            throw new SandboxException(Step.CREATE, Kind.INVALID_SPEC, "filesystem.mounts: " + e.getMessage(), e);
        }
        FirstProcess first = FirstProcess.of(pid)
                .orElseThrow(() -> new IOException("the sandbox's first process " + pid + " has ended at once"));
        first.write(files.created(id));
        return first;
    }

    /** Lets the first process become the agent. */
    void start(SandboxId id) throws IOException {
        Runtime.Answer answer = machine.runtime().run(List.of("start", id.value()));
        if (answer.exitCode() != 0) {
            throw new IOException(machine.runtime().program().getFileName() + " start: " + answer.output());
        }
    }

    /** Files that tell an agent about itself and not about the host. */
    private Map<String, Path> ownFiles(SandboxSpec spec) throws IOException {
        Path folder = machine.files().run(spec.id()).resolve("etc");
        Files.createDirectories(folder);
        Map<String, String> contents = new LinkedHashMap<>();
        contents.put("hostname", spec.hostname() + "\n");
        contents.put("hosts", "127.0.0.1\tlocalhost\n127.0.1.1\t" + spec.hostname() + "\n");
        contents.put("resolv.conf", "# There is no name service for this agent.\n");
        String machineId = UUID.nameUUIDFromBytes(spec.id().value().getBytes(StandardCharsets.UTF_8))
                .toString()
                .replace("-", "");
        contents.put("machine-id", machineId + "\n");
        Map<String, Path> own = new LinkedHashMap<>();
        for (Map.Entry<String, String> content : contents.entrySet()) {
            Path file = folder.resolve(content.getKey());
            Files.writeString(file, content.getValue());
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
            own.put(content.getKey(), file);
        }
        return own;
    }

    static void own(Path path, long id) throws IOException {
        Files.setAttribute(path, "unix:uid", (int) id);
        Files.setAttribute(path, "unix:gid", (int) id);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
