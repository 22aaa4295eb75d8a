package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditWatch;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.LeftOut;
import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.nodeagent.gateway.GatewayConnection;
import dev.agentcontainers.nodeagent.gateway.StreamTargets;
import dev.agentcontainers.nodeagent.observability.UsageMeters;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.usage.AgentUses;
import dev.agentcontainers.nodeagent.usage.UsageOverTime;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.client.GatewayTrust;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A node that has enrolled and is connected, with the real client side and {@link LocalProcessDriver}. */
final class StreamNode implements AutoCloseable {
    final String name;
    final NodeIdentity identity;
    final LocalProcessDriver driver;
    final GatewayConnection connection;
    final AuditTrail trail = AuditTrail.watched("node", "", Clock.systemUTC());
    final Set<SandboxId> finished = ConcurrentHashMap.newKeySet();
    /** What is saved of every agent here, and what was restored last. */
    final AtomicReference<byte[]> saved = new AtomicReference<>(new byte[0]);
    /** How many restorations broke off. */
    final AtomicInteger cut = new AtomicInteger();

    private final AgentUses uses =
            new AgentUses(Set::of, id -> Optional.empty(), new UsageMeters(new SimpleMeterRegistry()));
    private final GatewayCluster cluster;
    private final Set<SandboxId> assigned = ConcurrentHashMap.newKeySet();

    StreamNode(GatewayCluster cluster, String name, Path folder) throws IOException, InterruptedException {
        this.cluster = cluster;
        this.name = name;
        this.driver = new LocalProcessDriver(folder);
        this.identity = new Enrolment(new IdentityFiles(folder.resolve("identity")))
                .join(new Invitation(
                        cluster.gateway.url(),
                        GatewayTrust.Authority.ofPem(cluster.gateway.authority().certificatePem()),
                        cluster.tokens
                                .create(new Terms(Duration.ofHours(1), name, 1))
                                .value(),
                        name,
                        Map.of()));
        this.connection = new GatewayConnection(
                () -> identity,
                new StreamTargets() {
                    @Override
                    public Optional<IsolationDriver> driver(SandboxId id) {
                        return assigned.contains(id) ? Optional.of(driver) : Optional.empty();
                    }

                    @Override
                    public Optional<AuditWatch> egress(SandboxId id) {
                        return Optional.of(trail.watch(Optional.of(id)));
                    }

                    @Override
                    public Optional<UsageOverTime> usage(SandboxId id) throws SandboxException, InterruptedException {
                        return uses.now(id, driver);
                    }

                    @Override
                    public Contents save(SandboxId id, OutputStream archive) throws IOException {
                        byte[] content = Objects.requireNonNull(saved.get());
                        archive.write(content);
                        archive.flush();
                        return new Contents(1, content.length, Map.of(LeftOut.SOCKET, 2L));
                    }

                    @Override
                    public Contents restore(SandboxId id, InputStream archive) throws IOException {
                        try {
                            byte[] content = archive.readAllBytes();
                            saved.set(content);
                            return new Contents(1, content.length, Map.of());
                        } catch (IOException e) {
                            cut.incrementAndGet();
                            throw e;
                        }
                    }

                    @Override
                    public boolean isFinished(SandboxId id) {
                        return finished.contains(id);
                    }
                },
                Clock.systemUTC());
    }

    /** Makes an AgentContainer that runs here, as operator and node agent would. */
    SandboxId run(String namespace, String agentName, AssignmentPhase phase) {
        AgentContainer agent = Serialization.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: %s, namespace: %s}
                spec:
                  isolation: {className: process}
                  command: [sleep, infinity]
                  resources: {limits: {cpu: "1", memory: 64Mi}}
                """.formatted(agentName, namespace), AgentContainer.class);
        AgentContainer created = cluster.admin.resource(agent).create();
        created.setStatus(
                new AgentContainerStatus(null, null, null, name, null, null, null, null, null, null, null, null));
        cluster.admin.resource(created).updateStatus();
        String uid = created.getMetadata().getUid();
        AgentAssignment assignment = cluster.admin
                .resource(EnrolmentIT.assignment(identity.grant().namespace(), uid))
                .create();
        assignment.setStatus(new AgentAssignmentStatus(
                phase, null, null, null, null, null, null, null, null, null, null, null, null, null));
        cluster.admin.resource(assignment).updateStatus();
        SandboxId id = new SandboxId(uid);
        assigned.add(id);
        return id;
    }

    /** Forgets an agent, so that the gateway believes it is here and the node knows better. */
    void forget(SandboxId id) {
        assigned.remove(id);
    }

    static ObjectMetaBuilder named(String namespace, String name) {
        return new ObjectMetaBuilder().withNamespace(namespace).withName(name);
    }

    @Override
    public void close() throws InterruptedException {
        connection.close();
        trail.close();
        driver.processes.forEach(Process::destroyForcibly);
    }
}
