package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.util.Arrays;
import java.util.List;

/**
 * That an entry is in a log. Source: RFC 9162, 2.1.3.2.
 *
 * @param index of the entry in the log's tree
 * @param hashes of what is beside the entry, from it to the root
 * @param note the log's checkpoint
 */
record InclusionProof(long index, long size, List<byte[]> hashes, byte[] root, String note) {
    private static final byte[] LEAF = {0};
    private static final byte[] NODE = {1};

    InclusionProof {
        hashes = List.copyOf(hashes);
    }

    void require(byte[] body, TransparencyLog log) throws DistrustException {
        Checkpoint checkpoint = Checkpoint.parse(note, log);
        if (checkpoint.size() != size || !Arrays.equals(checkpoint.root(), root)) {
            throw new DistrustException(
                    "has an entry of a log whose proof is by another checkpoint than it comes with");
        }
        if (!Arrays.equals(rootOf(body), root)) {
            throw new DistrustException("has an entry that is not in the log " + log.url());
        }
    }

    /** Nothing where the hashes are too few or too many. */
    private byte[] rootOf(byte[] body) {
        byte[] hash = Hashes.sha256(LEAF, body);
        if (index < 0 || index >= size) {
            return new byte[0];
        }
        long node = index;
        long last = size - 1;
        for (byte[] beside : hashes) {
            if (last == 0) {
                return new byte[0];
            }
            if ((node & 1) == 1 || node == last) {
                hash = Hashes.sha256(NODE, beside, hash);
                while ((node & 1) == 0 && node != 0) {
                    node >>= 1;
                    last >>= 1;
                }
            } else {
                hash = Hashes.sha256(NODE, hash, beside);
            }
            node >>= 1;
            last >>= 1;
        }
        return last == 0 ? hash : new byte[0];
    }
}
