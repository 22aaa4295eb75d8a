package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.audit.AuditRecord.Direction;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Flow;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Permission;
import dev.agentcontainers.nodeagent.audit.AuditSubject.Agent;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Records that the tests take. */
final class Records {
    static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
    static final Tuple TUPLE = new Tuple(6, "100.80.4.2", 40000, "192.0.2.10", 443);

    private Records() {}

    static AuditSubject subject(String id) {
        return new AuditSubject(
                new SandboxId(id),
                new Agent("team", id, "uid-" + id),
                "100.80.4.2",
                "group",
                "hash",
                List.of("NetworkPolicy team/web"));
    }

    static AuditRecord denied(String id) {
        return new AuditRecord.FlowDenied(
                AT,
                Optional.of(subject(id)),
                Optional.empty(),
                Direction.OUTBOUND,
                Barrier.EGRESS,
                TUPLE,
                Optional.empty());
    }

    static AuditRecord opened(String id) {
        return new AuditRecord.FlowOpened(AT, Optional.of(subject(id)), Optional.empty(), flow());
    }

    static Flow flow() {
        return new Flow(
                "f1",
                TUPLE,
                Direction.OUTBOUND,
                new Permission(Optional.of("egress www.example.org TCP 443"), Optional.of("www.example.org")));
    }
}
