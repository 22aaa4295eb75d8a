package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.names.LinuxProxyPrograms;
import dev.agentcontainers.nodeagent.linux.names.LoopbackResolver;
import dev.agentcontainers.nodeagent.linux.names.ProgramsOfNamespace;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NameAudit;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.protocol.names.NameLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A machine with a fence and its egress proxy, which is in the network of that machine, and a resolver that it asks. */
final class ProxiedMachine implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Machine machine;
    private final Sandboxes sandboxes;
    private final NetworkNamespace host;
    private final NamespaceThread inHost;
    private final LoopbackResolver resolver;
    private final LinuxFence fence;
    private final Path folder;
    private final LinuxProxyPrograms programs;
    private final NamesFence names;
    private final EgressProxyKeeper keeper;

    /** @param machine is closed with this */
    ProxiedMachine(Machine machine, Map<String, List<String>> resolved, List<GroupRuleset> rulesets, NameAudit audit)
            throws Exception {
        this(machine, resolved, rulesets, audit, Path.of("/etc/ssl/certs/ca-certificates.crt"));
    }

    /** @param roots by whom servers have to be certified whose TLS is decrypted */
    ProxiedMachine(
            Machine machine,
            Map<String, List<String>> resolved,
            List<GroupRuleset> rulesets,
            NameAudit audit,
            Path roots)
            throws Exception {
        assumeTrue(Program.find("setpriv").isPresent(), "needs setpriv");
        this.machine = machine;
        sandboxes = Sandboxes.make();
        host = NetworkNamespace.open(
                new LinuxNamespaceCalls(), machine.settings().hostNamespace().orElseThrow());
        inHost = NamespaceThread.in(host, "test host");
        resolver = inHost.call(() -> new LoopbackResolver(resolved));
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        folder = Files.createTempDirectory("agentcontainers-proxied");
        programs = new LinuxProxyPrograms(
                folder.resolve("run"),
                folder.resolve("state"),
                Path.of("/run/netns", machine.settings().name()),
                new SandboxCgroups(
                        TestRights.hierarchies(),
                        "/agentproxy-test-" + UUID.randomUUID().toString().substring(0, 8),
                        ProcessCalls.ofThisMachine(),
                        DescriptorCalls.ofThisMachine()),
                new IdRange(200_000_000, 65_536));
        names = new NamesFence(fence);
        names.open(Machine.fenceSettings());
        names.apply(rulesets);
        keeper = new EgressProxyKeeper(
                        names,
                        new ProgramsOfNamespace(programs, inHost),
                        new NameSettings(Optional.of(resolver.address()), NameLimits.DEFAULT),
                        sandboxes.authorities(roots),
                        audit)
                .start();
    }

    Machine machine() {
        return machine;
    }

    /** The fence as the node agent has it. */
    NamesFence names() {
        return names;
    }

    EgressProxyKeeper keeper() {
        return keeper;
    }

    LinuxProxyPrograms programs() {
        return programs;
    }

    void apply(GroupRuleset ruleset) throws SandboxException {
        assertThat(names.apply(List.of(ruleset))).containsEntry(ruleset.name(), ruleset.hash());
    }

    DrivenAgent start(Profile profile, String group) throws Exception {
        DrivenAgent agent = sandboxes.create(profile);
        names.attach(agent.id(), agent.network(), group);
        agent.start();
        return agent;
    }

    static void resolve(DrivenAgent agent, String name, String address) {
        await().atMost(PATIENCE)
                .until(() -> agent.shell("python3 -c \"import socket; print(socket.gethostbyname('" + name + "'))\"")
                        .equals("0 " + address + "\n"));
    }

    @Override
    public void close() throws Exception {
        sandboxes.close();
        keeper.close();
        fence.destroy();
        programs.forget();
        DeepDeletion.delete(folder);
        resolver.close();
        inHost.close();
        host.close();
        machine.close();
    }
}
