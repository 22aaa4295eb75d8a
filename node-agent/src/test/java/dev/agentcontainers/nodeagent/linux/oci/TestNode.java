package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.awaitility.Awaitility;

/** A node of a test's own on the real machine; removes everything of it when closed. */
final class TestNode implements AutoCloseable {
    static {
        // The processor may be emulated.
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
    }

    private final Path directory;
    private final OciSettings settings;
    private final OciDriver driver;

    private TestNode(Path directory, OciSettings settings) {
        this.directory = directory;
        this.settings = settings;
        this.driver = driver(settings);
    }

    static TestNode start() throws IOException {
        return start(HostRoot.DEFAULT, 0);
    }

    static TestNode start(HostRoot hostRoot, long logLimitBytes) throws IOException {
        return start(hostRoot, logLimitBytes, OptionalLong.empty());
    }

    static TestNode start(HostRoot hostRoot, long logLimitBytes, OptionalLong unaskedStorage) throws IOException {
        requireMachine();
        Path directory = Files.createTempDirectory("agentcontainers-oci");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        OciSettings settings =
                settings(directory.resolve("state"), directory.resolve("run"), hostRoot, logLimitBytes, unaskedStorage);
        return new TestNode(directory, settings);
    }

    /** Whose agents over gVisor have this one. */
    static TestNode withGvisor(GvisorSettings gvisor) throws IOException {
        TestNode node = start();
        return new TestNode(node.directory, node.settings.withGvisor(gvisor));
    }

    /** Whose agents in virtual machines have these. */
    static TestNode withMicroVms(MicroVmSettings microVm) throws IOException {
        TestNode node = start();
        return new TestNode(node.directory, node.settings.withMicroVm(microVm));
    }

    /** With these directories, which are removed when it is closed. */
    static TestNode at(Path stateDirectory, Path runDirectory, HostRoot hostRoot) {
        return new TestNode(stateDirectory, settings(stateDirectory, runDirectory, hostRoot, 0, OptionalLong.empty()));
    }

