package dev.agentcontainers.bench.egress;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NameAudit;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.RulesetHash;
import dev.agentcontainers.protocol.names.NameLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * This machine with a fence and an egress proxy as they are shipped, a resolver behind it, and one agent. Removes everything of
 * it when closed, or when the JVM is asked to end.
 */
final class LookupNode implements AutoCloseable {
    private static final String NAME = "bench";
    private static final long FIRST_ID = 1_500_000_000L;
    /** More than is asked here, so that waiting is measured and not a limit. */
    private static final NameLimits LIMITS =
            new NameLimits(1_000_000, 1_000_000, 1_000, 48, 100, 440, 100_000_000, 100_000_000);

    private static final List<AllowedName> NAMES = List.of(
            new AllowedName("api.bench.example", Protocol.TCP, 443, 443),
            new AllowedName("*.many.bench.example", Protocol.TCP, 443, 443));

    private final Path folder;
    private final Commands commands = new Commands();
    private final String upstream;
    private final NamesFence fence;
    private final Platform platform = Platform.current();
    private final NodeSettings settings;
    private final EgressProxyKeeper keeper;
    private final NetworkAttachment agent;
    private final Thread closing = new Thread(this::remove, "close");
    private boolean removed;

    private LookupNode(Path folder) throws IOException, SandboxException {
        this.folder = folder;
        this.settings = new NodeSettings(
                NAME, folder.resolve("state"), folder.resolve("run"), FIRST_ID, 64L * IdRange.PER_SANDBOX, 64L << 20);
        // Closed to all others, as a node's is.
        Files.createDirectory(
                settings.stateDirectory(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        String ready = commands.start("python3", program("resolver.py"), "127.0.0.1", "0");
        this.upstream = ready.substring(ready.lastIndexOf(' ') + 1);
        this.fence = new NamesFence(platform.fence(settings));
        Runtime.getRuntime().addShutdownHook(closing);
        fence.open(new FenceSettings("100.95.252.0/22", "100.80.0.0/12", List.of()));
        this.keeper = new EgressProxyKeeper(
                        fence,
                        platform.proxy(settings),
                        new NameSettings(Optional.of("127.0.0.1:" + upstream), LIMITS),
                        NameAudit.NONE)
                .start();
        fence.apply(List.of(
                new GroupRuleset("bench", RulesetHash.of(List.of(), List.of(), NAMES), List.of(), List.of(), NAMES)));
        this.agent = commands.agent();
        fence.attach(new SandboxId(UUID.randomUUID().toString()), agent, "bench");
    }

    static LookupNode open() throws IOException, SandboxException {
        Commands.require("python3");
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        return new LookupNode(folder);
    }

    /**
     * Has the agent ask its resolver.
     *
     * @param name with {@code %d} for as many names
     * @return nanoseconds of each answer
     */
    List<Long> agent(String name, int first, int count) throws IOException {
        return nanos(Commands.inside(
                agent, "exec python3 %s 169.254.1.1 53 %d %s %d".formatted(program("lookup.py"), count, name, first)));
    }

    /** The same of the resolver behind it, as a process of this machine's asks it. */
    List<Long> directly(String name, int first, int count) throws IOException {
        return nanos(Commands.run(
                "python3",
                program("lookup.py"),
                "127.0.0.1",
                upstream,
                Integer.toString(count),
                name,
                Integer.toString(first)));
    }

    private static List<Long> nanos(String lines) {
        return lines.lines().map(Long::parseLong).toList();
    }

    private String program(String name) throws IOException {
        return Commands.program(LookupNode.class, folder, name);
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(closing);
        remove();
    }

    private synchronized void remove() {
        if (removed) {
            return;
        }
        removed = true;
        commands.close();
        try {
            fence.destroy();
            keeper.close();
            platform.forget(settings);
        } catch (SandboxException | IOException e) {
            System.err.println("bench: the fence could not be removed: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        FileTrees.delete(folder);
    }
}
