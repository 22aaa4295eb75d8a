package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.cli.egress.learn.LearnedRule.LearnedPeer;
import dev.agentcontainers.policy.CompiledFlows;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What of a learned rule somebody should look at. Nothing of it is forbidden; it is what attacks look like too. */
final class Risks {
    private static final int MANY_PORTS = 8;
    private static final int MANY_PEERS = 20;
    private static final int MANY_SIBLINGS = 10;
    private static final long MUCH = 10L << 20;
    private static final int TIMES_AS_MUCH = 10;
    private static final int LONG_LABEL = 32;
    private static final int LONGER_LABEL = 48;
    private static final int LONG_NAME = 100;
    private static final double BITS_OF_DATA = 3.5;
    private static final Set<Integer> NAME_SERVERS = Set.of(53, 853);

    private Risks() {}

    /** Of one destination of a rule with those ports. */
    static List<String> of(Target target, SortedMap<UsedPort, Use> ports) {
        List<String> risks = new ArrayList<>();
        switch (target) {
            case Target.Domain(String name) -> {
                if (looksLikeData(name)) {
                    risks.add("the name looks like it carries data out");
                }
                if (ports.values().stream().anyMatch(Use::assumed)) {
                    risks.add("the name was denied, so nothing is known of its port: 443 is assumed");
                }
            }
            case Target.Address(var address) -> {
                if (!CompiledFlows.isOpenToNames(address)) {
                    risks.add("private address");
                }
                if (ports.keySet().stream().anyMatch(port -> NAME_SERVERS.contains(port.number()))) {
                    risks.add("a name server of its own goes round the node's rules for names");
                }
            }
            case Target.Workloads workloads -> {
                if (workloads.labels().isEmpty()) {
                    risks.add("it has no labels to select it by: this selects everything in its namespace");
                }
            }
        }
        long sent = ports.values().stream().mapToLong(Use::sent).sum();
        long received = ports.values().stream().mapToLong(Use::received).sum();
        if (sent >= MUCH && sent >= TIMES_AS_MUCH * received) {
            risks.add("much more was sent than received");
        }
        if (ports.values().stream().mapToLong(Use::denied).sum() > 0) {
            risks.add("was denied");
        }
        return risks;
    }

    /** Of a rule as a whole. */
    static List<String> of(List<LearnedPeer> peers, Collection<UsedPort> ports) {
        List<String> risks = new ArrayList<>();
        if (peers.stream().anyMatch(peer -> peer.target() instanceof Target.Address)) {
            risks.add("raw addresses, of which no name is known: say what they are, or take the rule out");
        }
        if (ports.size() > MANY_PORTS) {
            risks.add("many ports (%d)".formatted(ports.size()));
        }
        if (peers.size() > MANY_PEERS) {
            risks.add("many destinations (%d)".formatted(peers.size()));
        }
        siblings(peers)
                .forEach((parent, count) -> risks.add(
                        "%d names below %s: their labels can carry data out; *.%s would stand for them, and for all others"
                                .formatted(count, parent, parent)));
        return risks;
    }

    private static Map<String, Integer> siblings(List<LearnedPeer> peers) {
        Map<String, Integer> parents = new TreeMap<>();
        for (LearnedPeer peer : peers) {
            if (peer.target() instanceof Target.Domain(String name)) {
                String parent = name.substring(name.indexOf('.') + 1);
                if (parent.contains(".")) {
                    parents.merge(parent, 1, Integer::sum);
                }
            }
        }
        parents.values().removeIf(count -> count < MANY_SIBLINGS);
        return parents;
    }

    private static boolean looksLikeData(String name) {
        if (name.length() > LONG_NAME) {
            return true;
        }
        for (String label : name.split("[.]", -1)) {
            if (label.length() > LONGER_LABEL || (label.length() >= LONG_LABEL && entropy(label) > BITS_OF_DATA)) {
                return true;
            }
        }
        return false;
    }

    /** Bits for each character, from how often each occurs (Shannon). */
    private static double entropy(String label) {
        int[] counts = new int[128];
        label.chars().forEach(character -> counts[character]++);
        double bits = 0;
        for (int count : counts) {
            if (count > 0) {
                double share = (double) count / label.length();
                bits -= share * Math.log(share) / Math.log(2);
            }
        }
        return bits;
    }
}
