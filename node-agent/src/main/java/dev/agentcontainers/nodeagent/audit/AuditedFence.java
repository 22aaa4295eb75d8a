package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.audit.AuditSubject.Agent;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.names.NameAudit;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameServer;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A fence of which a trail is kept. What fails of that is logged and never keeps the fence from its work. What packets were
 * denied without being told of one by one is counted by the kernel and said each ten seconds.
 */
public final class AuditedFence extends ForwardingFence implements NameAudit {
    private static final Logger LOG = LoggerFactory.getLogger(AuditedFence.class);
    private static final int COMPARED_EVERY = 10;
    private static final int BUDGETS_READ_EVERY = 3;
    private static final int TCP = 6;
    private static final Duration LATEST_DECISION = Duration.ofMinutes(1);

    private final AuditTrail trail;
    private final AuditSubjects subjects;
    private final FlowRecords flows;
    private final Map<SandboxId, DeniedLedger> ledgers = new ConcurrentHashMap<>();
    /** The last count of agents that are gone. */
    private final Map<SandboxId, Long> lastCounts = new ConcurrentHashMap<>();

    private final BudgetLedger budgets;
    private final RuleLedger rules;
    private int seconds;

    /** @param agents who the agent of a sandbox is; asked until it is known */
    public AuditedFence(Fence fence, AuditTrail trail, Function<SandboxId, Optional<Agent>> agents) {
        super(fence);
        this.trail = trail;
        this.subjects = new AuditSubjects(agents);
        this.flows = new FlowRecords(subjects);
        this.budgets = new BudgetLedger(trail, subjects);
        this.rules = new RuleLedger(trail, flows);
    }

    @Override
    public void open(FenceSettings settings) throws SandboxException {
        fence.open(settings);
        fence.attachments().forEach((id, attached) -> {
            subjects.attached(id, attached.address(), attached.group(), Instant.MIN);
            ledgers.put(id, new DeniedLedger(attached.deniedPackets()));
        });
        budgets.adopt(fence.attachments().keySet());
        trail.eachSecond(this::compareNowAndThen);
        try {
            fence.observe(this::take);
        } catch (SandboxException e) {
            LOG.error("the fence stands, and nothing can be recorded of it: {}", e.getMessage());
            trail.take(new AuditRecord.Missing(
                    Instant.now(), Optional.empty(), 0, "the fence could not be observed: nothing of it is here"));
        }
        beginToCountByRule();
    }

    /** At once, so that as little as can be is taken for an earlier process's. */
    private void beginToCountByRule() {
        try {
            rules.begin(fence.traffic());
        } catch (SandboxException | IllegalStateException e) {
            LOG.warn(
                    "what passes by each rule is counted from some seconds later on: what goes on can't be listed just now: {}",
                    e.getMessage());
        }
    }

    private void take(FenceEvent event) {
        if (event instanceof FenceEvent.Denied denied) {
            denied.sender().map(ledgers::get).ifPresent(DeniedLedger::told);
        }
        AuditRecord record = flows.of(event);
        rules.take(event, record);
        take(record, isRecorded(record));
    }

    private static boolean isRecorded(AuditRecord record) {
        return switch (record) {
            case AuditRecord.FlowOpened opened -> opened.flow().permission().recorded();
            case AuditRecord.FlowClosed closed -> closed.flow().permission().recorded();
            case AuditRecord.FlowDenied _,
                    AuditRecord.NameDecided _,
                    AuditRecord.TlsDecided _,
                    AuditRecord.HttpDecided _,
                    AuditRecord.BudgetUsedUp _,
                    AuditRecord.Missing _ -> true;
        };
    }

    private void take(AuditRecord record, boolean recorded) {
        if (recorded) {
            trail.take(record);
        } else {
            trail.count(record);
        }
    }

