package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** What is true of an AgentContainer. Written by the operator only. */
@ApiObject
@JsonClassDescription("What is true of the agent. Written by the operator only.")
public record AgentContainerStatus(
        @JsonPropertyDescription("Pending, Scheduled, Preparing, Running, Suspended, Succeeded, Failed or Terminating.")
        AgentPhase phase,

        @MapList("type") @JsonPropertyDescription("Scheduled, PolicyEnforced, Available, Ready, Reconciling, Stalled.")
        List<Condition> conditions,

        @Default("-1") @JsonPropertyDescription("The generation that this status speaks of.")
        Long observedGeneration,

        @JsonPropertyDescription("The AgentNode that the agent is bound to.")
        String nodeName,

        @JsonPropertyDescription("Isolation asked for and given.")
        IsolationStatus isolation,

        @JsonPropertyDescription("The policy that is in force.")
        PolicyStatus policy,

        @JsonPropertyDescription("Addresses of the agent.") List<String> addresses,

        @JsonPropertyDescription("Exit code of the last run that ended; 128 plus the signal for a killed one.")
        Integer exitCode,

        @JsonPropertyDescription("How often the agent was started again.")
        Integer restarts,

        @JsonPropertyDescription("When each stage was first reached.")
        Transitions transitions,

        @JsonPropertyDescription("What the agent was let do and denied in the network, as of some minutes ago at most.")
        Egress egress,

        @JsonPropertyDescription(
                "Digest of the manifest of the image that the agent runs, for example sha256:... ; none without an image.")
        String imageDigest,

        @MapList("path")
        @Size(max = 64)
        @JsonPropertyDescription(
                "Images that are mounted in the agent, by the mounts' paths; none without such mounts.")
        List<MountedImage> mountedImages,

        @JsonPropertyDescription(
                "What the agent used in the run that there is, as of when something else was last said here, or, where it does not run, in the whole of its last run; none where its node can't tell.")
        Usage usage) {

    /** Of an agent of which it is not known what it used. */
    public AgentContainerStatus(
            AgentPhase phase,
            List<Condition> conditions,
            Long observedGeneration,
            String nodeName,
            IsolationStatus isolation,
            PolicyStatus policy,
            List<String> addresses,
            Integer exitCode,
            Integer restarts,
            Transitions transitions,
            Egress egress,
            String imageDigest,
            List<MountedImage> mountedImages) {
        this(
                phase,
                conditions,
                observedGeneration,
                nodeName,
                isolation,
                policy,
                addresses,
                exitCode,
                restarts,
                transitions,
                egress,
                imageDigest,
                mountedImages,
                null);
    }

    /** Of an agent without mounts of images. */
    public AgentContainerStatus(
            AgentPhase phase,
            List<Condition> conditions,
            Long observedGeneration,
            String nodeName,
            IsolationStatus isolation,
            PolicyStatus policy,
            List<String> addresses,
            Integer exitCode,
            Integer restarts,
            Transitions transitions,
            Egress egress,
            String imageDigest) {
        this(
                phase,
                conditions,
                observedGeneration,
                nodeName,
                isolation,
                policy,
                addresses,
                exitCode,
                restarts,
                transitions,
                egress,
                imageDigest,
                null,
                null);
    }

    /** An image that is mounted in an agent. */
    @ApiObject
    public record MountedImage(
            @Required @JsonPropertyDescription("Where it is mounted, as the spec has it.")
            String path,

            @JsonPropertyDescription("Digest of its manifest, for example sha256:... ; restarts have the same.")
            String digest) {}

    /** What a run of an agent used. What its node can't tell is absent, never 0. */
    @ApiObject
    public record Usage(
            @Timestamp @JsonPropertyDescription("When that run began: counted is from there on.")
            String since,

            @Timestamp @JsonPropertyDescription("When it was so. Of a run that has ended: its end.")
            String at,

            @JsonPropertyDescription(
                    "Processor time of all its processes together since the run began, in milliseconds.")
            Long cpuMilliseconds,

            @JsonPropertyDescription(
                    "Working set in bytes: what is used but for files that the kernel can drop at once. None where the run has ended.")
            Long memoryBytes,

            @JsonPropertyDescription(
                    "The most memory in bytes that the run has had at a time, files included that the kernel kept for it. Kernels before Linux 5.19 don't tell it with control groups of version 2.")
            Long memoryPeakBytes,

            @JsonPropertyDescription("Processes and threads. None where the run has ended.")
            Long processes,

            @JsonPropertyDescription(
                    "What the agent's writable files take of the disk, in bytes; none where nothing limits them.")
            Long ephemeralStorageBytes,

            @JsonPropertyDescription("Processes that the kernel killed for the limit of memory since the run began.")
            Long outOfMemoryKills) {}

    /** Isolation asked for and given. */
    @ApiObject
    public record IsolationStatus(
            @JsonPropertyDescription("What the spec asks for: a class name or a minimum level.")
            String requested,

            @JsonPropertyDescription("The IsolationClass in use.")
            String effective,

            @JsonPropertyDescription("The level of the driver that the node established by a trial run.")
            IsolationLevel strength) {}

    /** The policy that is in force. */
    @ApiObject
    public record PolicyStatus(
            @JsonPropertyDescription("The policy group.") String group,

            @JsonPropertyDescription("Hash of the ruleset that the kernel holds.")
            String hash,

            @JsonPropertyDescription("Revision of the node's policy in which this ruleset was put into force.")
            Long revision,

            @JsonPropertyDescription("The policies and rules that the ruleset was compiled from.")
            List<String> sources) {}

    /** Counts of what the node's record of egress has, and of what there was no room for in it. */
    @ApiObject
    public record Egress(
            @Timestamp
            @JsonPropertyDescription(
                    "Since when is counted: the agent's first record, or its first after the node agent was started again.")
            String since,

            @JsonPropertyDescription("Flows that were let begin.")
            Long flowsAllowed,

            @JsonPropertyDescription("Packets, connections that may be TLS only and requests of HTTP that were denied.")
            Long flowsDenied,

            @JsonPropertyDescription("Questions for names that were let ask.")
            Long namesAllowed,

            @JsonPropertyDescription("Questions for names that were denied.")
            Long namesDenied,

            @JsonPropertyDescription("Records that were too many to be kept.")
            Long unrecorded,

            @JsonPropertyDescription("What was denied last, and by what.")
            String lastDenied,

            @Size(max = 64)
            @JsonPropertyDescription(
                    "Rules with budgets and what was used of them. At most 64; those that are used up come first where there are more.")
            List<BudgetUse> budgets,

            @Size(max = 64)
            @JsonPropertyDescription(
                    "What passed by each rule of egress, with budgets and without. At most 64; those with the most bytes where there are more.")
            List<RuleTraffic> rules) {

        /** Of which it is not known what passed by which rule. */
        public Egress(
                String since,
                Long flowsAllowed,
                Long flowsDenied,
                Long namesAllowed,
                Long namesDenied,
                Long unrecorded,
                String lastDenied,
                List<BudgetUse> budgets) {
            this(since, flowsAllowed, flowsDenied, namesAllowed, namesDenied, unrecorded, lastDenied, budgets, null);
        }
    }

    /** What passed by a rule: of flows that the agent began. */
    @ApiObject
    public record RuleTraffic(
            @JsonPropertyDescription("The policy and the field of the rule.")
            String rule,

            @JsonPropertyDescription("Flows that began.") Long flows,

            @JsonPropertyDescription("Bytes that the agent sent, with their IP headers.")
            Long bytesSent,

            @JsonPropertyDescription("Bytes that the agent received, with their IP headers.")
            Long bytesReceived,

            @JsonPropertyDescription("Packets that the agent sent.")
            Long packetsSent,

            @JsonPropertyDescription("Packets that the agent received.")
            Long packetsReceived) {}

    /** What an agent has used of a rule's budget. */
    @ApiObject
    public record BudgetUse(
            @JsonPropertyDescription("The policy and the field of the rule.")
            String rule,

            @JsonPropertyDescription(
                    "Bytes sent and received by the rule, with their IP headers; of a rule with tls or http these are reckoned, and what its proxy has for the next is among them.")
            Long used,

            @JsonPropertyDescription(
                    "Bytes that may be sent and received in all; none where the rule limits only the rate.")
            Long bytes,

            @JsonPropertyDescription("Bytes that may be sent and received in a second.")
            Long rate,

            @JsonPropertyDescription("Whether the rule allows nothing more.")
            Boolean exhausted) {}

    /** When each stage was first reached (RFC 3339 with microseconds, UTC). */
    @ApiObject
    public record Transitions(
            @Timestamp @JsonPropertyDescription("Seen by the operator.")
            String accepted,

            @Timestamp @JsonPropertyDescription("Bound to a node.")
            String scheduled,

            @Timestamp @JsonPropertyDescription("Filesystem and identity prepared on the node.")
            String prepared,

            @Timestamp @JsonPropertyDescription("Rules acknowledged by the kernel.")
            String fenced,

            @Timestamp @JsonPropertyDescription("First instruction of the agent.")
            String started,

            @Timestamp @JsonPropertyDescription("End of the last run.")
            String finished) {}
}
