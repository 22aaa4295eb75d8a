package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The baseline of micro-VMs: QEMU alone with the machine that the driver makes of the specification (kernel, first files, memory,
 * processors, accelerator, devices but for a network card), begun by the same monitor as an ordinary user on the host, with a folder
 * for its root, which virtiofsd serves. It lacks the sandbox around it, the shim, the fence and a root of layers. One machine at a time. In this package because the driver's
 * parts are nobody else's. For one thread.
 */
public final class BareMachine implements AutoCloseable {
    /** Of nobody on the host, and of no sandbox of the benchmarks. */
    private static final int USER = 329_999_999;

    private static final Path KVM = Path.of("/dev/kvm");
    private static final String SET_USER = "/usr/bin/setpriv";
    private static final long PATIENCE_SECONDS = 120;

    private final Path folder;
    private final boolean emulated;
    private @Nullable Process running;

    private BareMachine(Path folder, boolean emulated) {
        this.folder = folder;
        this.emulated = emulated;
    }

    /**
     * Makes the machine's folder; nothing runs yet.
     *
     * @param folder not there yet, where everybody may pass through to
     * @param root of the machine, a copy that nobody else has
     */
    public static BareMachine of(OciSettings settings, SandboxSpec spec, Path folder, Path root) throws IOException {
        MicroVmSettings microVm = settings.microVm();
        MicroVmParts parts;
        try {
            parts = MicroVmParts.of(microVm);
        } catch (Tools.MissingException e) {
            throw new IOException(e);
        }
        Files.createDirectory(folder);
        show(parts.kernel(), folder, "kernel");
        show(parts.initialFiles(), folder, "initrd");
        show(parts.monitor(), folder, "monitor");
        show(parts.virtiofsd(), folder, "virtiofsd");
        for (String mountPoint : List.of("proc", "sys", "dev")) {
            Files.createDirectories(root.resolve(mountPoint));
        }
        Files.move(root, folder.resolve("root"));
        Files.createDirectory(folder.resolve("run"));
        Files.setPosixFilePermissions(folder.resolve("run"), PosixFilePermissions.fromString("rwxrwxrwx"));
        configuration(spec, parts, microVm).write(folder.resolve("config.json"));
        return new BareMachine(folder, microVm.accelerator() == MicroVmSettings.Accelerator.TCG);
    }

    /** A copy that the machine's user may read, one for all machines beside each other: they share its memory, as the driver's do. */
    private static void show(Path part, Path folder, String name) throws IOException {
        Path copy = folder.resolveSibling("machine-" + name);
        if (!Files.exists(copy)) {
            Files.copy(part, copy);
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.createSymbolicLink(folder.resolve(name), copy);
    }

    /** What the driver tells its own monitor, without the interface of a sandbox. */
    private static MicroVmConfiguration configuration(SandboxSpec spec, MicroVmParts parts, MicroVmSettings microVm) {
        RunAs runAs = new RunAs(USER, USER, List.of(), Optional.empty());
        MicroVmConfiguration driven =
                MicroVmConfiguration.of(spec, runAs, parts, microVm.accelerator(), Confinement.SHIPPED);
        return new MicroVmConfiguration(
                driven.qemu(),
                driven.accelerator(),
                driven.memoryBytes(),
                driven.processors(),
                driven.tasks(),
                driven.openFiles(),
                driven.hostname(),
                driven.user(),
                driven.group(),
                driven.groups(),
                driven.workingDirectory(),
                driven.command(),
                driven.privileged(),
                "");
    }

    /** Begins the machine; what its agent writes comes out of the process that is given, which is the monitor. */
    public Process start() throws IOException {
        List<String> command = new ArrayList<>(user());
        command.addAll(List.of(folder.resolve("monitor").toString(), "run", "--machine", folder.toString()));
        running = begin(command);
        return running;
    }

    /** Waits until the machine is up: until a command has been run there. */
    public void awaitUp() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(user());
        command.addAll(List.of(
                folder.resolve("monitor").toString(), "exec", "--machine", folder.toString(), "--", "/bin/true"));
        Process client = begin(command);
        if (!client.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || client.exitValue() != 0) {
            client.destroyForcibly();
            throw new IOException("the machine is not up: "
                    + new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
        }
    }

    private static Process begin(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        return builder.start();
    }

    private List<String> user() throws IOException {
        List<String> words = new ArrayList<>(List.of(
                SET_USER, "--reuid", Integer.toString(USER), "--regid", Integer.toString(USER), "--no-new-privs"));
        words.addAll(List.of("--bounding-set=-all", "--inh-caps=-all"));
        words.addAll(
                emulated
                        ? List.of("--clear-groups")
                        : List.of(
                                "--groups", Files.getAttribute(KVM, "unix:gid").toString()));
        return words;
    }

    /** Kills it, and waits until its processes have ended; QEMU dies with its monitor. */
    public void stop() {
        Process process = running;
        if (process != null) {
            List<ProcessHandle> all = process.descendants().toList();
            process.destroyForcibly();
            process.onExit().join();
            all.forEach(each -> each.onExit().join());
            running = null;
        }
    }

    @Override
    public void close() {
        stop();
    }
}
