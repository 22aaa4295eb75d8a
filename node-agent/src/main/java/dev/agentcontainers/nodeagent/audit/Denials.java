package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import java.util.Locale;
import java.util.Optional;

/** What was denied, for people. */
public final class Denials {
    private Denials() {}

    /** Empty where nothing was denied. */
    public static Optional<String> inWords(AuditRecord record) {
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
            case AuditRecord.BudgetUsedUp usedUp -> Optional.of(usedUp.reason());
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
}
