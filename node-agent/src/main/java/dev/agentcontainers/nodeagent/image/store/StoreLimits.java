package dev.agentcontainers.nodeagent.image.store;

import java.time.Duration;

/**
 * What pulls may take of a machine.
 *
 * @param layersAtOnce layers of one image that are received and unpacked at the same time
 * @param unpackedBytes bytes of an image's layers together, as archives and as files, holes of sparse ones included; an
 *     image with more of either is refused while it is unpacked
 * @param leastFree bytes that stay free on the disk
 * @param leastFreeFiles files (inodes) that stay free on it
 * @param attempts how often in a row content is asked for of which nothing arrives
 * @param pause before the second of them; doubles from then on
 */
public record StoreLimits(
        int layersAtOnce, long unpackedBytes, long leastFree, long leastFreeFiles, int attempts, Duration pause) {
    public static final StoreLimits DEFAULT =
            new StoreLimits(3, 32L << 30, 1L << 30, 10_000, 5, Duration.ofMillis(500));
}
