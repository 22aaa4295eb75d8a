package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.egress.learn.LearnedRule.LearnedPeer;
import dev.agentcontainers.cli.egress.learn.LearnedRule.Ports;
import dev.agentcontainers.policy.box.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes rules of evidence: those destinations stand together that were reached at the same ports, each is named as narrowly as it
 * can be, and none is wider than what was seen. Pure.
 */
final class Learner {
    /** Of the API. */
    private static final int MOST_PEERS = 32;

    private static final int MOST_PORTS = 64;
    private static final int LONGEST_NAME = 63;
    private static final int ROOM_FOR_A_NUMBER = 5;

    private final Set<String> names = new HashSet<>();

    private Learner() {}

    /** In the order in which rules stand. */
    private enum Kind {
        TLS_NAMES("tls"),
        NAMES("names"),
        WORKLOADS("agents"),
        ADDRESSES("addresses");

        private final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    private record Group(Kind kind, List<UsedPort> ports) {
        private static final Comparator<Group> ORDER = Comparator.comparing(Group::kind)
                .thenComparing(group -> group.ports().toString());
    }

    private record Member(Target target, SortedMap<UsedPort, Use> ports) {}

    static List<LearnedRule> rules(Evidence evidence) {
        return new Learner().of(evidence);
    }

    private List<LearnedRule> of(Evidence evidence) {
        Map<Group, List<Member>> groups = new LinkedHashMap<>();
        evidence.uses()
                .forEach((target, ports) -> byKind(target, ports)
                        .forEach((kind, its) -> inParts(its)
                                .forEach(part -> groups.computeIfAbsent(
                                                new Group(kind, List.copyOf(part.keySet())), _ -> new ArrayList<>())
                                        .add(new Member(target, part)))));
        List<LearnedRule> rules = new ArrayList<>();
        groups.entrySet().stream()
                .sorted(Map.Entry.comparingByKey(Group.ORDER))
                .forEach(group -> rules.addAll(rules(group.getKey(), group.getValue())));
        return rules;
    }

    /** Names stand apart where nothing but TLS for them was seen. */
    private static Map<Kind, SortedMap<UsedPort, Use>> byKind(Target target, SortedMap<UsedPort, Use> ports) {
        Map<Kind, SortedMap<UsedPort, Use>> byKind = new TreeMap<>();
        ports.forEach((port, use) -> byKind.computeIfAbsent(
                        switch (target) {
                            case Target.Domain _ -> use.isTls() ? Kind.TLS_NAMES : Kind.NAMES;
                            case Target.Workloads _ -> Kind.WORKLOADS;
                            case Target.Address _ -> Kind.ADDRESSES;
                        },
                        _ -> new TreeMap<>())
                .put(port, use));
        return byKind;
    }

    /** A rule with names may have so many ports in all; others could have more in ranges, and are held to the same. */
    private static List<SortedMap<UsedPort, Use>> inParts(SortedMap<UsedPort, Use> ports) {
        List<SortedMap<UsedPort, Use>> parts = new ArrayList<>();
        for (Map.Entry<UsedPort, Use> port : ports.entrySet()) {
            if (parts.isEmpty() || parts.getLast().size() == MOST_PORTS) {
                parts.add(new TreeMap<>());
            }
            parts.getLast().put(port.getKey(), port.getValue());
        }
        return parts;
    }

    private List<LearnedRule> rules(Group group, List<Member> members) {
        List<LearnedPeer> peers = members.stream()
                .sorted(Comparator.comparing(member -> member.target().toString()))
                .map(member -> new LearnedPeer(
                        member.target(), note(member.ports().values()), Risks.of(member.target(), member.ports())))
                .toList();
        List<String> risks = Risks.of(peers, group.ports());
        List<LearnedRule> rules = new ArrayList<>();
        for (int first = 0; first < peers.size(); first += MOST_PEERS) {
            rules.add(new LearnedRule(
                    name(group),
                    first == 0 ? risks : List.of(),
                    peers.subList(first, Math.min(peers.size(), first + MOST_PEERS)),
                    ports(group.ports()),
                    group.kind() == Kind.TLS_NAMES));
        }
        return rules;
    }

    private static List<Ports> ports(List<UsedPort> ports) {
        Map<Protocol, List<PortRange>> ranges = new TreeMap<>();
        ports.forEach(port -> ranges.computeIfAbsent(port.protocol(), _ -> new ArrayList<>())
                .add(new PortRange(port.number(), port.number())));
        return ranges.entrySet().stream()
                .flatMap(protocol -> PortRange.merged(protocol.getValue()).stream()
                        .map(range -> new Ports(protocol.getKey(), range)))
                .toList();
    }

    private String name(Group group) {
        StringBuilder base = new StringBuilder(group.kind().title);
        for (Ports ports : ports(group.ports())) {
            String more = "-" + ports.protocol().name().toLowerCase(Locale.ROOT) + "-"
                    + ports.range().toString();
            if (base.length() + more.length() > LONGEST_NAME - ROOM_FOR_A_NUMBER) {
                break;
            }
            base.append(more);
        }
        String name = base.toString();
        for (int number = 2; !names.add(name); number++) {
            name = base + "-" + number;
        }
        return name;
    }

    private static String note(Collection<Use> uses) {
        List<String> notes = new ArrayList<>();
        add(notes, uses.stream().mapToLong(Use::allowed).sum(), "connected");
        add(notes, uses.stream().mapToLong(Use::denied).sum(), "denied");
        long sent = uses.stream().mapToLong(Use::sent).sum();
        long received = uses.stream().mapToLong(Use::received).sum();
        if (sent + received > 0) {
            notes.add("sent: %d B, received: %d B".formatted(sent, received));
        }
        return notes.isEmpty() ? "led to where another name was connected to" : String.join(", ", notes);
    }

    private static void add(List<String> notes, long count, String what) {
        if (count > 0) {
            notes.add(what + ": " + count);
        }
    }
}
