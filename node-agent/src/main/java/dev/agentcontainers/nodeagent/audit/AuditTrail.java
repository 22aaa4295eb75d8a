package dev.agentcontainers.nodeagent.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes records and has them written and watched by a thread of its own. Who brings one is never held up: each agent may
 * bring so many, all together so many wait, and what is over is counted and said in a record of its own. Thread-safe.
 */
public final class AuditTrail implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditTrail.class);
    private static final Duration SAID_EVERY = Duration.ofSeconds(1);
    private static final Duration TRIED_AGAIN_AFTER = Duration.ofSeconds(5);

    private final OcsfEvents events;
    private final Optional<RotatingFile> file;
    private final Optional<OtlpLogs> collector;
    private final AuditLimits limits;
    private final Clock clock;
    private final BlockingQueue<AuditRecord> waiting;
    private final Map<String, Account> accounts = new ConcurrentHashMap<>();
    private final List<AuditWatch> watches = new CopyOnWriteArrayList<>();
    private final List<AuditCounters> counters = new CopyOnWriteArrayList<>();
    private final List<Runnable> looks = new CopyOnWriteArrayList<>();
    private final Thread writer = Thread.ofPlatform().daemon().name("audit").unstarted(this::write);
    private volatile List<String> warnings = List.of();
    private volatile boolean closed;
    private long saidAt = System.nanoTime();
    private long fileLostSince;
    private long unwritten;

    /** What is known of one agent, or of nobody in particular. */
    private static final class Account {
        private final RecordBucket bucket;
        private final AuditCounts counts;
        private final AtomicLong dropped = new AtomicLong();
        private volatile Optional<AuditSubject> subject;

        private Account(RecordBucket bucket, AuditCounts counts, Optional<AuditSubject> subject) {
            this.bucket = bucket;
            this.counts = counts;
            this.subject = subject;
        }
    }

    /**
     * @param file where lines go; empty where they are not kept
     * @param collector where they are sent besides
     */
    private AuditTrail(
            OcsfEvents events,
            Optional<RotatingFile> file,
            Optional<OtlpLogs> collector,
            AuditLimits limits,
            Clock clock) {
        this.events = events;
        this.file = file;
        this.collector = collector;
        this.limits = limits;
        this.clock = clock;
        this.waiting = new ArrayBlockingQueue<>(limits.waiting());
    }

    /**
     * A trail with files in that folder, which is made where it is missing.
     *
     * @throws IllegalArgumentException naming the setting whose file can't be used
     */
    public static AuditTrail inFolder(Path folder, AuditSettings settings, String node, String version, Clock clock) {
        OcsfEvents events = new OcsfEvents(node, version);
        return started(new AuditTrail(
                events,
                Optional.of(new RotatingFile(folder, settings)),
                settings.otlp().map(otlp -> OtlpLogs.start(otlp, events.another(), node, version, clock)),
                AuditLimits.DEFAULT,
                clock));
    }

    /** A trail that keeps nothing: only who watches sees it. */
    public static AuditTrail watched(String node, String version, Clock clock) {
        return started(new AuditTrail(
                new OcsfEvents(node, version), Optional.empty(), Optional.empty(), AuditLimits.DEFAULT, clock));
    }

    static AuditTrail with(Optional<RotatingFile> file, AuditLimits limits, Clock clock) {
        return started(new AuditTrail(new OcsfEvents("node", "test"), file, Optional.empty(), limits, clock));
    }

    private static AuditTrail started(AuditTrail trail) {
        trail.writer.start();
        return trail;
    }

    /** Counts it, and neither writes nor shows it. */
    void count(AuditRecord record) {
        account(record.subject()).counts.count(record);
    }

    /** Returns at once, whatever becomes of it. */
    public void take(AuditRecord record) {
        Account account = account(record.subject());
        account.counts.count(record);
        if (record instanceof AuditRecord.BudgetUsedUp usedUp) {
            counters.forEach(
                    counter -> counter.usedUp(usedUp.agent(), usedUp.use().rule()));
        }
        if (!account.bucket.take(System.nanoTime()) || !waiting.offer(record)) {
            account.dropped.incrementAndGet();
        }
    }

    private Account account(Optional<AuditSubject> subject) {
        String key = subject.map(each -> each.sandbox().value()).orElse("");
        Account known = accounts.get(key);
        if (known == null) {
            Account made =
                    new Account(new RecordBucket(limits, System.nanoTime()), new AuditCounts(clock.instant()), subject);
            known = accounts.putIfAbsent(key, made);
            if (known == null) {
                known = made;
                subject.ifPresent(whose -> counters.forEach(counter -> counter.came(whose, made.counts)));
            }
        }
        known.subject = subject;
        return known;
    }

    /** What the agent has used of all its budgets so far. */
    void spent(AuditSubject subject, List<BudgetUse> uses) {
        account(Optional.of(subject)).counts.spent(uses);
    }

    /** @param bytes that the agent has used of the rule's budget since that was said last */
    void spent(AuditSubject subject, String rule, long bytes) {
        counters.forEach(counter -> counter.spent(subject, rule, bytes));
    }

    /**
     * What passed of the agent's by the rule, since that was said last.
     *
     * @param flows how many began
     */
    void passed(AuditSubject subject, String rule, long flows, Traffic traffic) {
        account(Optional.of(subject)).counts.passed(rule, flows, traffic);
        counters.forEach(counter -> counter.passed(subject, rule, flows, traffic));
    }

    /** Counts of an agent; empty where nothing of it came yet. */
    public Optional<AuditCounts> counts(SandboxId id) {
        return Optional.ofNullable(accounts.get(id.value())).map(account -> account.counts);
    }

    /** Has the listener told which agents there are of whom something came. */
    public void onAgents(AuditCounters listener) {
        counters.add(listener);
    }

    /** The agent is gone for good, and nothing more of it comes. */
    void forget(SandboxId id) {
        Account gone = accounts.remove(id.value());
        if (gone != null) {
            counters.forEach(counter -> counter.gone(id));
            say(gone);
        }
    }

    /** Has it called about each second, on the thread of the trail. It may take records and must not wait for long. */
    void eachSecond(Runnable look) {
        looks.add(look);
    }

    /**
     * Shows from now on each record that concerns the agent. To be closed.
     *
     * @param id empty for all agents
     */
    public AuditWatch watch(Optional<SandboxId> id) {
        AuditWatch watch = new AuditWatch(id, events.another(), watches::remove);
        watches.add(watch);
        return watch;
    }

    /** What an administrator should know. */
    public List<String> warnings() {
        return Stream.concat(warnings.stream(), collector.stream().flatMap(logs -> logs.warnings().stream()))
                .toList();
    }

    private void write() {
        try {
            while (!closed || !waiting.isEmpty()) {
                AuditRecord record = waiting.poll(200, TimeUnit.MILLISECONDS);
                if (record != null) {
                    pass(record);
                }
                if (waiting.isEmpty()) {
                    file.ifPresent(this::rest);
                }
                if (System.nanoTime() - saidAt >= SAID_EVERY.toNanos()) {
                    saidAt = System.nanoTime();
                    file.ifPresent(this::rest);
                    look();
                }
            }
            look();
            while (!waiting.isEmpty()) {
                pass(waiting.remove());
            }
        } catch (InterruptedException e) {
            LOG.debug("the audit trail ends");
        } finally {
            file.ifPresent(this::end);
        }
    }

    private void look() {
        for (Runnable look : looks) {
            try {
                look.run();
            } catch (RuntimeException e) {
                LOG.warn("what is missing in the audit trail could not be counted: {}", e.toString());
            }
        }
        new ArrayList<>(accounts.values()).forEach(this::say);
    }

    /** Says what was dropped; where there is no room for that either, the next time. */
    private void say(Account account) {
        long dropped = account.dropped.getAndSet(0);
        if (dropped > 0) {
            AuditRecord.Missing missing = new AuditRecord.Missing(
                    clock.instant(), account.subject, dropped, "records that were too many are not here");
            if (waiting.offer(missing)) {
                account.counts.count(missing);
            } else {
                account.dropped.addAndGet(dropped);
            }
        }
    }

    private void pass(AuditRecord record) {
        ObjectNode event;
        String line;
        try {
            event = events.event(record);
            line = events.line(event);
        } catch (RuntimeException e) {
            LOG.error("a record can't be written", e);
            return;
        }
        file.ifPresent(sink -> keep(sink, line));
        collector.ifPresent(logs -> logs.take(record, event, line));
        watches.forEach(watch -> watch.show(record, line));
    }

    private void keep(RotatingFile sink, String line) {
        if (unwritten > 0 && System.nanoTime() - fileLostSince < TRIED_AGAIN_AFTER.toNanos()) {
            unwritten++;
            return;
        }
        try {
            if (unwritten > 0) {
                sayUnwritten(sink);
            }
            sink.write(line);
        } catch (IOException e) {
            unwritten++;
            lost(sink, e);
        }
    }

    /** Forgets how many there were only when the file has it. */
    private void sayUnwritten(RotatingFile sink) throws IOException {
        AuditRecord.Missing missing = new AuditRecord.Missing(
                clock.instant(), Optional.empty(), unwritten, "records could not be written to this file");
        try {
            sink.write(events.line(missing));
            sink.rest();
        } catch (IOException e) {
            sink.takeLost();
            throw e;
        }
        unwritten = 0;
        warnings = List.of();
    }

    private void rest(RotatingFile sink) {
        try {
            sink.rest();
        } catch (IOException e) {
            lost(sink, e);
        }
    }

    private void lost(RotatingFile sink, IOException e) {
        unwritten += sink.takeLost();
        fileLostSince = System.nanoTime();
        String warning = "the egress audit can't be written: " + e;
        if (!warnings.contains(warning)) {
            LOG.error("{}", warning);
        }
        warnings = List.of(warning);
    }

    private void end(RotatingFile sink) {
        try {
            sink.close();
        } catch (IOException e) {
            LOG.error("the end of the egress audit could not be written: {}", e.toString());
        }
    }

    /** Writes and sends what waits. Watches end. */
    @Override
    public void close() throws InterruptedException {
        closed = true;
        writer.join();
        if (collector.isPresent()) {
            collector.get().close();
        }
        watches.forEach(AuditWatch::end);
    }
}
