package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditWatch;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Says to who has started a run what is denied to its agent, each thing once, and only so many. */
final class ShownDenials implements AutoCloseable {
    private static final int MOST = 20;
    /** How long closing may take. */
    private static final Duration LOOK_UP = Duration.ofMillis(20);
    /** Within which the kernel tells of what it has denied. */
    static final Duration PACKETS_WITHIN = Duration.ofMillis(100);

    /** Within which the egress proxy tells of what it has denied. */
    static final Duration NAMES_WITHIN = Duration.ofMillis(300);

    private final AuditWatch watch;
    private final RunObserver observer;
    private final Set<String> shown = new HashSet<>();
    private final Thread thread = Thread.ofVirtual().name("denials").unstarted(this::show);
    private volatile boolean closed;

    private ShownDenials(AuditTrail trail, RunObserver observer) {
        this.watch = trail.watch(Optional.empty());
        this.observer = observer;
    }

    static ShownDenials start(AuditTrail trail, RunObserver observer) {
        ShownDenials denials = new ShownDenials(trail, observer);
        denials.thread.start();
        return denials;
    }

    private void show() {
        try {
            while (!closed) {
                watch.next(LOOK_UP).ifPresent(each -> show(each.record()));
            }
            for (Optional<AuditWatch.Shown> last = watch.next(Duration.ZERO);
                    last.isPresent();
                    last = watch.next(Duration.ZERO)) {
                show(last.get().record());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void show(AuditRecord record) {
        text(record).filter(text -> shown.size() <= MOST && shown.add(text)).ifPresent(text -> {
            if (shown.size() <= MOST) {
                observer.warning("denied: " + text);
            } else {
                observer.warning("more is denied and not said here");
            }
        });
    }

    /** Empty where nothing was denied. */
    static Optional<String> text(AuditRecord record) {
        return switch (record) {
            case AuditRecord.FlowDenied denied ->
                Optional.of("%s to %s: %s"
                        .formatted(
                                protocol(denied.tuple().protocol()),
                                destination(denied.tuple(), denied.domain()),
                                denied.barrier().reason()));
            case AuditRecord.NameDecided decided
            when !decided.isAllowed() -> Optional.of("the name %s: %s".formatted(decided.name(), decided.reason()));
            case AuditRecord.TlsDecided decided
            when !decided.isAllowed() ->
                Optional.of("TLS to %s:%d%s: %s"
                        .formatted(
                                decided.destination(),
                                decided.port(),
                                decided.serverName()
                                        .map(name -> " (" + name + ")")
                                        .orElse(""),
                                decided.reason()));
            case AuditRecord.HttpDecided decided
            when !decided.isAllowed() ->
                Optional.of("HTTP to %s:%d%s: %s"
                        .formatted(
                                decided.destination(),
                                decided.port(),
                                decided.request().isEmpty() ? "" : " (" + decided.request() + ")",
                                decided.reason()));
            case AuditRecord.NameDecided _,
                    AuditRecord.HttpDecided _,
                    AuditRecord.TlsDecided _,
                    AuditRecord.FlowOpened _,
                    AuditRecord.FlowClosed _,
                    AuditRecord.Missing _ -> Optional.empty();
        };
    }

    private static String destination(Tuple tuple, Optional<String> domain) {
        String port = tuple.destinationPort() > 0 ? ":" + tuple.destinationPort() : "";
        return tuple.destination()
                + port
                + domain.map(name -> " (" + name + ")").orElse("");
    }

    private static String protocol(int number) {
        return switch (number) {
            case 1 -> "ICMP";
            case 6 -> "TCP";
            case 17 -> "UDP";
            case 132 -> "SCTP";
            default -> String.format(Locale.ROOT, "IP protocol %d", number);
        };
    }

    /** Waits for what may still come of what was denied before. */
    void awaitLast(Duration within) throws InterruptedException {
        thread.join(within);
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        watch.close();
    }
}
