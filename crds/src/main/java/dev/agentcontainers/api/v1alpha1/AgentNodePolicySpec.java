package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
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
        @JsonPropertyDescription("The groups. A group that is missing allows nothing and starts nothing.")
        List<Group> groups) {

    /** Agents with the same namespace, labels and inline rules, and what they may reach. */
    @ApiObject
    public record Group(
            @Required @JsonPropertyDescription("Hash of namespace, labels and inline rules.")
            String name,

            @Required @JsonPropertyDescription("Canonical hash of the egress below.")
            String hash,

            @JsonPropertyDescription("The policies and rules that it was compiled from.")
            List<String> sources,

            @JsonPropertyDescription("Allowed destinations, pairwise disjoint. Everything else is denied.")
            List<Allow> egress) {}

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
