package dev.agentcontainers.nodeagent.linux.identity;

/** User and group ids of the host, {@code first} standing for 0 in the sandbox. */
public record IdRange(long first, long size) {
    /** Ids of each sandbox: all that programs of a host's root know. */
    public static final long PER_SANDBOX = 65_536;

    public IdRange {
        if (first < PER_SANDBOX || size < 1 || first + size > 0xffff_fffeL) {
            throw new IllegalArgumentException("ids " + first + " to " + (first + size - 1)
                    + " can't be used: they must lie between 65536 and 4294967293");
        }
    }
}
