package dev.agentcontainers.nodeagent.linux.image;

/**
 * What one layer may have.
 *
 * @param entries of its archive and directories that it has things in and does not speak of, each of which takes an inode
 *     at most
 * @param bytes of its files together, holes of sparse files included
 */
public record UnpackLimits(long entries, long bytes) {
    public static final UnpackLimits DEFAULT = new UnpackLimits(1_000_000, 32L << 30);
}
