package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFence;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** A node whose agents stand behind the real fence, on a host of a network namespace's own. */
final class FencedNode implements AutoCloseable {
    /** Asks for everything and lets nobody in. */
    static final GroupRuleset GROUP = group("probed");

    /** Serves at port 8001, and once it does so has the file /tmp/serves. */
    static final List<String> SERVER = List.of("python3", "-c", script());

    private final String id = UUID.randomUUID().toString().substring(0, 6);
    private final String host = "acpr-host-" + id;
    private final TestNode node;
    private final Path directory;
    private final LinuxFence fence;

    private FencedNode(TestNode node) throws Exception {
        this.node = node;
        this.directory = Files.createTempDirectory("probe-test");
        run("ip", "netns", "add", host);
        run("ip", "-n", host, "link", "set", "lo", "up");
        run("ip", "-n", host, "addr", "add", "169.254.169.254/32", "dev", "lo");
        fence = new LinuxFence(new LinuxFenceSettings(
                "acpr-fence-" + id, Optional.of(Path.of("/run/netns", host)), Path.of("/run/netns"), directory, 1500));
        fence.open(new FenceSettings("100.80.6.0/24", "100.80.0.0/12", List.of()));
        fence.apply(List.of(GROUP));
    }

    static FencedNode start() throws Exception {
        return new FencedNode(TestNode.start());
    }

    private static GroupRuleset group(String name) {
        List<Allow> everything =
                List.of(new Allow("0.0.0.0/0", Protocol.TCP, 1, 65535), new Allow("0.0.0.0/0", Protocol.UDP, 1, 65535));
        return new GroupRuleset(name, RulesetHash.of(everything), everything);
    }

    private static String script() {
        try (InputStream stream = Objects.requireNonNull(FencedNode.class.getResourceAsStream("probed.py"))) {
            return new String(stream.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    TestNode node() {
        return node;
    }

    LinuxFence fence() {
        return fence;
    }

    /** An agent that serves; its address. */
    String begin(SandboxSpec spec) throws Exception {
        node.driver().prepare(spec);
        String address = fence.attach(spec.id(), node.driver().create(spec), GROUP.name())
                .address();
        node.driver().start(spec.id());
        await().until(() -> code(spec.id(), "test", "-e", "/tmp/serves") == 0);
        return address;
    }

    static SandboxSpec server() {
        return TestNode.spec(TestNode.newId(), SERVER, ResourceAmounts.NONE);
    }

    int code(SandboxId agent, String... command) throws Exception {
        try (ExecSession session = node.driver().exec(agent, new ExecRequest(List.of(command), false, false))) {
            session.standardOutput().readAllBytes();
            return session.awaitExit();
        }
    }

    String output(SandboxId agent, String... command) throws Exception {
        try (ExecSession session = node.driver().exec(agent, new ExecRequest(List.of(command), false, false))) {
            String output = new String(session.standardOutput().readAllBytes(), UTF_8);
            session.awaitExit();
            return output.strip();
        }
    }

    /** A process on the host, which says that it is ready by a line. */
    Process onHost(String... command) throws IOException {
        List<String> line = new java.util.ArrayList<>(List.of("ip", "netns", "exec", host));
        line.addAll(List.of(command));
        Process process = new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return process;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    @Override
    public void close() throws Exception {
        node.close();
        fence.destroy();
        fence.close();
        run("ip", "netns", "delete", host);
        dev.agentcontainers.nodeagent.linux.storage.DeepDeletion.delete(directory);
    }
}
