package dev.agentcontainers.cli.record;

import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Direction;
import dev.agentcontainers.nodeagent.audit.AuditSettings;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A record as a node agent writes it, by the node agent's own writer. Close it to have all of it in the files. */
public final class WrittenRecord implements AutoCloseable {
    private static final int TCP = 6;

    private final AuditTrail trail;
    private Instant at;
    private int flows;

    /** @param at when the first thing happens; each next one a second later */
    public WrittenRecord(Path folder, AuditSettings settings, Instant at) {
        this.trail = AuditTrail.inFolder(folder, settings, "n1", "test", Clock.systemUTC());
        this.at = at;
    }

    /** In files of the usual size, from that time on. */
    public static WrittenRecord in(Path folder, Instant at) {
        return new WrittenRecord(folder, AuditSettings.DEFAULT, at);
    }

    private Instant next() {
        at = at.plusSeconds(1);
        return at;
    }

    private static Optional<AuditSubject> subject(String agent) {
        String[] name = agent.split("/", 2);
        return Optional.of(new AuditSubject(
                new SandboxId(name[1] + "-assigned"),
                new AuditSubject.Agent(name[0], name[1], "uid-" + name[1]),
                "100.80.4.2",
                "group",
                "hash",
                List.of("inline/data")));
    }

    private static Tuple tuple(int protocol, String address, int port) {
        return new Tuple(protocol, "100.80.4.2", 40000, address, port);
    }

    private AuditRecord.Flow flow(int protocol, String address, int port, String hostname) {
        return new AuditRecord.Flow(
                "f" + ++flows,
                tuple(protocol, address, port),
                Direction.OUTBOUND,
                new AuditRecord.Permission(
                        Optional.of("egress 0.0.0.0/0 TCP 1-65535"),
                        hostname.isEmpty() ? Optional.empty() : Optional.of(hostname)));
    }

    /** A TCP connection from its beginning to its end. */
    public WrittenRecord connected(String agent, String address, int port, String hostname) {
        return connected(agent, TCP, address, port, hostname, 500, 4000);
    }

    /** @param hostname empty where the agent has the address otherwise */
    public WrittenRecord connected(
            String agent, int protocol, String address, int port, String hostname, long sent, long received) {
        AuditRecord.Flow flow = flow(protocol, address, port, hostname);
        trail.take(new AuditRecord.FlowOpened(next(), subject(agent), Optional.empty(), flow));
        trail.take(new AuditRecord.FlowClosed(
                next(),
                subject(agent),
                Optional.empty(),
                flow,
                Optional.of(new Traffic(5, sent, 4, received)),
                Optional.of(Duration.ofMillis(900))));
        return this;
    }

    /** A connection between two agents of the node that has begun and goes on. */
    public WrittenRecord connectedTo(String agent, String other, String address, int port) {
        trail.take(new AuditRecord.FlowOpened(
                next(),
                subject(agent),
                subject(other),
                new AuditRecord.Flow(
                        "f" + ++flows,
                        tuple(TCP, address, port),
                        Direction.BETWEEN_AGENTS,
                        new AuditRecord.Permission(Optional.empty(), Optional.empty()))));
        return this;
    }

    /** A connection from elsewhere to the agent. */
    public WrittenRecord reachedBy(String address, String agent, int port) {
        trail.take(new AuditRecord.FlowOpened(
                next(),
                subject(agent),
                Optional.empty(),
                new AuditRecord.Flow(
                        "f" + ++flows,
                        new Tuple(TCP, address, 40000, "100.80.4.2", port),
                        Direction.INBOUND,
                        new AuditRecord.Permission(Optional.empty(), Optional.empty()))));
        return this;
    }

    public WrittenRecord denied(String agent, Barrier barrier, String address, int port, String hostname) {
        trail.take(new AuditRecord.FlowDenied(
                next(),
                subject(agent),
                Optional.empty(),
                Direction.OUTBOUND,
                barrier,
                tuple(TCP, address, port),
                hostname.isEmpty() ? Optional.empty() : Optional.of(hostname)));
        return this;
    }

    public WrittenRecord asked(String agent, String name, NameVerdict verdict, String... addresses) {
        trail.take(new AuditRecord.NameDecided(
                next(),
                subject(agent),
                "100.80.4.2",
                name,
                "A",
                verdict,
                verdict == NameVerdict.DENIED ? Optional.empty() : Optional.of(name),
                List.of(addresses),
                Duration.ofMillis(3)));
        return this;
    }

    public WrittenRecord looked(String agent, TlsVerdict verdict, String address, int port, String serverName) {
        trail.take(new AuditRecord.TlsDecided(
                next(),
                subject(agent),
                "100.80.4.2",
                address,
                port,
                serverName.isEmpty() ? Optional.empty() : Optional.of(serverName),
                verdict,
                Duration.ofMillis(2)));
        return this;
    }

    /** A request of HTTP that a rule has let pass or not. */
    public WrittenRecord requested(String agent, HttpVerdict verdict, String address, int port, String method) {
        trail.take(new AuditRecord.HttpDecided(
                next(),
                subject(agent),
                "100.80.4.2",
                address,
                port,
                Optional.empty(),
                Optional.of(method),
                Optional.of("api.example.com"),
                Optional.of("/v1/items"),
                false,
                verdict,
                verdict == HttpVerdict.PASSED ? 200 : 403,
                100,
                200,
                Duration.ofMillis(2)));
        return this;
    }

    /** Of nobody in particular. */
    public WrittenRecord missing(long count) {
        trail.take(new AuditRecord.Missing(next(), Optional.empty(), count, "too many"));
        return this;
    }

    @Override
    public void close() throws InterruptedException {
        trail.close();
    }
}
