package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Availability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a supervisor's reports mean for a run. Used by one thread. */
final class RunReports {
    private final RunObserver observer;
    private Optional<Integer> exitCode = Optional.empty();
    private Optional<String> problem = Optional.empty();
    private boolean over;
    private boolean removed;
    private boolean saidRunning;
    private boolean saidUse;
    private Optional<Availability> saidAvailable = Optional.empty();

    RunReports(RunObserver observer) {
        this.observer = observer;
    }

    /** Whether the agent will not run again. */
    boolean isOver() {
        return over;
    }

    /** Whether nothing of it is left on the machine. */
    boolean isRemoved() {
        return removed;
    }

    RunEnd end() {
        return new RunEnd(exitCode, problem, 0);
    }

    void take(AgentReport report) {
        exitCode = report.exitCode().or(() -> exitCode);
        switch (report.phase()) {
            case Preparing -> preparing(report);
            case Running -> running(report);
            case Stopping -> observer.progress("stopping");
            case Succeeded -> {
                over = true;
                sayUse(report);
            }
            case Failed -> {
                over = true;
                sayUse(report);
                if (!report.reason().equals("NonZeroExit")) {
                    problem = Optional.of(report.message());
                }
            }
            case Rejected -> {
                over = true;
                problem = Optional.of(report.message());
            }
            case Stopped -> {
                over = true;
                removed = true;
                sayUse(report);
            }
        }
    }

    /** Once: the removal says it again. */
    private void sayUse(AgentReport report) {
        Optional<String> text = report.used().flatMap(RunReports::text).filter(_ -> !saidUse);
        text.ifPresent(observer::progress);
        saidUse |= text.isPresent();
    }

    /** Only what the machine tells. */
    static Optional<String> text(RunUse use) {
        List<String> parts = new ArrayList<>();
        use.cpuNanos().ifPresent(nanos -> parts.add("%.2f s of processor time".formatted(nanos / 1e9)));
        use.memoryPeakBytes().ifPresent(bytes -> parts.add("at most %.1f MiB of memory".formatted(mebibytes(bytes))));
        use.storageBytes().ifPresent(bytes -> parts.add("%.1f MiB of ephemeral-storage".formatted(mebibytes(bytes))));
        return parts.isEmpty() ? Optional.empty() : Optional.of("used " + String.join(", ", parts));
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }

    /** On a fleet's node a start is tried again for ever; who waits at a terminal wants to know at once. */
    private void preparing(AgentReport report) {
        if (over) {
            return;
        }
        if (report.reason().equals("BackOff")) {
            observer.warning("the agent " + report.message());
            saidRunning = false;
        } else if (report.reason().endsWith("ProbeFailed")) {
            observer.warning("the agent was stopped: " + report.message());
            saidRunning = false;
        } else if (report.reason().endsWith("Failed")) {
            over = true;
            problem = Optional.of(report.message());
        } else if (report.reason().equals("Pulling")) {
            observer.warning(report.message());
        } else {
            observer.progress(report.reason().equals("Starting") ? "starting" : report.message());
        }
    }

    private void running(AgentReport report) {
        if (!saidRunning) {
            saidRunning = true;
            observer.progress("running, address %s, policy %s"
                    .formatted(
                            report.address().orElse("none"),
                            report.enforcement()
                                    .map(AgentReport.Enforcement::hash)
                                    .orElse("not known")));
        }
        if (!report.message().isEmpty()) {
            observer.warning(report.message());
        }
        if (!report.availability().equals(saidAvailable)) {
            report.availability().ifPresent(this::availability);
            saidAvailable = report.availability();
        }
    }

    /** That an agent has not come to serve yet is no news. */
    private void availability(Availability now) {
        if (now.available()) {
            observer.progress("available");
        } else if (now.reason().endsWith("Failed")) {
            observer.warning("the agent is not available: " + now.message());
        } else {
            observer.progress("not available yet: " + now.message());
        }
    }
}
