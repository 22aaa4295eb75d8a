package dev.agentcontainers.operator.status;

import static dev.agentcontainers.operator.status.ConditionType.Available;
import static dev.agentcontainers.operator.status.ConditionType.NonCompliant;
import static dev.agentcontainers.operator.status.ConditionType.PolicyEnforced;
import static dev.agentcontainers.operator.status.ConditionType.Ready;
import static dev.agentcontainers.operator.status.ConditionType.Reconciling;
import static dev.agentcontainers.operator.status.ConditionType.Scheduled;
import static dev.agentcontainers.operator.status.ConditionType.Stalled;

import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.PolicyStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Transitions;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.Lifecycle;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Says what is true of an agent that is bound to a node. Pure. */
public final class StatusRollup {
    /** The reason of {@link ConditionType#Ready} where the agent goes on as it was because its node can't apply a change. */
    public static final String UPDATE_REFUSED = "UpdateRefused";

    /** The reason of {@link ConditionType#PolicyEnforced} where a part of the agent's policies allows nothing by mistake. */
    public static final String ENFORCED_WITH_PROBLEMS = "EnforcedWithProblems";

    private final Observation observation;
    private final AgentContainer agent;
    private final Optional<AgentAssignmentStatus> report;
    private final AgentPhase phase;
    private final @Nullable AgentContainerStatus previous;
    private final Instant now;

    private StatusRollup(Observation observation, Instant now) {
        this.observation = observation;
        this.agent = observation.agent();
        this.report = observation.report();
        this.previous = agent.getStatus();
        this.phase = phaseOf(observation);
        this.now = now;
    }

    public static AgentContainerStatus rollUp(Observation observation, Instant now) {
        AgentContainerStatus before = observation.agent().getStatus();
        return before != null && isFinal(before.phase()) && observation.report().isEmpty()
                ? before
                : new StatusRollup(observation, now).status();
    }

    /** Whether that phase is the end: nothing of the agent runs, or will. */
    public static boolean isFinal(@Nullable AgentPhase phase) {
        return phase == AgentPhase.Succeeded || phase == AgentPhase.Failed;
    }

    private AgentContainerStatus status() {
        return new AgentContainerStatus(
                phase,
                conditions(),
                agent.getMetadata().getGeneration(),
                previous == null ? null : previous.nodeName(),
                isolation(),
                policy(),
                report.map(AgentAssignmentStatus::address).map(List::of).orElse(null),
                report.map(AgentAssignmentStatus::exitCode).orElse(null),
                report.map(AgentAssignmentStatus::restarts).orElse(null),
                transitions(),
                report.map(AgentAssignmentStatus::egress).orElseGet(() -> previous == null ? null : previous.egress()),
                report.map(AgentAssignmentStatus::imageDigest)
                        .orElseGet(() -> previous == null ? null : previous.imageDigest()),
                report.map(AgentAssignmentStatus::mountedImages)
                        .orElseGet(() -> previous == null ? null : previous.mountedImages()),
                // A report without it is of a run of which it is not known; without a report it was so when it was
                // said.
                report.isPresent()
                        ? report.map(AgentAssignmentStatus::usage).orElse(null)
                        : previous == null ? null : previous.usage());
    }

    private static AgentPhase phaseOf(Observation observation) {
        AgentContainer agent = observation.agent();
        if (agent.getMetadata().getDeletionTimestamp() != null) {
            return AgentPhase.Terminating;
        }
        Optional<AssignmentPhase> reported = observation.report().map(AgentAssignmentStatus::phase);
        if (reported.isEmpty()) {
            return hasStarted(agent) ? AgentPhase.Failed : AgentPhase.Scheduled;
        }
        return switch (reported.get()) {
            case Preparing -> AgentPhase.Preparing;
            case Running -> AgentPhase.Running;
            case Suspended -> AgentPhase.Suspended;
            case Succeeded -> AgentPhase.Succeeded;
            case Failed -> AgentPhase.Failed;
            case Rejected -> AgentPhase.Pending;
            case Stopping, Stopped -> AgentPhase.Terminating;
        };
    }

    /** Whether the agent's first instruction has ever run. */
    public static boolean hasStarted(AgentContainer agent) {
        return Optional.ofNullable(agent.getStatus())
                .map(AgentContainerStatus::transitions)
                .map(Transitions::started)
                .isPresent();
    }

    private List<Condition> conditions() {
        Conditions conditions = new Conditions(
                previous == null ? null : previous.conditions(),
                agent.getMetadata().getGeneration(),
                now);
        Finding scheduled = scheduled();
        Finding enforced = policyEnforced();
        Finding available = available();
        Finding ready = ready(enforced, available);
        add(conditions, Scheduled, scheduled);
        add(conditions, PolicyEnforced, enforced);
        add(conditions, Available, available);
        add(conditions, Ready, ready);
        if (phase == AgentPhase.Failed || isHeldForGood()) {
            add(conditions, Stalled, new Finding(Truth.True, ready.reason(), ready.message()));
        } else if (ready.truth() != Truth.True) {
            add(conditions, Reconciling, new Finding(Truth.True, ready.reason(), ready.message()));
        }
        if (!isFinal(phase)) {
            report.map(AgentAssignmentStatus::weakness)
                    .ifPresent(weakness ->
                            add(conditions, NonCompliant, new Finding(Truth.True, "IsolationWeakened", weakness)));
        }
        return conditions.build();
    }

