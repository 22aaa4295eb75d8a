package dev.agentcontainers.nodeagent.linux.identity;

/** User and group ids of the host, {@code first} standing for 0 in the sandbox. */
public record IdRange(long first, long size) {
    /** Ids of each sandbox: all that programs of a host's root know. */
    public static final long PER_SANDBOX = 65_536;

    public IdRange {
        if (first < PER_SANDBOX || size < 1 || size > 0xffff_fffeL - first) {
            throw new IllegalArgumentException(
                    "%d ids from %d on can't be used: they must lie between %d and 4294967293"
                            .formatted(size, first, PER_SANDBOX));
        }
    }
}
