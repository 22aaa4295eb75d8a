package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.audit.AuditRecord.Flow;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FlowTraffic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells a trail what passes by each rule. The kernel counts each packet of each connection anyway; what it has counted is read now
 * and then, and at the connection's end, and what is new counts for the rule that allows the connection by then. Packets pay nothing
 * for it. Thread-safe.
 */
final class RuleLedger {
    private static final int MOST_ENDED = 1 << 16;

    private final AuditTrail trail;
    private final FlowRecords records;
    private final Map<String, Passing> passing = new HashMap<>();
    /** Of which everything is counted, though the kernel may still show them. */
    private final Set<String> ended = Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_ENDED;
        }
    });

    /** Whether a listing was taken. */
    private boolean begun;

    /** A flow that goes on, and what of it is counted. */
    private static final class Passing {
        private Traffic counted;
        private boolean missed;

        private Passing(Traffic counted) {
            this.counted = counted;
        }
    }

    RuleLedger(AuditTrail trail, FlowRecords records) {
        this.trail = trail;
        this.records = records;
    }

    /** What passed before the first listing, of flows that nobody told of, is an earlier process's: that has counted it. */
    synchronized void begin(List<FlowTraffic> before) {
        if (!begun) {
            before.forEach(each -> passing.putIfAbsent(each.flow(), new Passing(each.traffic())));
            begun = true;
        }
    }

    /** Takes note of what the fence tells. */
    void take(FenceEvent event, AuditRecord record) {
        switch (event) {
            case FenceEvent.Opened opened -> {
                begin(opened.flow());
                if (record instanceof AuditRecord.FlowOpened its) {
                    count(its.subject(), its.flow(), 1, RuleTraffic.NO_TRAFFIC);
                }
            }
            case FenceEvent.Closed closed -> {
                if (record instanceof AuditRecord.FlowClosed its) {
                    end(closed).ifPresent(more -> countAtTheEnd(closed, its, more));
                }
            }
            case FenceEvent.Denied _, FenceEvent.Overrun _ -> {}
        }
    }

    private synchronized void begin(String flow) {
        passing.putIfAbsent(flow, new Passing(RuleTraffic.NO_TRAFFIC));
        ended.remove(flow);
    }

    /** What is not counted of it yet. */
    private synchronized Optional<Traffic> end(FenceEvent.Closed closed) {
        Passing known = passing.remove(closed.flow());
        boolean isNew = ended.add(closed.flow());
        if (known == null && (!begun || !isNew)) {
            return Optional.empty();
        }
        Traffic before = known == null ? RuleTraffic.NO_TRAFFIC : known.counted;
        return closed.traffic().map(now -> RuleTraffic.since(before, now));
    }

    private void countAtTheEnd(FenceEvent.Closed closed, AuditRecord.FlowClosed record, Traffic more) {
        // By the rules of now, as far as they still allow it.
        AuditRecord.FlowOpened its = records.judged(closed.at(), closed.flow(), closed.tuple());
        boolean allowed = its.flow().permission().source().isPresent();
        count(allowed ? its.subject() : record.subject(), allowed ? its.flow() : record.flow(), 0, more);
    }

    /** Counts what is new of flows that go on. */
    void take(List<FlowTraffic> now, Instant at) {
        // Rules are asked while nobody waits for the lock: what the fence tells must not wait for that.
        for (More each : more(now)) {
            AuditRecord.FlowOpened judged = records.judged(at, each.flow.flow(), each.flow.tuple());
            count(judged.subject(), judged.flow(), 0, each.traffic);
        }
    }

    /** What of a flow is not counted yet. */
    private record More(FlowTraffic flow, Traffic traffic) {}

    private synchronized List<More> more(List<FlowTraffic> now) {
        begin(now);
        List<More> found = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (FlowTraffic each : now) {
            seen.add(each.flow());
            if (each.over() || ended.contains(each.flow())) {
                continue;
            }
            Passing its = passing.computeIfAbsent(each.flow(), _ -> new Passing(RuleTraffic.NO_TRAFFIC));
            Traffic more = RuleTraffic.since(its.counted, each.traffic());
            if (!more.equals(RuleTraffic.NO_TRAFFIC)) {
                its.counted = each.traffic();
                found.add(new More(each, more));
            }
        }
        // Their end may still be on its way; what nobody told of for two rounds was lost.
        passing.entrySet().removeIf(each -> {
            boolean gone = !seen.contains(each.getKey()) && each.getValue().missed;
            each.getValue().missed = !seen.contains(each.getKey());
            if (gone) {
                ended.add(each.getKey());
            }
            return gone;
        });
        return found;
    }

    private void count(Optional<AuditSubject> subject, Flow flow, long flows, Traffic traffic) {
        if (flow.direction() == AuditRecord.Direction.INBOUND || subject.isEmpty()) {
            return;
        }
        flow.permission().source().ifPresent(rule -> trail.passed(subject.get(), rule, flows, traffic));
    }
}
