package dev.agentcontainers.operator.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.operator.fleet.NodePolicy;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@NullUnmarked
class StatusRollupTest {
    private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
    private static final String STARTED = "2026-11-24T09:00:00.000000Z";

    /** What is known, and the phase and conditions that follow: the first letter of each status, in the API's order. */
    static Stream<Arguments> table() {
        return Stream.of(
                row(
                        "bound only",
                        new Known(),
                        AgentPhase.Scheduled,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F Reconciling=T"),
                row(
                        "waits for a secret",
                        new Known().hold("ReferenceNotFound"),
                        AgentPhase.Scheduled,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F:ReferenceNotFound Reconciling=T"),
                row(
                        "assigned, silent node",
                        new Known().node(NodeState.SILENT),
                        AgentPhase.Scheduled,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F:NodeNotReady Reconciling=T"),
                row(
                        "preparing",
                        new Known().phase(AssignmentPhase.Preparing),
                        AgentPhase.Preparing,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F Reconciling=T"),
                row(
                        "runs",
                        new Known().runs("h1"),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=T Ready=T:Running"),
                row(
                        "runs an older generation",
                        new Known().runs("h1").generation(2),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=T Ready=F:GenerationNotApplied Reconciling=T"),
                row(
                        "runs, probes succeed",
                        new Known().runs("h1").probes(true, "Running"),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=T:Running Ready=T:Running"),
                row(
                        "runs, is not ready",
                        new Known().runs("h1").probes(false, "ReadinessProbeFailed"),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=F:ReadinessProbeFailed Ready=F:ReadinessProbeFailed Reconciling=T"),
                row(
                        "runs, probes say nothing that is understood",
                        new Known().runs("h1").probes(null, null),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=F:NotAvailable Ready=F:NotAvailable Reconciling=T"),
                row(
                        "was ready, on a silent node",
                        new Known().runs("h1").probes(true, "Running").node(NodeState.SILENT),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=U Available=U:NodeNotReady Ready=U:NodeNotReady Reconciling=T"),
                row(
                        "waits to be started again",
                        new Known().phase(AssignmentPhase.Preparing).probes(true, "Running"),
                        AgentPhase.Preparing,
                        "Scheduled=T PolicyEnforced=F Available=F:NotRunning Ready=F Reconciling=T"),
                row(
                        "suspended",
                        new Known().phase(AssignmentPhase.Suspended).suspended(),
                        AgentPhase.Suspended,
                        "Scheduled=T PolicyEnforced=F:NotStarted Available=F:NotRunning Ready=T:Suspended"),
                row(
                        "runs on a node that suspends none",
                        new Known().runs("h1").suspended(),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=T Ready=F:NotSuspended Reconciling=T"),
                row(
                        "resumed, which its node has not heard of",
                        new Known().phase(AssignmentPhase.Suspended).generation(2),
                        AgentPhase.Suspended,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F:GenerationNotApplied Reconciling=T"),
                row(
                        "suspended on a silent node",
                        new Known().phase(AssignmentPhase.Suspended).suspended().node(NodeState.SILENT),
                        AgentPhase.Suspended,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=U:NodeNotReady Reconciling=T"),
                row(
                        "runs with an older ruleset",
                        new Known().runs("h0"),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=F:PolicyPending Available=T Ready=F:PolicyPending Reconciling=T"),
                row(
                        "newer acknowledgement of the node counts",
                        new Known().runs("h0").acknowledged("h1", 2),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=T Ready=T"),
                row(
                        "newer acknowledgement of another ruleset counts",
                        new Known().runs("h1").acknowledged("h0", 2),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=F Available=T Ready=F Reconciling=T"),
                row(
                        "older acknowledgement doesn't",
                        new Known().runs("h1").acknowledged("h0", 0),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=T Available=T Ready=T"),
                row(
                        "acknowledged but not behind its fence",
                        new Known().phase(AssignmentPhase.Preparing).acknowledged("h1", 2),
                        AgentPhase.Preparing,
                        "Scheduled=T PolicyEnforced=F:NotStarted Available=F Ready=F Reconciling=T"),
                row(
                        "in the group of its former labels",
                        new Known().runs("h1").group("other"),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=F Available=T Ready=F Reconciling=T"),
                row(
                        "runs behind rules that were, because those of now are refused",
                        new Known().runs("h1").hold(Hold.POLICY_REFUSED),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=F:PolicyRefused Available=T Ready=F:PolicyRefused Reconciling=T"),
                row(
                        "runs on a silent node",
                        new Known().runs("h1").node(NodeState.SILENT),
                        AgentPhase.Running,
                        "Scheduled=T PolicyEnforced=U Available=U:NodeNotReady Ready=U:NodeNotReady Reconciling=T"),
                row(
                        "succeeded",
                        new Known().runs("h1").phase(AssignmentPhase.Succeeded),
                        AgentPhase.Succeeded,
                        "Scheduled=T PolicyEnforced=T:EnforcedUntilEnd Available=F Ready=T:Succeeded"),
                row(
                        "succeeded, node silent",
                        new Known().runs("h1").phase(AssignmentPhase.Succeeded).node(NodeState.SILENT),
                        AgentPhase.Succeeded,
                        "Scheduled=T PolicyEnforced=T Available=F Ready=T"),
                row(
                        "failed before its fence",
                        new Known().phase(AssignmentPhase.Failed),
                        AgentPhase.Failed,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F:TheReason Stalled=T:TheReason"),
                row(
                        "refused",
                        new Known().phase(AssignmentPhase.Rejected),
                        AgentPhase.Pending,
                        "Scheduled=F:TheReason PolicyEnforced=F Available=F Ready=F Reconciling=T"),
                row(
                        "stopping",
                        new Known().runs("h1").phase(AssignmentPhase.Stopping),
                        AgentPhase.Terminating,
                        "Scheduled=T PolicyEnforced=T Available=F Ready=F:Terminating Reconciling=T"),
                row(
                        "deleted",
                        new Known().runs("h1").deleted(),
                        AgentPhase.Terminating,
                        "Scheduled=T PolicyEnforced=T Available=F Ready=F:Terminating Reconciling=T"),
                row(
                        "started, then its node was removed",
                        new Known().started().node(NodeState.REMOVED),
                        AgentPhase.Failed,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F:NodeRemoved Stalled=T"),
                row(
                        "started, then its assignment vanished",
                        new Known().started(),
                        AgentPhase.Failed,
                        "Scheduled=T PolicyEnforced=F Available=F Ready=F:AssignmentLost Stalled=T"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void saysWhatIsTrue(String name, Known known, AgentPhase phase, String conditions) {
        AgentContainerStatus status = StatusRollup.rollUp(known.observation(), NOW);
        assertThat(status.phase()).isEqualTo(phase);
        List<String> expected = List.of(conditions.split(" "));
        assertThat(status.conditions()).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(text(status.conditions().get(i))).startsWith(expected.get(i));
        }
        assertThat(status.observedGeneration())
                .isEqualTo(known.observation().agent().getMetadata().getGeneration());
    }

    /** It would be a write for each agent of a node whenever another one's rules come. */
    @Test
    void anAcknowledgementThatRepeatsTheRulesetChangesNothing() {
        AgentContainerStatus before =
                StatusRollup.rollUp(new Known().runs("h1").acknowledged("h1", 1).observation(), NOW);
        AgentContainerStatus later =
                StatusRollup.rollUp(new Known().runs("h1").acknowledged("h1", 2).observation(), NOW);
        assertThat(later.policy()).isEqualTo(before.policy());
    }

    @Test
    void saysItAgainWithoutAChange() {
        Known known = new Known().runs("h1");
        AgentContainerStatus first = StatusRollup.rollUp(known.observation(), NOW);
        known.previous = first;
        AgentContainerStatus later = StatusRollup.rollUp(known.observation(), NOW.plusSeconds(60));
        assertThat(StatusWriter.saysTheSame(first, later)).isTrue();
        assertThat(later.conditions()).isEqualTo(first.conditions());
    }

    @Test
    void anEndedAgentKeepsItsStatusWhenItsAssignmentIsGone() {
        Known known = new Known().runs("h1").phase(AssignmentPhase.Succeeded);
        AgentContainerStatus ended = StatusRollup.rollUp(known.observation(), NOW);
        Known gone = new Known();
        gone.previous = ended;
        assertThat(StatusRollup.rollUp(gone.observation(), NOW)).isEqualTo(ended);
    }

    @Test
    void theFirstStatusOfABoundAgentIsTheOneThatTheRollupWouldWrite() {
        AgentContainer agent = new Known().observation().agent();
        agent.setStatus(null);
        AgentContainerStatus bound = BindingStatus.bound(agent, "group", "node-a", "process", "process", NOW);
        Known later = new Known();
        later.previous = bound;
        assertThat(StatusWriter.saysTheSame(bound, StatusRollup.rollUp(later.observation(), NOW)))
                .isTrue();
        assertThat(bound.transitions().scheduled()).isEqualTo("2026-11-24T10:00:00.000000Z");
    }

    @Test
    void theDigestOfTheImageIsTheNodesAndStaysUntilAnotherIsReported() {
        Known known = new Known().runs("h1").imageDigest("sha256:a");
        AgentContainerStatus running = StatusRollup.rollUp(known.observation(), NOW);
        assertThat(running.imageDigest()).isEqualTo("sha256:a");

        known.previous = running;
        assertThat(StatusWriter.saysTheSame(running, StatusRollup.rollUp(known.observation(), NOW)))
                .isTrue();
        AgentContainerStatus unknownForNow =
                StatusRollup.rollUp(known.imageDigest(null).observation(), NOW);
        assertThat(unknownForNow.imageDigest()).isEqualTo("sha256:a");

        AgentContainerStatus other =
                StatusRollup.rollUp(known.imageDigest("sha256:b").observation(), NOW);
        assertThat(other.imageDigest()).isEqualTo("sha256:b");
        assertThat(StatusWriter.saysTheSame(running, other)).isFalse();
    }

    @Test
    void digestsOfMountedImagesAreTheNodesAndStayUntilOthersAreReported() {
        List<AgentContainerStatus.MountedImage> mounted =
                List.of(new AgentContainerStatus.MountedImage("/data", "sha256:a"));
        Known known = new Known().runs("h1").mountedImages(mounted);
        AgentContainerStatus running = StatusRollup.rollUp(known.observation(), NOW);
        assertThat(running.mountedImages()).isEqualTo(mounted);

        known.previous = running;
        assertThat(StatusRollup.rollUp(known.mountedImages(null).observation(), NOW)
                        .mountedImages())
                .isEqualTo(mounted);

        AgentContainerStatus other = StatusRollup.rollUp(
                known.mountedImages(List.of(new AgentContainerStatus.MountedImage("/data", "sha256:b")))
                        .observation(),
                NOW);
        assertThat(StatusWriter.saysTheSame(running, other)).isFalse();
    }

    /** Looks cost no writes of the operator's either, but what one run used is never left said of another. */
    @Test
    void whatIsUsedGoesAlongAndIsOfTheRunThatTheNodeSaysItIsOf() {
        Known known = new Known().runs("h1").usage(usage("first", 1));
        AgentContainerStatus running = StatusRollup.rollUp(known.observation(), NOW);
        assertThat(running.usage()).isEqualTo(usage("first", 1));
        known.previous = running;

        AgentContainerStatus later =
                StatusRollup.rollUp(known.usage(usage("first", 2)).observation(), NOW);
        assertThat(later.usage()).isEqualTo(usage("first", 2));
        assertThat(StatusWriter.saysTheSame(running, later)).isTrue();
        AgentContainerStatus notTold = StatusRollup.rollUp(known.usage(null).observation(), NOW);
        assertThat(notTold.usage()).isNull();
        assertThat(StatusWriter.saysTheSame(running, notTold)).isTrue();
        assertThat(StatusWriter.saysTheSame(notTold, running)).isTrue();
        AgentContainerStatus second =
                StatusRollup.rollUp(known.usage(usage("second", 1)).observation(), NOW);
        assertThat(StatusWriter.saysTheSame(running, second)).isFalse();

        known.phase(null);
        assertThat(StatusRollup.rollUp(known.observation(), NOW).usage())
                .as("lost with its node: it was so when it was said")
                .isEqualTo(usage("first", 1));
    }

    private static AgentContainerStatus.Usage usage(String since, long cpuMilliseconds) {
        return new AgentContainerStatus.Usage(since, "at", cpuMilliseconds, null, null, null, null, null);
    }

    private static String text(Condition condition) {
        return condition.getType() + "=" + condition.getStatus().charAt(0) + ":" + condition.getReason();
    }

    private static Arguments row(String name, Known known, AgentPhase phase, String conditions) {
        return Arguments.of(name, known, phase, conditions);
    }

    /** Builds what is known, from a bound agent of generation 1 whose published ruleset is h1. */
    private static final class Known {
        private AgentContainerStatus previous = new AgentContainerStatus(
                AgentPhase.Scheduled, null, 1L, "node-a", null, null, null, null, null, null, null, null);
        private AssignmentPhase phase;
        private String heldHash;
        private String acknowledgedHash;
        private long acknowledgedRevision;
        private long generation = 1;
        private String group = "group";
        private boolean deleted;
        private boolean suspended;
        private NodeState node = NodeState.ALIVE;
        private Hold hold;
        private String imageDigest;
        private List<AgentContainerStatus.MountedImage> mountedImages;
        private AgentAssignmentStatus.Availability availability;
        private AgentContainerStatus.Usage usage;

        Known phase(AssignmentPhase value) {
            phase = value;
            return this;
        }

        Known runs(String hash) {
            phase = AssignmentPhase.Running;
            heldHash = hash;
            return this;
        }

        Known acknowledged(String hash, long revision) {
            acknowledgedHash = hash;
            acknowledgedRevision = revision;
            return this;
        }

        Known generation(long value) {
            generation = value;
            return this;
        }

        Known suspended() {
            suspended = true;
            return this;
        }

        Known group(String value) {
            group = value;
            return this;
        }

        Known node(NodeState value) {
            node = value;
            return this;
        }

        Known hold(String reason) {
            hold = new Hold(reason, "why");
            return this;
        }

        Known imageDigest(String value) {
            imageDigest = value;
            return this;
        }

        Known mountedImages(List<AgentContainerStatus.MountedImage> value) {
            mountedImages = value;
            return this;
        }

        Known usage(AgentContainerStatus.Usage value) {
            usage = value;
            return this;
        }

        Known probes(Boolean available, String reason) {
            availability = new AgentAssignmentStatus.Availability(available, reason, "why");
            return this;
        }

        Known deleted() {
            deleted = true;
            return this;
        }

        Known started() {
            previous = new AgentContainerStatus(
                    AgentPhase.Running,
                    null,
                    1L,
                    "node-a",
                    null,
                    null,
                    null,
                    null,
                    null,
                    new AgentContainerStatus.Transitions(null, null, null, null, STARTED, null),
                    null,
                    null);
            return this;
        }

        Observation observation() {
            AgentContainer agent = new AgentContainer();
            agent.setMetadata(new ObjectMetaBuilder()
                    .withName("a")
                    .withNamespace("n")
                    .withGeneration(generation)
                    .withDeletionTimestamp(deleted ? NOW.toString() : null)
                    .build());
            agent.setSpec(Serialization.unmarshal(
                    "lifecycle: {suspended: %s}".formatted(suspended), AgentContainerSpec.class));
            agent.setStatus(previous);
            return new Observation(
                    agent,
                    group,
                    Optional.ofNullable(assignment()),
                    NodePolicy.of(List.of(nodePolicy())),
                    node,
                    Optional.ofNullable(hold));
        }

        private AgentAssignment assignment() {
            if (phase == null) {
                return null;
            }
            AgentAssignment assignment = new AgentAssignment();
            boolean reason = phase == AssignmentPhase.Failed || phase == AssignmentPhase.Rejected;
            assignment.setStatus(new AgentAssignmentStatus(
                    phase,
                    1L,
                    1L,
                    reason ? "TheReason" : null,
                    null,
                    null,
                    null,
                    heldHash == null ? null : new AgentAssignmentStatus.Policy("group", heldHash, 1L),
                    null,
                    null,
                    null,
                    null,
                    imageDigest,
                    null,
                    availability,
                    mountedImages,
                    usage));
            return assignment;
        }

        private AgentNodePolicy nodePolicy() {
            AgentNodePolicy policy = new AgentNodePolicy();
            policy.setMetadata(new ObjectMetaBuilder().withName("node").build());
            policy.setSpec(new AgentNodePolicySpec(
                    1L, List.of(new AgentNodePolicySpec.Group("group", "h1", List.of(), List.of()))));
            if (acknowledgedHash != null) {
                policy.setStatus(new AgentNodePolicyStatus(
                        acknowledgedRevision,
                        List.of(new AgentNodePolicyStatus.EnforcedGroup("group", acknowledgedHash)),
                        null));
            }
            return policy;
        }

        @Override
        public String toString() {
            return Stream.of(phase, heldHash, node).map(String::valueOf).collect(Collectors.joining(" "));
        }
    }
}
