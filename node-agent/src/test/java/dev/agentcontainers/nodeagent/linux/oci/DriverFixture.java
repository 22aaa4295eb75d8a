package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.process.LibcCalls;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A driver on folders and control groups of its own, and a count of what it must not leave behind. */
final class DriverFixture {
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final ResourceAmounts SMALL = new ResourceAmounts(
            OptionalLong.of(1000), OptionalLong.of(128L << 20), OptionalLong.empty(), OptionalLong.of(64));

    private final OciSettings settings;
    private final OciDriver driver;
    private final Path base;
    private final Leftovers before;

    private DriverFixture(OciSettings settings, Path base, Leftovers before) {
        this.settings = settings;
        this.driver = new OciDriver(settings, new LibcCalls());
        this.base = base;
        this.before = before;
    }

    static DriverFixture open() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(OciMachine.program("crun", "runc").isPresent(), "needs crun or runc");
        assumeTrue(OciMachine.program("conmon").isPresent(), "needs conmon");
        Path base = Files.createTempDirectory("oci-driver");
        SandboxFiles.makePassable(base);
        String parent = "agentcontainers-test-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
        OciSettings settings = OciSettings.of(
                base.resolve("state"), base.resolve("run"), parent, 300_000_000L, 65_536L * 100, 10_000_000);
        return new DriverFixture(settings, base, Leftovers.count(base));
    }

    OciDriver driver() {
        return driver;
    }

    OciDriver anotherDriver() {
        return new OciDriver(settings, new LibcCalls());
    }

    Path stateDirectory() {
        return settings.stateDirectory();
    }

    SandboxSpec spec(String name, String script, ResolvedMount... mounts) {
        return spec(name, script, SMALL, mounts);
    }

    SandboxSpec limited(String name, String script, long memory, long pids) {
        return spec(
                name,
                script,
                new ResourceAmounts(
                        OptionalLong.of(1000), OptionalLong.of(memory), OptionalLong.empty(), OptionalLong.of(pids)));
    }

    SandboxSpec withStorage(String name, String script, long bytes) {
        return spec(
                name,
                script,
                new ResourceAmounts(
                        OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(bytes), OptionalLong.empty()),
                new ResolvedMount.Workspace("/workspace", true));
    }

    private static SandboxSpec spec(String name, String script, ResourceAmounts limits, ResolvedMount... mounts) {
        return new SandboxSpec(
                new SandboxId(name),
                name,
                Map.of(),
                List.of("/bin/sh", "-c", script),
                "/",
                Map.of(),
                limits,
                List.of(mounts));
    }

    void launch(SandboxSpec spec) throws SandboxException {
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
    }

    ExitStatus run(SandboxSpec spec) throws Exception {
        launch(spec);
        return driver.awaitExit(spec.id());
    }

    /** What the sandbox wrote to standard output and error, without the log's own columns. */
    String output(SandboxId id) throws IOException {
        return Files.readAllLines(driver.log(id)).stream()
                .map(line -> line.split(" ", 4)[3] + "\n")
                .collect(Collectors.joining());
    }

    void closeAndCheck() throws Exception {
        for (SandboxId id : driver.list()) {
            driver.purge(id);
        }
        assertThat(driver.list()).isEmpty();
        // The kernel frees a mount namespace and its loop devices a moment after the last process.
        Awaitility.await().untilAsserted(() -> assertThat(Leftovers.count(base)).isEqualTo(before));
        new LibcCalls().unmount(settings.runDirectory().toString());
        dev.agentcontainers.nodeagent.linux.cgroup.Cgroups.find(
                        dev.agentcontainers.nodeagent.linux.rootfs.MountTable.ofThisThread(), settings.cgroupParent())
                .forget();
        SandboxFiles.delete(base);
    }

    /** What could be left: processes that name the folder, mounts below it, loop devices of its files. */
    private record Leftovers(long processes, long mounts, long loops) {
        static Leftovers count(Path base) throws IOException {
            return new Leftovers(
                    ProcessHandle.allProcesses()
                            .filter(process -> commandLine(process.pid()).contains(base.toString()))
                            .count(),
                    Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                            .filter(line -> line.contains(base + "/") && !line.contains(base + "/run "))
                            .count(),
                    loops(base));
        }

        private static String commandLine(long pid) {
            try {
                return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
            } catch (IOException e) {
                return "";
            }
        }

        private static long loops(Path base) throws IOException {
            try (Stream<Path> devices = Files.list(Path.of("/sys/block"))) {
                return devices.map(device -> device.resolve("loop/backing_file"))
                        .filter(Files::exists)
                        .filter(file -> {
                            try {
                                return Files.readString(file).contains(base.toString());
                            } catch (IOException e) {
                                return false;
                            }
                        })
                        .count();
            }
        }
    }
}