    private boolean isHeldForGood() {
        return phase != AgentPhase.Succeeded
                && observation.hold().filter(Hold::lasting).isPresent();
    }

    private Finding scheduled() {
        if (report.map(AgentAssignmentStatus::phase)
                .filter(AssignmentPhase.Rejected::equals)
                .isPresent()) {
            return new Finding(Truth.False, reason("Rejected"), message("The node refused the agent"));
        }
        return new Finding(Truth.True, "Bound", "Bound to node %s".formatted(nodeName()));
    }

    private Finding policyEnforced() {
        Optional<AgentAssignmentStatus.Policy> enforced = observation.enforced();
        if (enforced.isEmpty()) {
            return new Finding(Truth.False, "NotStarted", "Nothing of the agent runs");
        }
        String held = enforced.get().hash();
        if (isFinal(phase)) {
            return new Finding(Truth.True, "EnforcedUntilEnd", "Ruleset %s was in force until the end".formatted(held));
        }
        if (observation.node() == NodeState.SILENT) {
            return new Finding(Truth.Unknown, "NodeNotReady", silentNode());
        }
        Optional<Hold> refused = observation.hold().filter(hold -> hold.reason().equals(Hold.POLICY_REFUSED));
        if (refused.isPresent()) {
            return new Finding(Truth.False, Hold.POLICY_REFUSED, refused.get().message());
        }
        Optional<String> wanted = observation.published().map(group -> group.hash());
        if (wanted.filter(held::equals).isPresent() && enforced.get().group().equals(observation.policyGroup())) {
            return enforced(held);
        }
        return new Finding(
                Truth.False,
                "PolicyPending",
                "The node's kernel holds ruleset %s, not yet %s"
                        .formatted(held, wanted.orElse("the one of its new group")));
    }

    /** What allows nothing although its author may have meant it to is enforced all the same, but has to be told. */
    private Finding enforced(String hash) {
        String message = "The node's kernel holds ruleset %s".formatted(hash);
        List<String> problems = observation.published().map(group -> group.problems()).stream()
                .flatMap(all -> all.stream())
                .toList();
        return problems.isEmpty()
                ? new Finding(Truth.True, "Enforced", message)
                : new Finding(Truth.True, ENFORCED_WITH_PROBLEMS, message + ", but " + String.join("; ", problems));
    }

    private Finding available() {
        if (phase != AgentPhase.Running) {
            return new Finding(Truth.False, "NotRunning", "The agent is %s".formatted(phase));
        }
        if (observation.node() == NodeState.SILENT) {
            return new Finding(Truth.Unknown, "NodeNotReady", silentNode());
        }
        return report.map(AgentAssignmentStatus::availability)
                .map(StatusRollup::available)
                .orElseGet(() -> new Finding(Truth.True, "Running", "The agent runs"));
    }

    /** What the probes say; what is not said is not so. */
    private static Finding available(AgentAssignmentStatus.Availability said) {
        return Boolean.TRUE.equals(said.available())
                ? new Finding(Truth.True, "Running", "The agent runs and its probes succeed")
                : new Finding(
                        Truth.False,
                        Optional.ofNullable(said.reason()).orElse("NotAvailable"),
                        "The agent is not available: "
                                + Optional.ofNullable(said.message()).orElse("its node says no more"));
    }

    private Finding ready(Finding enforced, Finding available) {
        return switch (phase) {
            case Succeeded -> new Finding(Truth.True, "Succeeded", "The agent finished with exit code 0");
            case Failed ->
                report.isPresent() ? new Finding(Truth.False, reason("Failed"), message("The agent failed")) : lost();
            case Running -> running(enforced, available);
            case Suspended -> suspended();
            case Pending, Preparing ->
                new Finding(Truth.False, reason("Preparing"), message("The node prepares the agent"));
            case Scheduled -> waiting();
            case Terminating -> new Finding(Truth.False, "Terminating", "The agent is being stopped");
        };
    }

    /** What had started and has no assignment any more, without having been deleted, is over: its workspace is gone. */
    private Finding lost() {
        return observation.node() == NodeState.REMOVED
                ? new Finding(Truth.False, "NodeRemoved", "Node %s was removed".formatted(nodeName()))
                : new Finding(Truth.False, "AssignmentLost", "The agent's assignment was deleted");
    }

