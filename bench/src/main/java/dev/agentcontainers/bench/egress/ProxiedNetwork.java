package dev.agentcontainers.bench.egress;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.names.LinuxProxyPrograms;
import dev.agentcontainers.nodeagent.linux.names.ProgramsOfNamespace;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NameAudit;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.RulesetHash;
import dev.agentcontainers.protocol.names.NameLimits;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A bench network with an egress proxy as it is shipped, a resolver behind it, and one agent whose policy has names. Removes
 * everything of it when closed, or when the JVM is asked to end.
 */
final class ProxiedNetwork implements AutoCloseable {
    /** What every name is resolved to: an address of the servers that names may lead to. */
    static final String SITE_ADDRESS = "198.51.100.10";

    static final String SITE = "api.bench.example";
    static final int SITE_PORT = 80;

    private static final String CONTROL_GROUP = "/agentproxy-bench";
    private static final IdRange AGENTS = new IdRange(1_500_000_000L, IdRange.PER_SANDBOX);

    /** More than is asked here, so that waiting is measured and not a limit. */
    private static final NameLimits LIMITS =
            new NameLimits(1_000_000, 1_000_000, 1_000, 48, 100, 440, 100_000_000, 100_000_000);

    private static final List<AllowedName> NAMES = List.of(
            new AllowedName("known.bench.example", Protocol.TCP, 443, 443),
            new AllowedName("*.many.bench.example", Protocol.TCP, 443, 443));
    private static final List<AllowedHttp> REQUESTS =
            List.of(new AllowedHttp(SITE, SITE_PORT, SITE_PORT, List.of("GET"), List.of("/v1/items/*"), null));

    private final BenchNetwork network;
    private final Commands commands = new Commands();
    private final NetworkNamespace host;
    private final NamespaceThread inHost;
    private final LinuxProxyPrograms programs;
    private final EgressProxyKeeper keeper;
    private final NetworkAttachment agent;
    private final String resolver;
    private final Removal removal;

    private ProxiedNetwork(BenchNetwork network) throws IOException, SandboxException {
        this.network = network;
        network.onServers("ip addr add %s/32 dev lo".formatted(SITE_ADDRESS));
        String ready = commands.start(
                BenchNetwork.onHost("python3", network.program("resolver.py"), "127.0.0.1", "0", SITE_ADDRESS));
        resolver = ready.substring(ready.lastIndexOf(' ') + 1);
        host = NetworkNamespace.open(new LinuxNamespaceCalls(), BenchNetwork.hostNamespace());
        inHost = NamespaceThread.in(host, "bench host");
        programs = new LinuxProxyPrograms(
                network.folder().resolve("run"),
                network.folder().resolve("state"),
                BenchNetwork.fenceNamespace(),
                new SandboxCgroups(
                        Hierarchies.of(MountTable.ofThisThread()),
                        CONTROL_GROUP,
                        ProcessCalls.ofThisMachine(),
                        DescriptorCalls.ofThisMachine()),
                AGENTS);
        network.fence().apply(List.of(group()));
        removal = new Removal(this::remove);
        keeper = new EgressProxyKeeper(
                        network.fence(),
                        new ProgramsOfNamespace(programs, inHost),
                        new NameSettings(Optional.of("127.0.0.1:" + resolver), LIMITS),
                        NameAudit.NONE)
                .start();
        agent = network.agent();
        network.fence().attach(new SandboxId(UUID.randomUUID().toString()), agent, "bench");
    }

    static ProxiedNetwork make(String... otherPrograms) throws IOException, SandboxException {
        Commands.require("python3");
        Commands.require(otherPrograms);
        BenchNetwork network = BenchNetwork.make();
        try {
            return new ProxiedNetwork(network);
        } catch (IOException | SandboxException | RuntimeException e) {
            network.close();
            throw e;
        }
    }

    private static GroupRuleset group() {
        return new GroupRuleset(
                "bench",
                RulesetHash.of(List.of(), List.of(), NAMES, List.of(), REQUESTS),
                List.of(),
                List.of(),
                NAMES,
                List.of(),
                REQUESTS,
                List.of(),
                List.of());
    }

    BenchNetwork network() {
        return network;
    }

    NetworkAttachment agent() {
        return agent;
    }

    /**
     * Has the agent ask its resolver.
     *
     * @param name with {@code %d} for as many names
     * @return nanoseconds of each answer
     */
    List<Long> lookUp(String name, int first, int count) throws IOException {
        return nanos(network.inside(
                agent,
                "exec python3 %s 169.254.1.1 53 %d %s %d".formatted(network.program("lookup.py"), count, name, first)));
    }

    /** The same of the resolver behind it, as a process of this machine's asks it. */
    List<Long> lookUpDirectly(String name, int first, int count) throws IOException {
        return nanos(network.onHost("exec python3 %s 127.0.0.1 %s %d %s %d"
                .formatted(network.program("lookup.py"), resolver, count, name, first)));
    }

    private static List<Long> nanos(String lines) {
        return lines.lines().map(Long::parseLong).toList();
    }

    @Override
    public void close() {
        removal.close();
    }

    private void remove() {
        commands.close();
        try {
            keeper.close();
            programs.forget();
            inHost.close();
            host.close();
        } catch (IOException e) {
            System.err.println("bench: the egress proxy could not be removed: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        network.close();
    }
}
