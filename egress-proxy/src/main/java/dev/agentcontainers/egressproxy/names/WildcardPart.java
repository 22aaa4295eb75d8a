package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameLimits;

/**
 * The labels that a wildcard stands for. Whoever owns the domain gets them all, so they can carry data out.
 *
 * @param labels with the dots between them
 */
record WildcardPart(String labels) {
    /** Shorter labels say too little about how their characters are spread. */
    private static final int SHORTEST_MEASURED = 32;

    static WildcardPart of(String name, DomainName rule) {
        return new WildcardPart(name.substring(0, name.length() - rule.suffix().length() - 1));
    }

    int length() {
        return labels.length();
    }

    /** Whether it is longer, or looks more like data, than names do. */
    boolean exceeds(NameLimits limits) {
        if (labels.length() > limits.wildcardName()) {
            return true;
        }
        for (String label : labels.split("[.]")) {
            if (label.length() > limits.wildcardLabel()
                    || (label.length() >= SHORTEST_MEASURED && 100 * entropy(label) > limits.wildcardEntropy())) {
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