    private Finding running(Finding enforced, Finding available) {
        Long applied = report.map(AgentAssignmentStatus::agentGeneration).orElse(null);
        if (available.truth() != Truth.True) {
            return available;
        }
        if (!agent.getMetadata().getGeneration().equals(applied)) {
            return notApplied(applied);
        }
        if (isToBeSuspended()) {
            return new Finding(
                    Truth.False,
                    "NotSuspended",
                    "Node %s runs the agent: its node agent is of a version that suspends none".formatted(nodeName()));
        }
        Optional<Hold> hold = observation.hold();
        if (hold.isPresent()) {
            return new Finding(Truth.False, hold.get().reason(), hold.get().message());
        }
        return enforced.truth() == Truth.True
                ? new Finding(Truth.True, "Running", "The agent runs behind its policy")
                : new Finding(Truth.False, enforced.reason(), enforced.message());
    }

    private boolean isToBeSuspended() {
        Lifecycle lifecycle = agent.getSpec().lifecycle();
        return lifecycle != null && Boolean.TRUE.equals(lifecycle.suspended());
    }

    /** As asked for, so that who waits for what was applied does not wait for somebody to resume it. */
    private Finding suspended() {
        if (observation.node() == NodeState.SILENT) {
            return new Finding(Truth.Unknown, "NodeNotReady", silentNode());
        }
        Long applied = report.map(AgentAssignmentStatus::agentGeneration).orElse(null);
        return agent.getMetadata().getGeneration().equals(applied)
                ? new Finding(
                        Truth.True, "Suspended", "Nothing of the agent runs, as spec.lifecycle.suspended asks for")
                : notApplied(applied);
    }

    private Finding notApplied(@Nullable Long applied) {
        Long wanted = agent.getMetadata().getGeneration();
        Optional<Hold> hold = observation.hold();
        if (hold.isPresent()) {
            return new Finding(Truth.False, hold.get().reason(), hold.get().message());
        }
        return report.map(AgentAssignmentStatus::reason)
                        .filter(UPDATE_REFUSED::equals)
                        .isPresent()
                ? new Finding(
                        Truth.False,
                        UPDATE_REFUSED,
                        "Generation %s is in force, the node can't apply %s: %s"
                                .formatted(applied, wanted, message("it gave no reason")))
                : new Finding(
                        Truth.False,
                        "GenerationNotApplied",
                        "Generation %s is in force, not yet %s".formatted(applied, wanted));
    }

    private Finding waiting() {
        if (observation.node() == NodeState.SILENT) {
            return new Finding(Truth.False, "NodeNotReady", silentNode());
        }
        return observation
                .hold()
                .map(hold -> new Finding(Truth.False, hold.reason(), hold.message()))
                .orElseGet(() -> new Finding(Truth.False, "NotStarted", "Waits for node %s".formatted(nodeName())));
    }

    private AgentContainerStatus.@Nullable IsolationStatus isolation() {
        AgentContainerStatus.@Nullable IsolationStatus chosen = previous == null ? null : previous.isolation();
        return chosen == null
                ? null
                : new AgentContainerStatus.IsolationStatus(
                        chosen.requested(),
                        chosen.effective(),
                        report.map(AgentAssignmentStatus::strength).orElse(null));
    }

    private @Nullable PolicyStatus policy() {
        return observation
                .enforced()
                .map(held -> new PolicyStatus(
                        held.group(),
                        held.hash(),
                        held.revision(),
                        observation
                                .published()
                                .filter(group -> group.hash().equals(held.hash()))
                                .map(group -> group.sources())
                                .or(() -> sourcesSaid(held.hash()))
                                .orElse(null)))
                .orElse(null);
    }

    /** The ruleset of an agent that is over goes from its node's policy; where it came from stays true. */
    private Optional<List<String>> sourcesSaid(@Nullable String hash) {
        return Optional.ofNullable(previous)
                .map(AgentContainerStatus::policy)
                .filter(said -> isFinal(phase) && Objects.equals(said.hash(), hash))
                .map(PolicyStatus::sources);
    }

    private Transitions transitions() {
        @Nullable Transitions before = previous == null ? null : previous.transitions();
        Optional<Transitions> reported =
                report.map(AgentAssignmentStatus::transitions).or(() -> Optional.ofNullable(before));
        return new Transitions(
                before == null ? null : before.accepted(),
                before == null ? null : before.scheduled(),
                reported.map(Transitions::prepared).orElse(null),
                reported.map(Transitions::fenced).orElse(null),
                reported.map(Transitions::started).orElse(null),
                reported.map(Transitions::finished).orElse(null));
    }

    private String nodeName() {
        return previous == null ? "" : String.valueOf(previous.nodeName());
    }

    private String silentNode() {
        return "Node %s sends no heartbeat".formatted(nodeName());
    }

    private String reason(String otherwise) {
        return report.map(AgentAssignmentStatus::reason).orElse(otherwise);
    }

    private String message(String otherwise) {
        return report.map(AgentAssignmentStatus::message).orElse(otherwise);
    }

    private static void add(Conditions conditions, ConditionType type, Finding finding) {
        conditions.add(type.name(), finding.truth(), finding.reason(), finding.message());
    }

    private record Finding(Truth truth, String reason, String message) {}
}
