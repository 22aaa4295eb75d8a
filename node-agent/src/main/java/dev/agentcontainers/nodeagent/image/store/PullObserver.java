package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;

/** Is told how a pull goes, by several threads at once. */
public interface PullObserver {
    PullObserver NONE = new PullObserver() {
        @Override
        public void received(Digest content, long bytes, long of) {}

        @Override
        public void unpacked(Digest layer) {}
    };

    /** So many bytes of content are here by now; what an earlier attempt left counts. */
    void received(Digest content, long bytes, long of);

    /** @param layer by the digest that the manifest has; also where it was there before */
    void unpacked(Digest layer);
}
