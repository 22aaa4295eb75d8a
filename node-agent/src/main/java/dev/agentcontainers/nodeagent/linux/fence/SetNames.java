package dev.agentcontainers.nodeagent.linux.fence;

import java.util.Collection;

/** Names of sets that are replaced rather than changed: {@code <kind>_<what>_<number>}, each number used once. */
final class SetNames {
    private static final String NEVER = "never_";
    private static final String IPV4 = "a4_";
    private static final String IPV6 = "a6_";

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
        return NEVER + next++;
    }

    String ipv4(String group) {
        return IPV4 + group + "_" + next++;
    }

    String ipv6(String group) {
        return IPV6 + group + "_" + next++;
    }

    static boolean isNever(String set) {
        return set.startsWith(NEVER);
    }

    static boolean isIpv4(String set) {
        return set.startsWith(IPV4);
    }

    static boolean isIpv6(String set) {
        return set.startsWith(IPV6);
    }

    static boolean replaced(String set) {
        return isNever(set) || isIpv4(set) || isIpv6(set);
    }

    private static long number(String set) {
        return Long.parseLong(set.substring(set.lastIndexOf('_') + 1));
    }
}
