package dev.agentcontainers.bench.strength;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.bench.mxc.MxcPackage;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sandboxes of the MXC SDK with its backend bubblewrap, as its documentation has it used: by a user without rights, with no
 * network, a folder to read with the program and a folder to write. A driver for the suite alone: it runs the one program that a
 * sandbox is shown, does without limits, which the SDK has none of, and knows only sandboxes that it has started itself.
 */
final class MxcSandboxes implements IsolationDriver, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(10);

    /** Its first instruction is made when the gate is there, with SIGPIPE ignored, as it is below conmon. */
    private static final String GATED = "trap '' PIPE; until [ -e %1$s/go ]; do sleep 0.01; done; exec %1$s/program";

    private final MxcPackage mxc;
    private final Path folder;
    private final Map<SandboxId, Launch> launches = new ConcurrentHashMap<>();
    private final Removal removal;

    /** @param agent the first process of the sandbox's program, as the host numbers it */
    private record Launch(Process executor, ProcessHandle agent, Path place) {}

    /** @param folder that everybody may pass through */
    MxcSandboxes(MxcPackage mxc, Path folder) {
        this.mxc = mxc;
        this.folder = folder;
        this.removal = new Removal(this::endAll);
    }

    private void endAll() {
        launches.values().forEach(launch -> end(launch.executor()));
    }

    /** Ends what still runs; its files go with the folder. */
    @Override
    public void close() {
        removal.close();
    }

    @Override
    public String name() {
        return "mxc-bubblewrap";
    }

    @Override
    public DriverProbe.Ready probe() {
        return new DriverProbe.Ready(
                "MXC SDK " + MxcPackage.VERSION + ", bubblewrap", IsolationLevel.Process, List.of(), List.of());
    }

    @Override
    public void prepare(SandboxSpec spec) {
        // There is nothing that outlives a run.
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) throws SandboxException {
        try {
            Path place = Files.createDirectory(folder.resolve(spec.id().value()));
            Path shown = Files.createDirectory(place.resolve("shown"));
            permit(place, "rwxr-xr-x");
            permit(shown, "rwxr-xr-x");
            Files.write(shown.resolve("program"), program(spec));
            permit(shown.resolve("program"), "rwxr-xr-x");
            Path home = Files.createDirectory(place.resolve("home"));
            permit(home, "rwxrwxrwx");
            Path configuration = place.resolve("configuration.json");
            Files.write(configuration, configuration(GATED.formatted(shown), shown, home));
            permit(configuration, "rw-r--r--");
            Process executor = start(configuration, home, place.resolve("output"));
            try {
                ProcessHandle agent = await(executor, place);
                launches.put(spec.id(), new Launch(executor, agent, place));
                return new NetworkAttachment(agent.pid());
            } catch (IOException e) {
                end(executor);
                DeepDeletion.delete(place);
                throw e;
            }
        } catch (IOException e) {
            throw new SandboxException(Step.CREATE, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
        }
    }

    private static void permit(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static byte[] program(SandboxSpec spec) throws IOException {
        return spec.mounts().stream()
                .filter(ResolvedMount.Files.class::isInstance)
                .map(ResolvedMount.Files.class::cast)
                .flatMap(files -> files.content().values().stream())
                .findFirst()
                .orElseThrow(() -> new IOException("the sandbox is shown no program"));
    }

    private static byte[] configuration(String command, Path shown, Path home) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode root = json.createObjectNode();
        root.put("version", "1.0.0");
        root.put("containment", "bubblewrap");
        root.putObject("process").put("commandLine", command).put("cwd", home.toString());
        ObjectNode files = root.putObject("filesystem");
        files.putArray("readonlyPaths").add(shown.toString());
        files.putArray("readwritePaths").add(home.toString());
        root.putObject("network").putObject("egress").put("default", "deny");
        return json.writeValueAsBytes(root);
    }

    private Process start(Path configuration, Path home, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + MxcPackage.NOBODY,
                        "--regid=" + MxcPackage.NOBODY,
                        "--clear-groups",
                        mxc.executor().toString(),
                        configuration.toString())
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("HOME", home.toString());
        builder.environment().put("TMPDIR", home.toString());
        return builder.start();
    }

    /** The shell that waits at the gate: the one of its descendants that has another namespace of processes. */
    private static ProcessHandle await(Process executor, Path place) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<ProcessHandle> shell = executor.descendants()
                    .filter(process -> isWaiting(process.pid(), place))
                    .findFirst();
            if (shell.isPresent()) {
                return shell.get();
            }
            if (!executor.isAlive()) {
                throw new IOException("the executor of MXC ended with code " + executor.exitValue() + ": "
                        + Files.readString(place.resolve("output"), StandardCharsets.ISO_8859_1)
                                .strip());
            }
            pause();
        }
        throw new IOException("no program began within " + PATIENCE.toSeconds() + " s");
    }

    private static boolean isWaiting(long pid, Path place) {
        try {
            Path process = Path.of("/proc/" + pid);
            return Files.readString(process.resolve("comm")).strip().equals("sh")
                    && Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1)
                            .contains(place + "/shown/go")
                    && !Files.readSymbolicLink(process.resolve("ns/pid"))
                            .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/pid")));
        } catch (IOException e) {
            // It has ended meanwhile.
            return false;
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private Launch launch(SandboxId id, Step step) throws SandboxException {
        Launch launch = launches.get(id);
        if (launch == null) {
            throw new SandboxException(step, Kind.TRANSIENT, "there is no sandbox " + id);
        }
        return launch;
    }

    @Override
    public void start(SandboxId id) throws SandboxException {
        try {
            Files.createFile(launch(id, Step.START).place().resolve("shown/go"));
        } catch (IOException e) {
            throw new SandboxException(Step.START, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public SandboxState state(SandboxId id) {
        Launch launch = launches.get(id);
        if (launch == null) {
            return new SandboxState.Absent();
        }
        return launch.executor().isAlive()
                ? new SandboxState.Running(
                        new NetworkAttachment(launch.agent().pid()),
                        launch.executor().info().startInstant().orElse(Instant.EPOCH))
                : new SandboxState.Exited(exit(launch));
    }

    private static ExitStatus exit(Launch launch) {
        return new ExitStatus(launch.executor().exitValue(), Instant.now(), false);
    }

    @Override
    public ExitStatus awaitExit(SandboxId id) throws SandboxException, InterruptedException {
        Launch launch = launch(id, Step.START);
        launch.executor().waitFor();
        return exit(launch);
    }

    @Override
    public void terminate(SandboxId id) throws SandboxException {
        launch(id, Step.STOP).agent().destroy();
    }

    @Override
    public void kill(SandboxId id) throws SandboxException {
        end(launch(id, Step.STOP).executor());
    }

    private static void end(Process executor) {
        List<ProcessHandle> all = executor.descendants().toList();
        all.forEach(ProcessHandle::destroyForcibly);
        executor.destroyForcibly();
        all.forEach(process -> process.onExit().join());
        executor.onExit().join();
    }

    @Override
    public void remove(SandboxId id) throws SandboxException {
        if (launches.containsKey(id)) {
            kill(id);
        }
    }

    @Override
    public void purge(SandboxId id) throws SandboxException {
        remove(id);
        Launch launch = launches.remove(id);
        if (launch != null) {
            try {
                DeepDeletion.delete(launch.place());
            } catch (IOException e) {
                throw new SandboxException(Step.REMOVE, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
            }
        }
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) throws SandboxException, IOException, InterruptedException {
        try {
            trial.run();
        } finally {
            purge(id);
        }
    }

    @Override
    public Set<SandboxId> list() {
        return Set.copyOf(launches.keySet());
    }

    /** What it has printed so far, as a log of the CRI has it. */
    @Override
    public Path log(SandboxId id) {
        Path place = folder.resolve(id.value());
        Path log = place.resolve("log");
        try {
            StringBuilder lines = new StringBuilder();
            String printed = Files.readString(place.resolve("output"), StandardCharsets.ISO_8859_1);
            for (String line : printed.split("(?<=\n)")) {
                lines.append("- stdout ")
                        .append(line.endsWith("\n") ? "F " : "P ")
                        .append(line.stripTrailing())
                        .append('\n');
            }
            Files.writeString(log, lines, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // There is none, which whoever reads it sees.
        }
        return log;
    }

    @Override
    public void update(SandboxSpec spec) throws SandboxException {
        throw new SandboxException(Step.PREPARE, Kind.UNSUPPORTED, "limits: the MXC SDK has none");
    }

    @Override
    public Optional<SandboxStats> stats(SandboxId id) {
        return Optional.empty();
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException {
        throw new SandboxException(Step.EXEC, Kind.UNSUPPORTED, "the MXC SDK runs one command in a sandbox");
    }
}
