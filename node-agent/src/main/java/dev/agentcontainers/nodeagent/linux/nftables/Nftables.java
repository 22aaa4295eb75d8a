package dev.agentcontainers.nodeagent.linux.nftables;

/** Runs nftables commands in the network namespace in which it was opened. Used by one thread. */
public interface Nftables extends AutoCloseable {
    /**
     * Runs the commands as one transaction: all of them or, where this throws, none.
     *
     * @param commands as in a file for {@code nft -f}
     */
    void run(String commands) throws NftablesException;

    @Override
    void close();
}
