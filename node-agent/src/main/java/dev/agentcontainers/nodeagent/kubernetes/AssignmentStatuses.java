package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Egress;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Transitions;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Usage;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.RuleTraffic;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Enforcement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Turns reports into the API's status. Pure. */
final class AssignmentStatuses {
    /** MicroTime of the Kubernetes API: RFC 3339 in UTC with microseconds. */
    private static final DateTimeFormatter MICRO_TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    /** A name is what the agent has made of it. */
    private static final int LONGEST_DENIAL = 300;

    private static final int MOST_BUDGETS = 64;
    private static final int MOST_RULES = 64;

    private final Supplier<Map<String, DriverProbe>> probes;
    private final Supplier<Map<String, String>> weaknesses;

    /**
     * @param probes what each driver found out about this machine, by the driver's name
     * @param weaknesses why a driver's isolation is not what it promises, by the driver's name
     */
    AssignmentStatuses(Supplier<Map<String, DriverProbe>> probes, Supplier<Map<String, String>> weaknesses) {
        this.probes = probes;
        this.weaknesses = weaknesses;
    }

    AgentAssignmentStatus of(AgentReport report) {
        return new AgentAssignmentStatus(
                report.phase(),
                report.assignment().generation(),
                report.assignment().agent().generation(),
                report.reason(),
                report.message().isEmpty() ? null : report.message(),
                report.address().orElse(null),
                strength(report.assignment().driver().name()),
                report.enforcement().map(AssignmentStatuses::policy).orElse(null),
                report.exitCode().orElse(null),
                report.restarts(),
                transitions(report.milestones()),
                null,
                report.imageDigest().orElse(null),
                weaknesses.get().get(report.assignment().driver().name()),
                report.availability().map(AssignmentStatuses::availability).orElse(null),
                mountedImages(report.mountedImages()),
                report.used().map(AssignmentStatuses::usage).orElse(null));
    }

    /** Of a run that has ended: it changes no more. */
    private static Usage usage(RunUse use) {
        return new Usage(
                MICRO_TIME.format(use.startedAt()),
                MICRO_TIME.format(use.endedAt()),
                milliseconds(use.cpuNanos()),
                null,
                optional(use.memoryPeakBytes()),
                null,
                optional(use.storageBytes()),
                optional(use.outOfMemoryKills()));
    }

    private static Usage usage(SandboxStats look) {
        return new Usage(
                MICRO_TIME.format(look.startedAt()),
                MICRO_TIME.format(look.at()),
                milliseconds(look.cpuNanos()),
                optional(look.memoryBytes()),
                optional(look.memoryPeakBytes()),
                optional(look.processes()),
                optional(look.storageBytes()),
                optional(look.outOfMemoryKills()));
    }

    private static @Nullable Long milliseconds(OptionalLong nanos) {
        return nanos.isPresent() ? (Long) Duration.ofNanos(nanos.getAsLong()).toMillis() : null;
    }

    private static @Nullable List<AgentContainerStatus.MountedImage> mountedImages(Map<String, String> digests) {
        if (digests.isEmpty()) {
            return null;
        }
        return digests.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(each -> new AgentContainerStatus.MountedImage(each.getKey(), each.getValue()))
                .toList();
    }

    private static AgentAssignmentStatus.Availability availability(AgentReport.Availability said) {
        return new AgentAssignmentStatus.Availability(
                said.available(), said.reason(), said.message().isEmpty() ? null : said.message());
    }

    /** The same without what probes say. */
    static AgentAssignmentStatus withoutAvailability(AgentAssignmentStatus status) {
        return with(status, status.egress(), null, status.usage());
    }

    /** The same with what the agent was let do and denied. */
    static AgentAssignmentStatus with(AgentAssignmentStatus status, Egress egress) {
        return with(status, egress, status.availability(), status.usage());
    }

    /** The same with what the agent uses. */
    static AgentAssignmentStatus with(AgentAssignmentStatus status, SandboxStats look) {
        return with(status, status.egress(), status.availability(), usage(look));
    }