    /** Skips the test where agents can't be run. */
    static void requireMachine() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        runtime();
    }

    private static OciSettings settings(
            Path stateDirectory,
            Path runDirectory,
            HostRoot hostRoot,
            long logLimitBytes,
            OptionalLong unaskedStorage) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                "/agentcontainers-test-" + UUID.randomUUID().toString().substring(0, 8),
                new IdRange(300_000_000, 64 * IdRange.PER_SANDBOX),
                runtime(),
                gvisor(),
                microVm(),
                hostRoot,
                logLimitBytes,
                unaskedStorage,
                Confinement.SHIPPED,
                OciSettings.PATIENCE,
                false);
    }

    /** Chosen by a system property: these tests are run once with each runtime. */
    private static Optional<Path> runtime() {
        Optional<String> chosen = Optional.ofNullable(System.getProperty("agentcontainers.test.runtime"));
        if (chosen.isEmpty()) {
            assumeTrue(Program.find("crun").or(() -> Program.find("runc")).isPresent(), "needs crun or runc");
            return Optional.empty();
        }
        Optional<Program> program = Program.find(chosen.get());
        assumeTrue(program.isPresent(), "needs " + chosen.get());
        return program.map(Program::path);
    }

    /** Another node with the same directories, with this program as its runtime. */
    OciDriver driverWith(Path runtime, Duration patience) {
        return driver(settings.withRuntime(runtime, patience));
    }

    OciSettings settings() {
        return settings;
    }

    OciDriver driver() {
        return driver;
    }

    /** As after a restart of the node agent. */
    OciDriver newDriver() {
        return driver(settings);
    }

    /** Chosen by a system property: the same tests are run with each. */
    private static OciDriver driver(OciSettings settings) {
        OciDriver process = OciDriver.process(settings);
        return switch (kind()) {
            case PROCESS -> process;
            case CONTAINER -> process.container();
            case GVISOR -> process.gvisor();
            case MICROVM -> process.microVm();
        };
    }

    private static DriverKind kind() {
        return DriverKind.valueOf(
                System.getProperty("agentcontainers.test.driver", "process").toUpperCase(Locale.ROOT));
    }

    /** The tests that are run with it are skipped where it is missing. */
    private static GvisorSettings gvisor() {
        if (kind() != DriverKind.GVISOR) {
            return GvisorSettings.DEFAULT;
        }
        return TestGvisor.required();
    }

    private static MicroVmSettings microVm() {
        return kind() == DriverKind.MICROVM ? TestMicroVm.required() : MicroVmSettings.DEFAULT;
    }

    private static SandboxRoot root() {
        return kind().runsImages() ? new SandboxRoot.Image(List.of(HostPrograms.all()), "") : SandboxRoot.HOST;
    }

    static SandboxId newId() {
        return new SandboxId(UUID.randomUUID().toString());
    }

    static SandboxSpec shell(String script, ResolvedMount... mounts) {
        return spec(newId(), List.of("/bin/sh", "-c", script), ResourceAmounts.NONE, mounts);
    }

    static SandboxSpec shell(String script, ResourceAmounts limits, ResolvedMount... mounts) {
        return spec(newId(), List.of("/bin/sh", "-c", script), limits, mounts);
    }

    static SandboxSpec spec(SandboxId id, List<String> command, ResourceAmounts limits, ResolvedMount... mounts) {
        return new SandboxSpec(
                id,
                root(),
                "agent-host",
                Map.of(),
                command,
                "/",
                Map.of("GREETING", "hello"),
                limits,
                limits,
                List.of(mounts));
    }

    /** In a virtual machine with room for its kernel. */
    static ResourceAmounts limits(long cpuMillis, long memoryBytes, long pids) {
        long memory = kind() == DriverKind.MICROVM ? Math.max(memoryBytes, 256L << 20) : memoryBytes;
        return new ResourceAmounts(
                OptionalLong.of(cpuMillis), OptionalLong.of(memory), OptionalLong.empty(), OptionalLong.of(pids));
    }

    static ResourceAmounts openFiles(long number) {
        return new ResourceAmounts(
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.of(number),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    static ResourceAmounts diskRates(OptionalLong read, OptionalLong write) {
        return new ResourceAmounts(
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                read,
                write,
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    static ResourceAmounts writeRate(long rate, OptionalLong storage) {
        return new ResourceAmounts(
                OptionalLong.empty(),
                OptionalLong.empty(),
                storage,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.of(rate),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    static ResourceAmounts storage(long bytes) {
        return new ResourceAmounts(
                OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(bytes), OptionalLong.empty());
    }

    void begin(SandboxSpec spec) throws SandboxException {
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
    }

    /** Runs it to its end. */
    ExitStatus run(SandboxSpec spec) throws SandboxException, InterruptedException {
        begin(spec);
        return driver.awaitExit(spec.id());
    }

    /** What a shell script prints in a sandbox, which is removed afterwards. */
    String outputOf(String script, ResolvedMount... mounts) throws Exception {
        return outputOf(shell(script, mounts));
    }

    String outputOf(SandboxSpec spec) throws Exception {
        ExitStatus exit = run(spec);
        String output = output(spec.id());
        driver.purge(spec.id());
        assertThat(exit.code()).as(output).isZero();
        return output;
    }

    /** The agent's output without the log's time stamps and stream names, partial lines joined. */
    String output(SandboxId id) throws IOException {
        StringBuilder output = new StringBuilder();
        for (String line : logLines(id)) {
            String[] parts = line.split(" ", 4);
            output.append(parts[3]).append(parts[2].equals("F") ? "\n" : "");
        }
        return output.toString().stripTrailing();
    }

    List<String> logLines(SandboxId id) throws IOException {
        try {
            return Files.readAllLines(driver.log(id), UTF_8);
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** What the disk keeps for a file, holes left out. */
    static long bytesOnDisk(Path file) throws Exception {
        Program.Result blocks =
                Program.find("stat").orElseThrow().run(Duration.ofSeconds(60), List.of("-c", "%b", file.toString()));
        return 512 * Long.parseLong(blocks.output().strip());
    }

    @Override
    public void close() throws Exception {
        for (SandboxId id : driver.list()) {
            driver.purge(id);
        }
        driver.forget();
        DeepDeletion.delete(directory);
    }
}