    /** Whether what the proxy let pass by one of those names is recorded; it is where no rule is known by which that passed. */
    private boolean isRecorded(Optional<AuditSubject> subject, String address, int port, NameMemory.Names names) {
        return subject.flatMap(subjects::rules)
                .map(group -> names.all().stream()
                                .noneMatch(name -> group.allowing(name).first().isPresent())
                        || Allowed.by(group, address, names, TCP, port).recorded())
                .orElse(true);
    }

    /** The name that a connection says; none where it says none that a rule can mean. */
    private static NameMemory.Names said(@Nullable String serverName) {
        return Optional.ofNullable(serverName)
                .flatMap(DomainName::asked)
                .map(NameMemory.Names::only)
                .orElse(NameMemory.Names.UNKNOWN);
    }

    /** Inside TLS the connection's name decides; else a rule may let another Host pass than the name that leads there. */
    private NameMemory.Names said(Optional<AuditSubject> subject, HttpDecision decision) {
        if (decision.serverName() != null || subject.isEmpty()) {
            return said(decision.serverName());
        }
        NameMemory.Names names = subjects.names(subject.get(), decision.address());
        if (names.all().isEmpty()) {
            return NameMemory.Names.UNKNOWN;
        }
        return Optional.ofNullable(decision.host())
                .flatMap(DomainName::asked)
                .map(names::and)
                .orElse(names);
    }

    private void compareNowAndThen() {
        if (++seconds % COMPARED_EVERY == 0) {
            compare();
            countByRule();
        }
        if (seconds % BUDGETS_READ_EVERY == 0) {
            readBudgets();
        }
    }

    void readBudgets() {
        try {
            budgets.take(fence.budgets());
        } catch (SandboxException | IllegalStateException e) {
            LOG.debug("what was used of budgets can't be read just now: {}", e.getMessage());
        }
    }

    void countByRule() {
        try {
            rules.take(fence.traffic(), Instant.now());
        } catch (SandboxException | IllegalStateException e) {
            LOG.debug("what passed by each rule can't be counted just now: {}", e.getMessage());
        }
    }

    void compare() {
        // First, so that what has come since then is counted in the next round.
        Map<SandboxId, Long> gone = Map.copyOf(lastCounts);
        gone.forEach((id, count) -> compare(id, count));
        try {
            fence.attachments().forEach((id, attached) -> compare(id, attached.deniedPackets()));
        } catch (SandboxException | IllegalStateException e) {
            // A fence that is closed has none.
            LOG.debug("denied packets can't be counted just now: {}", e.getMessage());
        }
    }

    private void compare(SandboxId id, long count) {
        DeniedLedger ledger = ledgers.get(id);
        if (ledger == null) {
            return;
        }
        long missing = ledger.missing(count);
        if (missing > 0) {
            trail.take(new AuditRecord.Missing(
                    Instant.now(), subjects.of(id), missing, "denied packets that were too many are not here"));
        }
        if (lastCounts.containsKey(id) && ledger.isComplete()) {
            lastCounts.remove(id);
            ledgers.remove(id);
            trail.forget(id);
        }
    }

    @Override
    public Map<String, String> apply(List<GroupRuleset> rulesets) throws SandboxException {
        Map<String, String> held = fence.apply(rulesets);
        subjects.apply(rulesets);
        return held;
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        Instant since = Instant.now();
        Attachment attached = fence.attach(id, network, group, rates);
        subjects.attached(id, attached.address(), group, since);
        Long before = lastCounts.remove(id);
        DeniedLedger ledger = ledgers.computeIfAbsent(id, _ -> new DeniedLedger(attached.deniedPackets()));
        if (before != null) {
            ledger.countsAnew(before, attached.deniedPackets());
        }
        return attached;
    }

    @Override
    public void detach(SandboxId id) throws SandboxException {
        Optional<Long> denied = denied(id);
        fence.detach(id);
        subjects.detached(id);
        if (ledgers.containsKey(id)) {
            // Told twice to detach it, the kernel has no count of it any more.
            lastCounts.merge(id, denied.orElse(0L), Math::max);
        }
    }

    @Override
    public void forgetBudgets(SandboxId id) throws SandboxException {
        fence.forgetBudgets(id);
        budgets.forget(id);
    }

