package dev.agentcontainers.bench.latency;

import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import java.time.Duration;
import java.time.Instant;

/** What a start consists of, by the milestones that the supervisor reports. */
record Stages(Samples prepare, Samples createAndFence, Samples start) {
    static Stages of(Report report) {
        return new Stages(
                report.samples("  of that: seen → created (journal, files, create)"),
                report.samples("  of that: created → fenced"),
                report.samples("  of that: fenced → first instruction (start)"));
    }

    static Stages ignored() {
        return new Stages(new Samples(), new Samples(), new Samples());
    }

    void add(Instant seen, Milestones reached, Instant firstInstruction) {
        Instant prepared = reached.prepared().orElseThrow();
        Instant fenced = reached.fenced().orElseThrow();
        prepare.addNanos(Duration.between(seen, prepared).toNanos());
        createAndFence.addNanos(Duration.between(prepared, fenced).toNanos());
        start.addNanos(Duration.between(fenced, firstInstruction).toNanos());
    }
}
