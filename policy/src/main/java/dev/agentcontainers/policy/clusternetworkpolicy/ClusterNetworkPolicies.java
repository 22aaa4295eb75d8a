package dev.agentcontainers.policy.clusternetworkpolicy;

import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.Action;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.Policy;
import dev.agentcontainers.policy.rule.Rule;
import dev.agentcontainers.policy.rule.RuleSource;
import dev.agentcontainers.policy.rule.Tier;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads ClusterNetworkPolicies (sigs.k8s.io/network-policy-api, v1alpha2). As that API asks for, what isn't understood fails
 * closed: a rule that accepts then matches nothing, one that denies or passes denies everything. Here that goes for every
 * part of a rule and, where the tier, the priority or the subject isn't understood, for all rules of the policy and every
 * workload.
 */
public final class ClusterNetworkPolicies {
    private static final Set<String> SPEC_FIELDS = Set.of("tier", "priority", "subject", "ingress", "egress");
    private static final Set<String> SUBJECT_FIELDS = Set.of("namespaces", "pods");

    private ClusterNetworkPolicies() {}

    public static Policy read(GenericKubernetesResource resource) {
        String name = "ClusterNetworkPolicy/" + resource.getMetadata().getName();
        Object spec = resource.getAdditionalProperties().get("spec");
        try {
            Fields fields = Fields.of(spec, "spec", SPEC_FIELDS);
            return new Policy(
                    name,
                    tier(fields.text("tier")),
                    fields.number("priority"),
                    subject(fields),
                    rules(name, fields, null));
        } catch (UnreadableException unreadable) {
            return closed(name, spec, unreadable);
        }
    }

    private static Policy closed(String name, @Nullable Object spec, UnreadableException unreadable) {
        Map<Direction, List<Rule>> rules = new EnumMap<>(Direction.class);
        try {
            rules.putAll(rules(name, Fields.any(spec, "spec"), unreadable));
        } catch (UnreadableException _) {
            for (Direction direction : Direction.values()) {
                rules.put(direction, List.of(closed(new RuleSource(name, "spec"), null, unreadable)));
            }
        }
        return new Policy(name, Tier.ADMIN, 0, new Peer.Everywhere(), rules);
    }

    private static Tier tier(String title) throws UnreadableException {
        return switch (title) {
            case "Admin" -> Tier.ADMIN;
            case "Baseline" -> Tier.BASELINE;
            default -> throw new UnreadableException("spec.tier", "'" + title + "' is not known here");
        };
    }

    private static Peer subject(Fields spec) throws UnreadableException {
        Fields subject = Fields.ofOne(spec.value("subject"), "spec.subject", SUBJECT_FIELDS);
        return subject.has("namespaces")
                ? Selectors.namespaces(subject.value("namespaces"), subject.place("namespaces"))
                : Selectors.pods(subject.value("pods"), subject.place("pods"));
    }

    /**
     * A direction without rules is not governed.
     *
     * @param unreadable what of the policy makes all of its rules fail closed, if something does
     */
    private static Map<Direction, List<Rule>> rules(
            String policy, Fields spec, @Nullable UnreadableException unreadable) throws UnreadableException {
        Map<Direction, List<Rule>> rules = new EnumMap<>(Direction.class);
        for (Direction direction : Direction.values()) {
            String field = direction.rulesField();
            if (!spec.has(field) || (spec.value(field) instanceof List<?> list && list.isEmpty())) {
                continue;
            }
            List<Rule> directed = new ArrayList<>();
            for (Fields.Item item : spec.items(field)) {
                directed.add(rule(policy, direction, item, unreadable));
            }
            rules.put(direction, directed);
        }
        return rules;
    }