    private Optional<Long> denied(SandboxId id) {
        if (!ledgers.containsKey(id)) {
            return Optional.empty();
        }
        try {
            return Optional.of(fence.deniedPackets(id));
        } catch (SandboxException e) {
            LOG.debug("the denied packets of {} can't be counted: {}", id, e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void opened(SandboxId agent, String name, List<String> addresses) {
        subjects.named(agent, name, addresses);
    }

    @Override
    public void decided(NameDecision decision) {
        Instant at = between(
                Instant.now().minus(LATEST_DECISION), Instant.ofEpochMilli(decision.epochMillis()), Instant.now());
        UnaryOperator<String> printable = NameAudit::printable;
        Optional<AuditSubject> subject = subjects.at(decision.agent(), at);
        AuditRecord.NameDecided record = new AuditRecord.NameDecided(
                at,
                subject,
                printable.apply(decision.agent()),
                printable.apply(decision.name()),
                printable.apply(decision.type()),
                decision.verdict(),
                Optional.ofNullable(decision.rule()).map(printable),
                decision.addresses().stream()
                        .limit(NameServer.MOST_ADDRESSES)
                        .map(printable)
                        .toList(),
                Duration.ofNanos(Math.max(0, decision.micros()) * 1000));
        boolean recorded = subject.flatMap(subjects::rules)
                .map(group -> group.allowing(record.name()).recorded())
                .orElse(true);
        take(record, recorded || !record.isAllowed());
    }

    @Override
    public void connected(TlsDecision decision) {
        Instant at = between(
                Instant.now().minus(LATEST_DECISION), Instant.ofEpochMilli(decision.epochMillis()), Instant.now());
        Optional<AuditSubject> subject = subjects.at(decision.agent(), at);
        AuditRecord.TlsDecided record = new AuditRecord.TlsDecided(
                at,
                subject,
                NameAudit.printable(decision.agent()),
                NameAudit.printable(decision.address()),
                decision.port(),
                Optional.ofNullable(decision.serverName()).map(NameAudit::printable),
                decision.verdict(),
                Duration.ofNanos(Math.max(0, decision.micros()) * 1000));
        take(
                record,
                !record.isAllowed()
                        || isRecorded(subject, decision.address(), decision.port(), said(decision.serverName())));
    }

    @Override
    public void requested(HttpDecision decision) {
        Instant at = between(
                Instant.now().minus(LATEST_DECISION), Instant.ofEpochMilli(decision.epochMillis()), Instant.now());
        Optional<AuditSubject> subject = subjects.at(decision.agent(), at);
        AuditRecord.HttpDecided record = new AuditRecord.HttpDecided(
                at,
                subject,
                NameAudit.printable(decision.agent()),
                NameAudit.printable(decision.address()),
                decision.port(),
                Optional.ofNullable(decision.serverName()).map(NameAudit::printable),
                Optional.ofNullable(decision.method()).map(NameAudit::printable),
                Optional.ofNullable(decision.host()).map(NameAudit::printable),
                Optional.ofNullable(decision.path()).map(NameAudit::printable),
                decision.webSocket(),
                decision.verdict(),
                decision.status(),
                Math.max(0, decision.bytesSent()),
                Math.max(0, decision.bytesReceived()),
                Duration.ofNanos(Math.max(0, decision.micros()) * 1000));
        take(
                record,
                !record.isAllowed()
                        || isRecorded(subject, decision.address(), decision.port(), said(subject, decision)));
    }

    /** A proxy that was broken into decides no dates. */
    private static Instant between(Instant first, Instant told, Instant last) {
        if (told.isBefore(first)) {
            return first;
        }
        return told.isAfter(last) ? last : told;
    }

    @Override
    public void dropped(long count) {
        trail.take(new AuditRecord.Missing(
                Instant.now(),
                Optional.empty(),
                count,
                "decisions about names, TLS and requests that were too many are not here"));
    }
}
