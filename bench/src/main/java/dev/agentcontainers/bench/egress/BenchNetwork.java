package dev.agentcontainers.bench.egress;

import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFence;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A machine of network namespaces: one that takes the host's part, with a fence, and one with servers behind it. The real
 * host's routes, tables and settings are not touched. Removes everything of it when closed, or when the JVM is asked to end.
 */
final class BenchNetwork implements AutoCloseable {
    static final String SERVER = "10.20.0.1";
    static final int PORT = 8080;

    private static final String PREFIX = "acbench-";
    private static final String HOST = PREFIX + "host";
    private static final String SERVERS = PREFIX + "servers";
    private static final String FENCE = PREFIX + "fence";
    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final int MTU = 1500;

    private final Path folder;
    private final LinuxFence linux;
    private final NamesFence fence;
    private final Commands commands = new Commands();
    private final Removal removal;

    private BenchNetwork(Path folder) throws IOException, SandboxException {
        this.folder = folder;
        this.linux =
                new LinuxFence(new LinuxFenceSettings(FENCE, Optional.of(hostNamespace()), NAMESPACES, folder, MTU));
        this.fence = new NamesFence(linux);
        removal = new Removal(this::remove);
        Commands.run("ip", "netns", "add", HOST);
        Commands.run("ip", "netns", "add", SERVERS);
        // A host that forwards already: the fence has to guard no interface on which it had to switch that on.
        onHost("ip link set lo up; sysctl -qw net.ipv4.ip_forward=1");
        onHost("ip link add up0 type veth peer name down0 netns " + SERVERS);
        onHost("ip addr add 10.9.0.1/24 dev up0; ip link set up0 up; ip route add default via 10.9.0.2");
        onServers("ip link set lo up; ip addr add %s/32 dev lo".formatted(SERVER));
        onServers("ip addr add 10.9.0.2/24 dev down0; ip link set down0 up; ip route add default via 10.9.0.1");
        fence.open(new FenceSettings("100.80.0.0/16", "100.80.0.0/12", List.of()));
    }

    static BenchNetwork make(String... programs) throws IOException, SandboxException {
        Commands.require(programs);
        removeLeftovers();
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        // Programs that give up their rights have files there.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        return new BenchNetwork(folder);
    }

    /** Of a benchmark that was killed. */
    private static void removeLeftovers() {
        for (String line : Commands.run("ip", "netns", "list").split("\n", -1)) {
            if (line.startsWith(PREFIX)) {
                Commands.run("ip", "netns", "del", line.split(" ", 2)[0]);
            }
        }
    }

    /** As a node agent has it. */
    NamesFence fence() {
        return fence;
    }

    /** A process with nothing but a network namespace of its own, as the fence takes agents. */
    NetworkAttachment agent() {
        return commands.agent();
    }

    /**
     * Joins an agent to the servers by a router of its own instead of the fence: the same number of hops and no filter.
     *
     * @param number from 1, of this router
     * @param tracked with connection tracking and masquerade, as in the fence's way; otherwise neither
     */
    void route(NetworkAttachment agent, int number, boolean tracked) {
        String router = PREFIX + "router" + number;
        String network = "10.9.%d.0/24".formatted(100 + number);
        String own = "10.9.%d".formatted(100 + number);
        Commands.run("ip", "netns", "add", router);
        run(router, "ip link set lo up; sysctl -qw net.ipv4.ip_forward=1");
        run(router, "ip link add agent type veth peer name eth0 netns %d".formatted(agent.pid()));
        run(router, "ip addr add %s.1/30 dev agent; ip link set agent up".formatted(own));
        inside(
                agent,
                "ip addr add %s.2/30 dev eth0; ip link set eth0 up; ip route add default via %s.1".formatted(own, own));
        onHost("ip link add r%d type veth peer name uplink netns %s".formatted(number, router));
        onHost("ip addr add %s.5/30 dev r%d; ip link set r%d up".formatted(own, number, number));
        run(
                router,
                "ip addr add %s.6/30 dev uplink; ip link set uplink up; ip route add default via %s.5"
                        .formatted(own, own));
        onHost("ip route add %s via %s.6; sysctl -qw net.ipv4.conf.r%d.forwarding=1".formatted(network, own, number));
        if (tracked) {
            run(router, """
                    nft -f - <<'RULES'
                    table ip bench { chain forward { type filter hook forward priority 0; policy accept; ct state established accept; }; }
                    RULES
                    """);
            onHost("""
                    nft -f - <<'RULES'
                    table ip bench%d { chain out { type nat hook postrouting priority 100; policy accept; ip saddr %s masquerade; }; }
                    RULES
                    """.formatted(number, network));
        } else {
            onHost("""
                    nft -f - <<'RULES'
                    table ip bench%d { chain in { type filter hook prerouting priority raw; policy accept; ip saddr %s notrack; ip daddr %s notrack; }; }
                    RULES
                    """.formatted(number, network, network));
        }
    }

    /** Runs a server until this is closed. */
    void serve(String... command) {
        commands.start(in(SERVERS, command));
    }

    /** The same on the host. */
    void serveOnHost(String... command) {
        commands.start(onHost(command));
    }

    /** The command as one that runs it on the host. */
    static String[] onHost(String... command) {
        return in(HOST, command);
    }

    private static String[] in(String namespace, String... command) {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        words.addAll(List.of(command));
        return words.toArray(String[]::new);
    }

    static Path hostNamespace() {
        return NAMESPACES.resolve(HOST);
    }

    static Path fenceNamespace() {
        return NAMESPACES.resolve(FENCE);
    }

    /** For files of this run. */
    Path folder() {
        return folder;
    }

    /** What the command prints in the agent's network. */
    String inside(NetworkAttachment agent, String script) {
        return Commands.inside(agent, script);
    }

    /** A program of this benchmark's, as a file. */
    String program(String name) throws IOException {
        return Commands.program(BenchNetwork.class, folder, name);
    }

    String onHost(String script) {
        return run(HOST, script);
    }

    String onServers(String script) {
        return run(SERVERS, script);
    }

    private static String run(String namespace, String script) {
        return Commands.run(in(namespace, "sh", "-ec", script));
    }

    @Override
    public void close() {
        removal.close();
    }

    private void remove() {
        commands.close();
        try {
            fence.destroy();
            linux.close();
        } catch (SandboxException e) {
            System.err.println("bench: the fence could not be removed: " + e.getMessage());
        }
        removeLeftovers();
        FileTrees.delete(folder);
    }
}