    private static Rule rule(
            String policy, Direction direction, Fields.Item item, @Nullable UnreadableException unreadable) {
        Action action = null;
        RuleSource source = new RuleSource(policy, item.place());
        try {
            // The action first, and whatever other fields there are: it says which way is closed.
            Fields any = Fields.any(item.value(), item.place());
            if (any.has("name")) {
                source = new RuleSource(policy, item.place() + " (" + any.text("name") + ")");
            }
            action = action(any);
            if (unreadable != null) {
                return closed(source, action, unreadable);
            }
            Fields rule = Fields.of(
                    item.value(), item.place(), Set.of("name", "action", direction.peersField(), "protocols"));
            return new Rule(source, action, peers(rule, direction, action), Protocols.ports(rule));
        } catch (UnreadableException other) {
            return closed(source, action, unreadable == null ? other : unreadable);
        }
    }

    private static Rule closed(RuleSource source, @Nullable Action action, UnreadableException unreadable) {
        Peer problem = new Peer.Unreadable(String.valueOf(unreadable.getMessage())
                + (action == Action.ACCEPT ? "; the rule accepts nothing" : "; the rule denies everything"));
        return action == Action.ACCEPT
                ? new Rule(source, Action.ACCEPT, List.of(problem), Rule.ALL_PORTS)
                : new Rule(source, Action.DENY, List.of(new Peer.Everywhere(), problem), Rule.ALL_PORTS);
    }

    private static Action action(Fields rule) throws UnreadableException {
        String text = rule.text("action");
        return switch (text) {
            case "Accept" -> Action.ACCEPT;
            case "Deny" -> Action.DENY;
            case "Pass" -> Action.PASS;
            default -> throw new UnreadableException(rule.place("action"), "'" + text + "' is not known here");
        };
    }

    private static List<Peer> peers(Fields rule, Direction direction, Action action) throws UnreadableException {
        List<Peer> peers = new ArrayList<>();
        for (Fields.Item item : rule.items(direction.peersField())) {
            PeerKind[] kinds = PeerKind.values();
            Fields peer = Fields.ofOne(
                    item.value(),
                    item.place(),
                    Set.copyOf(Arrays.stream(kinds)
                            .filter(kind -> direction == Direction.EGRESS || kind.isOfIngress)
                            .map(kind -> kind.field)
                            .toList()));
            for (PeerKind kind : kinds) {
                if (peer.has(kind.field)) {
                    peers.addAll(peersOf(kind, peer, action));
                }
            }
        }
        return peers;
    }

    private static List<? extends Peer> peersOf(PeerKind kind, Fields peer, Action action) throws UnreadableException {
        String place = peer.place(kind.field);
        Object value = peer.value(kind.field);
        return switch (kind) {
            case NAMESPACES -> List.of(Selectors.namespaces(value, place));
            case PODS -> List.of(Selectors.pods(value, place));
            case NODES -> List.of(new Peer.Nodes(Selectors.labels(value, place)));
            case NETWORKS -> networks(peer.texts(kind.field), place);
            case DOMAIN_NAMES -> {
                if (action != Action.ACCEPT) {
                    throw new UnreadableException(place, "means something only in a rule that accepts");
                }
                yield domains(peer.texts(kind.field), place);
            }
        };
    }

    private static List<Peer> networks(List<String> networks, String place) throws UnreadableException {
        List<Peer> peers = new ArrayList<>();
        for (String network : networks) {
            try {
                peers.add(new Peer.Block(Cidr.parse(network), List.of()));
            } catch (IllegalArgumentException invalid) {
                throw new UnreadableException(place, String.valueOf(invalid.getMessage()));
            }
        }
        return peers;
    }

    private static List<Peer> domains(List<String> names, String place) throws UnreadableException {
        List<Peer> peers = new ArrayList<>();
        for (String name : names) {
            try {
                peers.add(new Peer.Domain(DomainName.parse(name)));
            } catch (IllegalArgumentException invalid) {
                throw new UnreadableException(place, String.valueOf(invalid.getMessage()));
            }
        }
        return peers;
    }

    private enum PeerKind {
        NAMESPACES("namespaces", true),
        PODS("pods", true),
        NODES("nodes", false),
        NETWORKS("networks", false),
        DOMAIN_NAMES("domainNames", false);

        private final String field;
        private final boolean isOfIngress;

        PeerKind(String field, boolean isOfIngress) {
            this.field = field;
            this.isOfIngress = isOfIngress;
        }
    }
}
