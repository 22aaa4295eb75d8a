package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditWatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Passes on what an agent is let do and denied, line by line, until the agent is finished and nothing more comes. */
final class EgressStream {
    private static final Duration LOOK_UP = Duration.ofSeconds(1);

    private final AuditWatch watch;
    private final boolean denied;
    private final BooleanSupplier finished;

    /** @param denied only what is denied, and what is not known */
    EgressStream(AuditWatch watch, boolean denied, BooleanSupplier finished) {
        this.watch = watch;
        this.denied = denied;
        this.finished = finished;
    }

    void copyTo(LogReader.Sink sink) throws IOException, InterruptedException {
        boolean last = false;
        while (true) {
            Optional<AuditWatch.Shown> shown = watch.next(LOOK_UP);
            if (shown.isEmpty()) {
                if (last) {
                    return;
                }
                // What comes of the agent until it is finished is waited for once more.
                last = finished.getAsBoolean() || watch.isEnded();
            }
            if (shown.isPresent() && isWanted(shown.get().record())) {
                sink.write((shown.get().line() + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private boolean isWanted(AuditRecord record) {
        return !denied
                || switch (record) {
                    case AuditRecord.FlowDenied _, AuditRecord.BudgetUsedUp _, AuditRecord.Missing _ -> true;
                    case AuditRecord.NameDecided decided -> !decided.isAllowed();
                    case AuditRecord.TlsDecided decided -> !decided.isAllowed();
                    case AuditRecord.HttpDecided decided -> !decided.isAllowed();
                    case AuditRecord.FlowOpened _, AuditRecord.FlowClosed _ -> false;
                };
    }
}
