package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/** What proves images of a store that they may be had, among its other content. Thread-safe as that is. */
record Proofs(BlobStore blobs) {
    /** Stores what is not there, or not whole any more. Whoever calls sees to it that nobody takes it for unneeded meanwhile. */
    void write(List<byte[]> proofs) throws IOException, InterruptedException {
        for (byte[] proof : proofs) {
            blobs.write(Digest.of(proof), proof);
        }
    }

    static List<Digest> digests(List<byte[]> proofs) {
        return proofs.stream().map(Digest::of).toList();
    }

    boolean areIntact(List<Digest> proofs) throws IOException {
        for (Digest proof : proofs) {
            if (!blobs.isIntact(proof)) {
                return false;
            }
        }
        return true;
    }

    /** The later ones behind the earlier, as far as they are whole, and of all no more than are kept. */
    List<Digest> joined(List<Digest> earlier, List<Digest> later) throws IOException {
        SequencedSet<Digest> joined = new LinkedHashSet<>(earlier);
        later.forEach(joined::addLast);
        List<Digest> whole = new ArrayList<>();
        for (Digest proof : joined) {
            if (blobs.isIntact(proof)) {
                whole.add(proof);
            }
        }
        return whole.subList(Math.max(0, whole.size() - Admission.MOST_PROOFS), whole.size());
    }
}
