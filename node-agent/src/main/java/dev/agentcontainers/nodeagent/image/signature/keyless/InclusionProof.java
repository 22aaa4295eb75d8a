package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.util.Arrays;
import java.util.List;

/**
 * That an entry is in a log, of the size and with the root that the log's checkpoint says: what else says so is not signed.
 * Source: RFC 9162, 2.1.3.2.
 *
 * @param index of the entry in the log's tree
 * @param hashes of what is beside the entry, from it to the root
 * @param note the log's checkpoint
 */
record InclusionProof(long index, List<byte[]> hashes, String note) {
    private static final byte[] LEAF = {0};
    private static final byte[] NODE = {1};

    InclusionProof {
        hashes = List.copyOf(hashes);
    }

    void require(byte[] body, TransparencyLog log) throws DistrustException {
        Checkpoint checkpoint = Checkpoint.parse(note, log);
        if (!Arrays.equals(rootOf(body, checkpoint.size(), log), checkpoint.root())) {
            throw isNotIn(log);
        }
    }

    private static DistrustException isNotIn(TransparencyLog log) {
        return new DistrustException("has an entry that is not in the log " + log.url());
    }

    /** @throws DistrustException where there is no such place in the tree, or the hashes are too few or too many */
    private byte[] rootOf(byte[] body, long size, TransparencyLog log) throws DistrustException {
        byte[] hash = Hashes.sha256(LEAF, body);
        if (index < 0 || index >= size) {
            throw isNotIn(log);
        }
        long node = index;
        long last = size - 1;
        for (byte[] beside : hashes) {
            if (last == 0) {
                throw isNotIn(log);
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
        if (last != 0) {
            throw isNotIn(log);
        }
        return hash;
    }
}
