package dev.agentcontainers.cli.top;

import dev.agentcontainers.protocol.AgentUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Amounts in columns, in the units of {@code kubectl top}. Pure. */
final class UsageTable {
    static final String UNKNOWN = "-";
    private static final String GAP = "   ";
    private static final long MIB = 1 << 20;

    private final List<List<String>> rows = new ArrayList<>();

    UsageTable(List<String> head) {
        rows.add(List.copyOf(head));
    }

    static UsageTable ofAgents(List<UsedAgent> agents, boolean namespaces) {
        List<String> head = new ArrayList<>(
                List.of("NAME", "NODE", "CPU", "CPU%", "MEMORY", "MEMORY%", "PIDS", "STORAGE", "STORAGE%"));
        if (namespaces) {
            head.addFirst("NAMESPACE");
        }
        UsageTable table = new UsageTable(head);
        for (UsedAgent agent : agents) {
            AgentUsage usage = agent.usage();
            List<String> row = new ArrayList<>(List.of(
                    agent.name(),
                    agent.node(),
                    millis(usage.cpuMillis()),
                    percent(usage.cpuMillis(), usage.cpuLimitMillis()),
                    bytes(usage.memoryBytes()),
                    percent(usage.memoryBytes(), usage.memoryLimitBytes()),
                    number(usage.processes()),
                    bytes(usage.storageBytes()),
                    percent(usage.storageBytes(), usage.storageLimitBytes())));
            if (namespaces) {
                row.addFirst(agent.namespace());
            }
            table.add(row);
        }
        return table;
    }

    void add(List<String> row) {
        rows.add(List.copyOf(row));
    }

    /** Lines without spaces at their ends. */
    List<String> lines() {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = row.get(column);
                line.append(cell)
                        .append(" ".repeat(widths[column] - cell.length()))
                        .append(GAP);
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    /** Thousandths of a processor: {@code 250m}. */
    static String millis(@Nullable Long millis) {
        return millis == null ? UNKNOWN : millis + "m";
    }

    /** Rounded up, so that what is used is never shown as nothing: {@code 52Mi}. */
    static String bytes(@Nullable Long bytes) {
        return bytes == null ? UNKNOWN : (bytes + MIB - 1) / MIB + "Mi";
    }

    static String number(@Nullable Long number) {
        return number == null ? UNKNOWN : number.toString();
    }

    static String percent(@Nullable Long amount, @Nullable Long of) {
        return amount == null || of == null || of <= 0
                ? UNKNOWN
                : String.format(Locale.ROOT, "%.0f%%", amount * 100.0 / of);
    }
}
