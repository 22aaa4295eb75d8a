package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** The compiled rulesets of the policy groups on a node. */
@ApiObject
@JsonClassDescription("The compiled rulesets.")
public record AgentNodePolicySpec(
        @Required
        @JsonPropertyDescription(
                "Highest epoch of the operator's leaders; assignments that an older leader makes afterwards are stale.")
        Long epoch,

        @MapList("name")
        @Size(max = 4096)
        @JsonPropertyDescription("The groups. A group that is missing allows nothing and starts nothing.")
        List<Group> groups,

        @JsonPropertyDescription(
                "Counts the writes to all AgentNodePolicies of the node. Where a group stands in two of them, the one"
                        + " in the later counts.")
        Long sequence) {

    /** The only AgentNodePolicy of a node, or the first. */
    public AgentNodePolicySpec(Long epoch, List<Group> groups) {
        this(epoch, groups, null);
    }

    /** Agents with the same namespace, labels and inline rules, and what they may reach. */
    @ApiObject
    public record Group(
            @Required @Size(min = 1, max = 128) @JsonPropertyDescription("Hash of namespace, labels and inline rules.")
            String name,

            @Required @Size(min = 1, max = 128) @JsonPropertyDescription("Canonical hash of the egress below.")
            String hash,

            @Size(max = 256) @JsonPropertyDescription("The policies and rules that it was compiled from.")
            List<@Size(max = 1024) String> sources,

            @Size(max = 2048)
            @JsonPropertyDescription("Allowed destinations, pairwise disjoint. Everything else is denied.")
            List<Allow> egress,

            @Size(max = 64)
            @JsonPropertyDescription(
                    "What of these policies allows nothing although its author may have meant it to, each with its"
                            + " field.")
            List<@Size(max = 1024) String> problems) {

        /** Without problems. */
        public Group(String name, String hash, List<String> sources, List<Allow> egress) {
            this(name, hash, sources, egress, null);
        }
    }

    /** An allowed box: the addresses of a CIDR, a protocol, a range of ports. */
    @ApiObject
    public record Allow(
            @Required @JsonPropertyDescription("The addresses.")
            String cidr,

            @Required @JsonPropertyDescription("TCP, UDP or SCTP.")
            Protocol protocol,

            @Required @JsonPropertyDescription("First port.")
            Integer port,

            @Required @JsonPropertyDescription("Last port.") Integer endPort) {}
}
