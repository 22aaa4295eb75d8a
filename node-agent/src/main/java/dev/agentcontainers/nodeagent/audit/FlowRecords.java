package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.audit.AuditRecord.Direction;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Flow;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Permission;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Makes records of what the fence tells. Thread-safe. */
final class FlowRecords {
    private static final int MOST_OPEN = 1 << 16;

    private final AuditSubjects subjects;
    /** Flows as they were when they began: who had which address, and why it was allowed, is asked then. Guarded by itself. */
    private final Map<String, AuditRecord.FlowOpened> open = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, AuditRecord.FlowOpened> eldest) {
            return size() > MOST_OPEN;
        }
    };

    FlowRecords(AuditSubjects subjects) {
        this.subjects = subjects;
    }

    AuditRecord of(FenceEvent event) {
        return switch (event) {
            case FenceEvent.Opened opened -> {
                AuditRecord.FlowOpened record = opened(opened.at(), opened.flow(), opened.tuple());
                synchronized (open) {
                    open.put(opened.flow(), record);
                }
                yield record;
            }
            case FenceEvent.Closed closed -> closed(closed);
            case FenceEvent.Denied denied -> denied(denied);
            case FenceEvent.Overrun overrun ->
                new AuditRecord.Missing(
                        overrun.at(),
                        Optional.empty(),
                        0,
                        "the kernel could not tell of some " + overrun.of() + ": how many is not known");
        };
    }

    /** The flow as the rules of now have it. */
    AuditRecord.FlowOpened judged(Instant at, String id, Tuple tuple) {
        return opened(at, id, tuple);
    }

    private AuditRecord.FlowOpened opened(Instant at, String id, Tuple tuple) {
        Optional<AuditSubject> source = subjects.at(tuple.source(), at);
        Optional<AuditSubject> destination = subjects.at(tuple.destination(), at);
        if (source.isPresent()) {
            Direction direction = destination.isPresent() ? Direction.BETWEEN_AGENTS : Direction.OUTBOUND;
            return new AuditRecord.FlowOpened(
                    at, source, destination, new Flow(id, tuple, direction, sending(source.get(), tuple)));
        }
        Permission permission =
                destination.map(receiver -> receiving(receiver, tuple)).orElse(Permission.UNKNOWN);
        return new AuditRecord.FlowOpened(
                at, destination, Optional.empty(), new Flow(id, tuple, Direction.INBOUND, permission));
    }

    /** A rule with addresses decides before one with names, as in the kernel. */
    private Permission sending(AuditSubject sender, Tuple tuple) {
        NameMemory.Names names = subjects.names(sender, tuple.destination());
        Optional<GroupRules> rules = subjects.rules(sender);
        Optional<String> rule = rules.flatMap(
                        group -> group.egress(tuple.destination(), tuple.protocol(), tuple.destinationPort()))
                .or(() -> rules.flatMap(group -> names.all().stream()
                        .flatMap(name -> group.name(name, tuple.protocol(), tuple.destinationPort()).stream())
                        .findFirst()));
        Optional<Allowed> allowed = rules.map(
                group -> Allowed.by(group, tuple.destination(), names, tuple.protocol(), tuple.destinationPort()));
        return new Permission(
                rule,
                names.all().stream().findFirst(),
                allowed.flatMap(Allowed::source),
                allowed.map(Allowed::recorded).orElse(true));
    }

    private Permission receiving(AuditSubject receiver, Tuple tuple) {
        return new Permission(
                subjects.rules(receiver)
                        .flatMap(group -> group.ingress(tuple.source(), tuple.protocol(), tuple.destinationPort())),
                Optional.empty());
    }

    private AuditRecord closed(FenceEvent.Closed closed) {
        AuditRecord.FlowOpened begun;
        synchronized (open) {
            begun = open.remove(closed.flow());
        }
        if (begun == null) {
            begun = opened(closed.lasted().map(closed.at()::minus).orElse(closed.at()), closed.flow(), closed.tuple());
        }
        Flow flow = begun.flow().permission().recorded() || !isRecordedByNow(begun)
                ? begun.flow()
                : begun.flow().whichIsRecorded();
        return new AuditRecord.FlowClosed(
                closed.at(), begun.subject(), begun.peer(), flow, closed.traffic(), closed.lasted());
    }

    /** Whether rules of now still allow it, and one of them has it recorded. */
    private boolean isRecordedByNow(AuditRecord.FlowOpened begun) {
        return begun.subject()
                .flatMap(sender -> subjects.of(sender.sandbox()))
                .map(sender -> sending(sender, begun.flow().tuple()))
                .filter(permission -> permission.source().isPresent() && permission.recorded())
                .isPresent();
    }

    private AuditRecord denied(FenceEvent.Denied denied) {
        Tuple tuple = denied.tuple();
        Optional<AuditSubject> sender = denied.sender().flatMap(subjects::of);
        Optional<AuditSubject> receiver =
                denied.receiver().flatMap(subjects::of).or(() -> subjects.at(tuple.destination(), denied.at()));
        if (sender.isEmpty() && receiver.isPresent()) {
            return new AuditRecord.FlowDenied(
                    denied.at(),
                    receiver,
                    Optional.empty(),
                    Direction.INBOUND,
                    denied.barrier(),
                    tuple,
                    Optional.empty());
        }
        return new AuditRecord.FlowDenied(
                denied.at(),
                sender,
                receiver,
                receiver.isPresent() ? Direction.BETWEEN_AGENTS : Direction.OUTBOUND,
                denied.barrier(),
                tuple,
                sender.flatMap(agent -> subjects.domain(agent, tuple.destination())));
    }
}
