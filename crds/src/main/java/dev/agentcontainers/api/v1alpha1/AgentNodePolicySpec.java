package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
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

    /** Agents with the same namespace, labels, ports and inline rules, what they may reach and what may reach them. */
    @ApiObject
    public record Group(
            @Required
            @Size(min = 1, max = 128)
            @JsonPropertyDescription("Hash of namespace, labels, ports and inline rules.")
            String name,

            @Required
            @Size(min = 1, max = 128)
            @JsonPropertyDescription(
                    "Canonical hash of egress, ingress, names, tlsNames, httpNames, httpsNames, budgets, budgeted and quicNames.")
            String hash,

            @Size(max = 256) @JsonPropertyDescription("The policies and rules that it was compiled from.")
            List<@Size(max = 1024) String> sources,

            @Size(max = 4096)
            @JsonPropertyDescription("Allowed destinations, pairwise disjoint. Everything else is denied.")
            List<Allow> egress,

            @Size(max = 64)
            @JsonPropertyDescription(
                    "What of these policies allows nothing although its author may have meant it to, each with its"
                            + " field.")
            List<@Size(max = 1024) String> problems,

            @Size(max = 4096)
            @JsonPropertyDescription(
                    "Addresses that may reach the agents, each with ports of the agents, pairwise disjoint. Everything"
                            + " else is denied.")
            List<Allow> ingress,

            @Size(max = 2048)
            @JsonPropertyDescription("Domain names that may be resolved, and the ports at what they resolve to.")
            List<AllowedName> names,

            @Size(max = 2048)
            @JsonPropertyDescription(
                    "The same for connections that pass only as TLS for that very name. A node that does not know"
                            + " this field lets none of them pass.")
            List<AllowedName> tlsNames,

            @Size(max = 2048)
            @JsonPropertyDescription(
                    "Domain names to which only some requests of HTTP pass, at TCP ports. A node that does not know this"
                            + " field lets none of them pass.")
            List<AllowedHttp> httpNames,

            @Size(max = 2048)
            @JsonPropertyDescription(
                    "The same inside TLS for that very name, which the node decrypts. A node that does not know this"
                            + " field lets none of them pass.")
            List<AllowedHttp> httpsNames,

            @Size(max = 64) @JsonPropertyDescription("Rules with budgets.")
            List<Budget> budgets,

            @Size(max = 64)
            @JsonPropertyDescription(
                    "Destinations that only rules with budgets allow, disjoint from egress and among each other. A node that"
                            + " does not know this field lets none of them pass.")
            List<Budgeted> budgeted,

            @Size(max = 256)
            @JsonPropertyDescription(
                    "Which rules of egress allow what, for records and counters only: no part of the hash, and nothing is allowed by it."
                            + " What several allow counts for the first.")
            List<AllowingRule> rules,

            @Size(max = 2048)
            @JsonPropertyDescription(
                    "Those of names, and of names within budgets, to which QUIC passes at UDP ports. To the others it does not.")
            List<AllowedName> quicNames) {

        /** Of which it is not said which rules allow what. */
        public Group(
                String name,
                String hash,
                List<String> sources,
                List<Allow> egress,
                List<String> problems,
                List<Allow> ingress,
                List<AllowedName> names,
                List<AllowedName> tlsNames,
                List<AllowedHttp> httpNames,
                List<AllowedHttp> httpsNames,
                List<Budget> budgets,
                List<Budgeted> budgeted) {
            this(
                    name,
                    hash,
                    sources,
                    egress,
                    problems,
                    ingress,
                    names,
                    tlsNames,
                    httpNames,
                    httpsNames,
                    budgets,
                    budgeted,
                    null,
                    null);
        }

        /** Without budgets. */
        public Group(
                String name,
                String hash,
                List<String> sources,
                List<Allow> egress,
                List<String> problems,
                List<Allow> ingress,
                List<AllowedName> names,
                List<AllowedName> tlsNames,
                List<AllowedHttp> httpNames,
                List<AllowedHttp> httpsNames) {
            this(name, hash, sources, egress, problems, ingress, names, tlsNames, httpNames, httpsNames, null, null);
        }

        /** Without ingress and names of any kind. */
        public Group(String name, String hash, List<String> sources, List<Allow> egress, List<String> problems) {
            this(name, hash, sources, egress, problems, null, null, null, null, null);
        }

        /** Without problems, ingress and names. */
        public Group(String name, String hash, List<String> sources, List<Allow> egress) {
            this(name, hash, sources, egress, null);
        }
    }

    /** An allowed box: the addresses of a CIDR, a protocol, a range of ports of the receiver. */
    @ApiObject
    public record Allow(
            @Required @JsonPropertyDescription("The addresses.")
            String cidr,

            @Required @JsonPropertyDescription("TCP, UDP or SCTP.")
            Protocol protocol,

            @Required @JsonPropertyDescription("First port.")
            Integer port,

            @Required @JsonPropertyDescription("Last port.") Integer endPort) {}

    /** Allowed destinations by name: the addresses that a domain name resolves to, a protocol, a range of ports. */
    @ApiObject
    public record AllowedName(
            @Required
            @Size(min = 1, max = 255)
            @JsonPropertyDescription(
                    "The name in lower case and ASCII, without the final dot; *.example.org for all names below"
                            + " example.org.")
            String domain,

            @Required @JsonPropertyDescription("TCP, UDP or SCTP.")
            Protocol protocol,

            @Required @JsonPropertyDescription("First port.")
            Integer port,

            @Required @JsonPropertyDescription("Last port.") Integer endPort) {}

    /** Allowed requests of HTTP by name: each of the methods, at each of the paths, of each of the hosts, at a range of TCP ports. */
    @ApiObject
    public record AllowedHttp(
            @Required
            @Size(min = 1, max = 255)
            @JsonPropertyDescription("The name whose addresses are connected to, as in names.")
            String domain,

            @Required @JsonPropertyDescription("First port.")
            Integer port,

            @Required @JsonPropertyDescription("Last port.") Integer endPort,

            @Required @Size(min = 1, max = 16) @JsonPropertyDescription("The methods; * for all.")
            List<@Size(max = 32) String> methods,

            @Required @Size(min = 1, max = 10) @JsonPropertyDescription("The paths; with a final * all that begin so.")
            List<@Size(max = 128) String> paths,

            @Size(max = 6)
            @JsonPropertyDescription("What requests may name as Host; none: the very name that was resolved.")
            List<@Size(max = 253) String> hosts,

            @JsonPropertyDescription(
                    "Whether GETs among them may go on as WebSockets. Default: false. A node that does not know this field lets none pass.")
            Boolean webSocket) {

        /** Without WebSockets. */
        public AllowedHttp(
                String domain,
                Integer port,
                Integer endPort,
                List<String> methods,
                List<String> paths,
                List<String> hosts) {
            this(domain, port, endPort, methods, paths, hosts, null);
        }
    }

    /** A rule, and what it allows by itself. */
    @ApiObject
    public record AllowingRule(
            @Required @Size(min = 1, max = 512) @JsonPropertyDescription("The policy and the field of the rule.")
            String rule,

            @JsonPropertyDescription("Whether what it lets pass is counted only, and not recorded. Default: false.")
            Boolean unrecorded,

            @Size(max = 1024) @JsonPropertyDescription("Destinations. None where there are too many to be told apart.")
            List<Allow> egress,

            @Size(max = 2048) @JsonPropertyDescription("Domain names, and the ports at what they resolve to.")
            List<AllowedName> names) {}

    /** What each agent may send and receive by a rule. */
    @ApiObject
    public record Budget(
            @Required
            @Size(min = 1, max = 512)
            @JsonPropertyDescription("The policy and the field of the rule; used amounts are kept under it.")
            String rule,

            @JsonPropertyDescription("Bytes in the agent's life. Default: any number.")
            Long bytes,

            @JsonPropertyDescription("Bytes in a second. Default: any number.")
            Long rate) {}

    /** What only some rules with budgets allow. A packet passes where one of them has room, and the first that has is charged. */
    @ApiObject
    public record Budgeted(
            @Required
            @Size(min = 1, max = 4)
            @JsonPropertyDescription("The rules that allow it, as places in budgets from 0 on, in ascending order.")
            List<@Min(0) @Max(63) Integer> budgets,

            @Size(max = 4096) @JsonPropertyDescription("Allowed destinations, pairwise disjoint.")
            List<Allow> egress,

            @Size(max = 2048)
            @JsonPropertyDescription("Domain names that may be resolved, and the ports at what they resolve to.")
            List<AllowedName> names,

            @Size(max = 2048)
            @JsonPropertyDescription(
                    "As tlsNames of the group. What several entries allow is charged to the rules of all, in their order, four at most. A node that"
                            + " does not know this field lets none of them pass.")
            List<AllowedName> tlsNames,

            @Size(max = 2048) @JsonPropertyDescription("As httpNames of the group, and charged as tlsNames.")
            List<AllowedHttp> httpNames,

            @Size(max = 2048) @JsonPropertyDescription("As httpsNames of the group, and charged as tlsNames.")
            List<AllowedHttp> httpsNames) {

        /** What is not looked at. */
        public Budgeted(List<Integer> budgets, List<Allow> egress, List<AllowedName> names) {
            this(budgets, egress, names, null, null, null);
        }
    }
}