    private static AgentAssignmentStatus with(
            AgentAssignmentStatus status,
            @Nullable Egress egress,
            AgentAssignmentStatus.@Nullable Availability availability,
            @Nullable Usage usage) {
        return new AgentAssignmentStatus(
                status.phase(),
                status.observedGeneration(),
                status.agentGeneration(),
                status.reason(),
                status.message(),
                status.address(),
                status.strength(),
                status.policy(),
                status.exitCode(),
                status.restarts(),
                status.transitions(),
                egress,
                status.imageDigest(),
                status.weakness(),
                availability,
                status.mountedImages(),
                usage);
    }

    static Egress egress(AuditCounts counts) {
        return new Egress(
                MICRO_TIME.format(counts.since()),
                counts.flowsAllowed(),
                counts.flowsDenied(),
                counts.namesAllowed(),
                counts.namesDenied(),
                counts.unrecorded(),
                counts.lastDenied().map(AssignmentStatuses::cut).orElse(null),
                budgets(counts.budgets()),
                rules(counts.rules()));
    }

    private static @Nullable List<AgentContainerStatus.RuleTraffic> rules(Map<String, RuleTraffic> rules) {
        if (rules.isEmpty()) {
            return null;
        }
        return rules.entrySet().stream()
                .sorted(Comparator.comparing(each -> -each.getValue().bytes()))
                .limit(MOST_RULES)
                .sorted(Map.Entry.comparingByKey())
                .map(each -> new AgentContainerStatus.RuleTraffic(
                        each.getKey(),
                        each.getValue().flows(),
                        each.getValue().traffic().bytesSent(),
                        each.getValue().traffic().bytesReceived(),
                        each.getValue().traffic().packetsSent(),
                        each.getValue().traffic().packetsReceived()))
                .toList();
    }

    private static @Nullable List<AgentContainerStatus.BudgetUse> budgets(List<BudgetUse> uses) {
        if (uses.isEmpty()) {
            return null;
        }
        return uses.stream()
                .sorted(Comparator.comparing(use -> !use.exhausted()))
                .limit(MOST_BUDGETS)
                .sorted(Comparator.comparing(BudgetUse::rule))
                .map(use -> new AgentContainerStatus.BudgetUse(
                        use.rule(), use.used(), optional(use.bytes()), optional(use.rate()), use.exhausted()))
                .toList();
    }

    private static @Nullable Long optional(OptionalLong value) {
        return value.isPresent() ? (Long) value.getAsLong() : null;
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_DENIAL ? text : text.substring(0, LONGEST_DENIAL) + "...";
    }

    /** For an assignment that this node agent can't read, so that nothing of it runs here. */
    static AgentAssignmentStatus unreadable(AgentAssignment resource, AssignmentPhase phase, String message) {
        return new AgentAssignmentStatus(
                phase,
                resource.getMetadata().getGeneration(),
                agentGeneration(resource),
                "InvalidAssignment",
                message,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    private static @Nullable Long agentGeneration(AgentAssignment resource) {
        return resource.getSpec() == null || resource.getSpec().agent() == null
                ? null
                : resource.getSpec().agent().generation();
    }

    private @Nullable IsolationLevel strength(String driver) {
        return probes.get().get(driver) instanceof DriverProbe.Ready ready ? ready.strength() : null;
    }

    private static AgentAssignmentStatus.Policy policy(Enforcement enforcement) {
        return new AgentAssignmentStatus.Policy(enforcement.group(), enforcement.hash(), enforcement.revision());
    }

    private static @Nullable Transitions transitions(Milestones milestones) {
        return milestones.equals(Milestones.NONE)
                ? null
                : new Transitions(
                        null,
                        null,
                        time(milestones.prepared()),
                        time(milestones.fenced()),
                        time(milestones.started()),
                        time(milestones.finished()));
    }

    private static @Nullable String time(Optional<Instant> instant) {
        return instant.map(MICRO_TIME::format).orElse(null);
    }
}
