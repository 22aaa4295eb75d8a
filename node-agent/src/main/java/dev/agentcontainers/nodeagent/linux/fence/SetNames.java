package dev.agentcontainers.nodeagent.linux.fence;

import java.util.Arrays;
import java.util.Collection;

/** Names of sets that are replaced rather than changed: {@code <kind>_<what>_<number>}, each number used once. */
final class SetNames {
    /** What a set holds, by the beginning of its name. */
    enum Kind {
        NEVER("never_"),
        EGRESS_IPV4("a4_"),
        EGRESS_IPV6("a6_"),
        INGRESS_IPV4("i4_"),
        INGRESS_IPV6("i6_"),
        /** The ports of names, with the marks of connections; the name of the set tells which names these are. */
        NAMES("n_"),
        /** The same of names whose connections are intercepted. */
        TLS_NAMES("t_"),
        /** Maps boxes of rules with budgets to marks; the name of the map tells which budgets these are. */
        BUDGETED_IPV4("m4_"),
        BUDGETED_IPV6("m6_"),
        /** The ports of names of rules with budgets, as of names. */
        BUDGETED_NAMES("b_"),
        /** Those of the ports of names, within budgets and without, to which QUIC passes; the name of the set tells which names. */
        QUIC_NAMES("q_");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }

        boolean isOf(String set) {
            return set.startsWith(prefix);
        }
    }

    private long next;

    /** @param existing names in the kernel */
    SetNames(Collection<String> existing) {
        this.next = existing.stream()
                        .filter(SetNames::replaced)
                        .mapToLong(SetNames::number)
                        .max()
                        .orElse(0)
                + 1;
    }

    String never() {
        return Kind.NEVER.prefix + next++;
    }

    String boxes(Kind kind, String group) {
        return kind.prefix + group + "_" + next++;
    }

    /** @param digest of what the set does not hold itself: letters and digits */
    String names(Kind kind, String group, String digest) {
        return kind.prefix + group + "_" + digest + "_" + next++;
    }

    /** The digest in the name of a set that has one. */
    static String digest(String set) {
        String withoutNumber = set.substring(0, set.lastIndexOf('_'));
        return withoutNumber.substring(withoutNumber.lastIndexOf('_') + 1);
    }

    static boolean replaced(String set) {
        return Arrays.stream(Kind.values()).anyMatch(kind -> kind.isOf(set));
    }

    private static long number(String set) {
        return Long.parseLong(set.substring(set.lastIndexOf('_') + 1));
    }
}
