package dev.agentcontainers.policy;

import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.Decision.Reason;
import dev.agentcontainers.policy.Invariants.Invariant;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.policy.rule.Rule;
import dev.agentcontainers.policy.rule.RuleSource;
import dev.agentcontainers.policy.rule.Tier;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Puts a denial into words, with the change that would allow the flow. What stands in braces is YAML that can be copied.
 *
 * @param workload the end that denies
 * @param peer the other end
 */
record Explanation(Flow flow, Direction direction, Endpoint.Workload workload, Party peer) {
    private static final String NO_PORT = "No policy can allow port 0.";

    Denied deniedBy(Invariant invariant) {
        return new Denied(
                Reason.INVARIANT,
                Optional.empty(),
                subject() + " is denied by an invariant: " + invariant.cidr() + " is " + invariant.meaning(),
                List.of(),
                "No policy can allow it.");
    }

    Denied deniedAs(Endpoint.Node node) {
        return new Denied(
                Reason.NODE,
                Optional.empty(),
                subject() + " is denied: it goes to " + node + ", which agents reach only where tier Admin accepts it",
                List.of(),
                isWithoutPort()
                        ? NO_PORT
                        : "Only an administrator can allow it, by spec.egress of a ClusterNetworkPolicy of tier Admin whose"
                                + " subject is " + workload + ": {action: Accept, to: [{networks: ["
                                + yaml(peer.address()) + "]}], protocols: [" + protocol() + "]}");
    }

    Denied deniedBy(Tier tier, Rule rule) {
        List<String> problems = rule.problems();
        String message = "%s is denied in tier %s by %s%s"
                .formatted(
                        subject(),
                        tier.title(),
                        rule.source(),
                        problems.isEmpty() ? "" : " (" + String.join("; ", problems) + ")");
        return switch (tier) {
            case BASELINE -> new Denied(Reason.BASELINE_TIER, Optional.of(rule.source()), message, List.of(), remedy());
            case ADMIN, NETWORK_POLICY ->
                new Denied(
                        Reason.ADMIN_TIER,
                        Optional.of(rule.source()),
                        message,
                        List.of(),
                        "Only an administrator can allow it: change that rule, or put one before it that accepts or passes"
                                + " the flow.");
        };
    }

    /** @param narrow a rule that lets other requests of HTTP pass there */
    Denied deniedByNone(List<String> sources, List<String> considered, Optional<RuleSource> narrow) {
        return new Denied(
                Reason.NO_MATCHING_RULE,
                Optional.empty(),
                subject() + " is denied: none of " + String.join(", ", sources) + " allows it",
                considered,
                narrow.filter(_ -> request() != null)
                        .map(rule -> "To allow it add to %s.http of %s: %s"
                                .formatted(
                                        rule.field(),
                                        rule.policy(),
                                        Objects.requireNonNull(request()).asEntry()))
                        .orElseGet(this::remedy));
    }

    private @Nullable HttpRequest request() {
        return flow.request();
    }

    Denied deniedByDefault() {
        String why = switch (direction) {
            case EGRESS ->
                "no NetworkPolicy with policyType Egress and no EgressPolicy selects the agent and it has no inline rules, so it reaches nothing";
            case INGRESS -> "no NetworkPolicy with policyType Ingress selects " + workload + ", so nothing reaches it";
        };
        return new Denied(Reason.NO_POLICY, Optional.empty(), subject() + " is denied: " + why, List.of(), remedy());
    }

    private String subject() {
        return switch (direction) {
            case EGRESS -> flow.toString();
            case INGRESS -> flow + " from " + peer;
        };
    }

    private String remedy() {
        if (isWithoutPort()) {
            return NO_PORT;
        }
        boolean inline = direction == Direction.EGRESS && workload instanceof Endpoint.Agent && peer.endpoint() == null;
        if (inline && peer.address() != null) {
            return inlineRule("{ipBlock: {cidr: " + yaml(peer.address()) + "}}");
        }
        return inline && isNameOfRules(peer.domain()) ? inlineRule("{domain: " + peer.domain() + "}") : byPolicy();
    }

    private String inlineRule(String to) {
        @Nullable HttpRequest request = request();
        // What is asked for by a name is a request to that name; requests to addresses have no rules.
        return request == null || peer.address() != null
                ? "To allow it add to spec.network.egress: {name: NAME, to: [%s], ports: [%s]}".formatted(to, port())
                : "To allow it add to spec.network.egress: {name: NAME, to: [%s], ports: [%s], %shttp: [%s]}"
                        .formatted(to, port(), request.tls() ? "tls: {}, " : "", request.asEntry());
    }

    /** Whether the API takes the name in rules; it takes no underscores. */
    private static boolean isNameOfRules(@Nullable String domain) {
        try {
            return domain != null
                    && !domain.contains("_")
                    && DomainName.parse(domain).toString().equals(domain);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private String byPolicy() {
        if (peer.endpoint() == null && peer.address() == null) {
            return "To allow it an administrator adds to spec.egress of a ClusterNetworkPolicy whose subject is %s: {action: Accept, to: [{domainNames: [%s]}], protocols: [%s]}"
                    .formatted(workload, peer.domain(), protocol());
        }
        return "To allow it add to spec.%s of a NetworkPolicy with policyType %s that selects %s: {%s: [%s], ports: [%s]}"
                .formatted(
                        direction.rulesField(),
                        direction.policyType(),
                        workload,
                        direction.peersField(),
                        peerOfNetworkPolicy(),
                        port());
    }

    private String peerOfNetworkPolicy() {
        if (!(peer.endpoint() instanceof Endpoint.Workload other)) {
            return "{ipBlock: {cidr: " + yaml(peer.address()) + "}}";
        }
        String workloads = "podSelector: {matchLabels: " + yaml(other.labels()) + "}";
        return other.namespace().equals(workload.namespace())
                ? "{" + workloads + "}"
                : "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: " + other.namespace() + "}}, "
                        + workloads + "}";
    }

    /** In quotes where YAML would read the colons of IPv6 as something else. */
    private static String yaml(@Nullable Cidr address) {
        String text = String.valueOf(address);
        return text.contains(":") ? "'" + text + "'" : text;
    }

    private static String yaml(Map<String, String> labels) {
        return new TreeMap<>(labels)
                .entrySet().stream()
                        .map(label -> label.getKey() + ": '" + label.getValue() + "'")
                        .collect(Collectors.joining(", ", "{", "}"));
    }

    private String port() {
        return "{protocol: %s, port: %d}".formatted(flow.protocol(), flow.port());
    }

    private String protocol() {
        String name = switch (flow.protocol()) {
            case TCP -> "tcp";
            case UDP -> "udp";
            case SCTP -> "sctp";
        };
        return "{%s: {destinationPort: {number: %d}}}".formatted(name, flow.port());
    }

    private boolean isWithoutPort() {
        return flow.port() == 0;
    }
}
