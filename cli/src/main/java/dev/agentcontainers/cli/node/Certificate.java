package dev.agentcontainers.cli.node;

import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Probe;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Verdict;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Verification;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a driver's isolation has withstood, as people read it.
 *
 * @param node its name
 * @param platform the node's operating system and kernel
 * @param driver its name
 * @param version of what it drives; empty where it can't be launched
 * @param strength the level that counts; empty where none does
 * @param message why it is not ready, or what is limited
 */
record Certificate(
        String node,
        String platform,
        String driver,
        String version,
        Optional<IsolationLevel> strength,
        String message,
        @Nullable Verification verification) {

    /** Whether every attempt that can be made was withstood. */
    boolean holds() {
        return verification != null
                && Integer.valueOf(0).equals(verification.failed())
                && Integer.valueOf(0).equals(verification.unknown());
    }

    void print(PrintWriter out) {
        out.printf("Isolation of driver %s on %s%n", driver, node);
        out.printf("  platform   %s%n", platform);
        if (!version.isEmpty()) {
            out.printf("  runtime    %s%n", version);
        }
        if (verification == null) {
            out.printf("  result     not measured: %s%n", message);
            return;
        }
        out.printf(
                "  result     %s; %d withstood, %d not, %d not known, %d not applicable%n",
                strength.map(level -> "level " + level).orElse("no level"),
                verification.passed(),
                verification.failed(),
                verification.unknown(),
                verification.notApplicable());
        out.printf("  measured   %s, suite %s%n%n", verification.at(), verification.suite());
        List<Probe> probes = verification.probes() == null ? List.of() : verification.probes();
        int names =
                probes.stream().mapToInt(probe -> probe.name().length()).max().orElse(0);
        for (Probe probe : probes) {
            out.printf(
                    "  %-7s  %-15s  %-" + names + "s  %s%n",
                    word(probe.verdict()),
                    probe.level(),
                    probe.name(),
                    probe.evidence());
        }
    }

    private static String word(@Nullable Verdict verdict) {
        return switch (verdict) {
            case Passed -> "passed";
            case Failed -> "FAILED";
            case Unknown -> "unknown";
            case NotApplicable -> "n/a";
            case null -> "?";
        };
    }
}
