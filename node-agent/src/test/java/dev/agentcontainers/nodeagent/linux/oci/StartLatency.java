package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/**
 * Measures a start beside a bare {@code crun run} of the same bundle. A main, since a busy machine decides nothing.
 * Argument: {@code plain} for workspaces without a limit, {@code ready} for a limit whose images are formatted ahead,
 * {@code cold} for one that is another at each start.
 */
final class StartLatency {
    private static final int RUNS = 40;
    private static final long MIB = 1 << 20;
    private final Map<String, List<Double>> samples = new java.util.TreeMap<>();
    private final String storage;
    private int starts;

    private StartLatency(String storage) {
        this.storage = storage;
    }

    public static void main(String[] arguments) throws Exception {
        try (TestNode node = TestNode.start()) {
            new StartLatency(arguments.length == 0 ? "plain" : arguments[0]).measure(node);
        }
    }

    private void measure(TestNode node) throws Exception {
        ProcessDriver driver = node.driver();
        SandboxSpec bare = spec();
        driver.prepare(bare);
        driver.create(bare);
        for (int i = 0; i < RUNS; i++) {
            SandboxSpec spec = spec();
            long begin = System.nanoTime();
            timed("1 prepare", () -> {
                driver.prepare(spec);
                return true;
            });
            timed("2 create", () -> driver.create(spec));
            timed("3 start", () -> {
                driver.start(spec.id());
                return true;
            });
            record("4 all three", begin);
            timed("5 await exit", () -> driver.awaitExit(spec.id()));
            record("6 all until exit", begin);
            timed("7 state", () -> driver.state(spec.id()));
            timed("8 purge", () -> {
                driver.purge(spec.id());
                return true;
            });
            bareRun(node, bare);
        }
        samples.forEach((name, values) -> System.out.printf(
                "%-20s min %6.1f  p50 %6.1f  p95 %6.1f ms%n", name, at(values, 0), at(values, 0.5), at(values, 0.95)));
    }

    private SandboxSpec spec() {
        OptionalLong limit = switch (storage) {
            case "plain" -> OptionalLong.empty();
            case "ready" -> OptionalLong.of(1024 * MIB);
            case "cold" -> OptionalLong.of(1024 * MIB + 4096 * ++starts);
            case String other -> throw new IllegalArgumentException(other);
        };
        return TestNode.spec(
                TestNode.newId(),
                List.of("/bin/true"),
                new ResourceAmounts(OptionalLong.of(1000), OptionalLong.of(256 * MIB), limit, OptionalLong.of(100)),
                new Workspace("/workspace", true));
    }

    private void bareRun(TestNode node, SandboxSpec created) throws Exception {
        SandboxFiles files = new SandboxFiles(node.settings(), created.id());
        long shimPid = RunRecord.read(files.record()).orElseThrow().shim().pid();
        Path bundle = SandboxFiles.through(shimPid, files.bundle());
        ObjectMapper json = new ObjectMapper();
        ObjectNode configuration =
                (ObjectNode) json.readTree(bundle.resolve("config.json").toFile());
        ((ObjectNode) configuration.get("linux"))
                .put("cgroupsPath", node.settings().cgroupParent() + "/bare");
        Files.createDirectories(bundle.resolve("bare"));
        json.writeValue(bundle.resolve("bare/config.json").toFile(), configuration);
        Tools tools = Tools.find(Optional.empty());
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        RuntimeCommand command = new RuntimeCommand(
                tools,
                new Shim(tools, node.settings(), processes, descriptors),
                processes,
                descriptors,
                new Readiness(processes, descriptors),
                Mounts.ofThisMachine(),
                OciSettings.PATIENCE);
        timed("9 bare run", () -> {
            command.run(
                    files,
                    shimPid,
                    List.of("run", "--bundle", files.bundle().resolve("bare").toString(), "bare"));
            return true;
        });
    }

    private void timed(String name, Callable<?> work) throws Exception {
        long begin = System.nanoTime();
        work.call();
        record(name, begin);
    }

    private void record(String name, long begin) {
        samples.computeIfAbsent(name, _ -> new ArrayList<>()).add((System.nanoTime() - begin) / 1e6);
    }

    private static double at(List<Double> values, double share) {
        // The first ones are the JVM's warming up.
        List<Double> sorted = values.stream().skip(RUNS / 4).sorted().collect(Collectors.toList());
        return sorted.get((int) (share * (sorted.size() - 1)));
    }
}
