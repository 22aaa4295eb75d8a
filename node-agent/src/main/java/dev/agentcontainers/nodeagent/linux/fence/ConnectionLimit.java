package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.nftables.NftablesException;
import java.io.IOException;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many connections an agent may have under way, so that none fills the table that all of them share. A part of what the
 * kernel lets the table grow to, and never more than it can look through often: to count anew it looks at each.
 *
 * @param most connections of an agent at a time
 */
record ConnectionLimit(int most) {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionLimit.class);

    private static final String TABLE_SIZE = "netfilter/nf_conntrack_max";

    private static final int SHARE = 16;
    private static final int FEWEST = 256;
    private static final int MOST = 4096;

    /** What lets a rule be applied with a limit, or without one. */
    @FunctionalInterface
    interface Application {
        void apply(OptionalInt mostConnections) throws IOException;
    }

    /** In a fence; the most where the kernel does not say how large the table is there. */
    static ConnectionLimit in(Place fence) throws IOException {
        return fence.sysctlIfThere(TABLE_SIZE)
                .map(size -> ofTable(Long.parseLong(size)))
                .orElse(new ConnectionLimit(MOST));
    }

    /** @param size of the kernel's table, in connections */
    static ConnectionLimit ofTable(long size) {
        return new ConnectionLimit(Math.clamp(size / SHARE, FEWEST, MOST));
    }

    /** Without it where the kernel refuses it: some are built without what counts connections (NFT_CONNLIMIT). */
    void apply(Application rules) throws IOException {
        try {
            rules.apply(OptionalInt.of(most));
        } catch (NftablesException e) {
            rules.apply(OptionalInt.empty());
            LOG.warn(
                    "agents' connections are not limited, and one of them can take all that this machine has room for:"
                            + " the kernel can't count them: {}",
                    e.getMessage());
        }
    }
}
