package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Decides whether an image may be had, before anything of its layers is received or handed out. Thread-safe. */
@FunctionalInterface
public interface Admission {
    /** Proofs of one image that are kept; what is older than these goes. */
    int MOST_PROOFS = 8;

    /** Every image, whatever proves it. */
    Admission ALL = (image, _) -> image.proofs();

    /** An image that it is decided on. What is read of it is read from the store. */
    interface Candidate {
        /** What it was asked for by. */
        ImageReference reference();

        /**
         * From the manifest that the reference stands for to that of this node's platform, each named by the one before it, and
         * the last naming configuration and layers that are handed out.
         *
         * @throws dev.agentcontainers.nodeagent.image.ImageException where they don't, or something is missing
         */
        List<KnownManifest> manifests() throws IOException;

        /** What {@link #admit} gave for it earlier, as far as it is still there. */
        List<byte[]> proofs() throws IOException;
    }

    /**
     * Admits an image.
     *
     * @param origin who may be asked about it; empty where nobody is to be
     * @return what proves it now or did earlier, to be stored with it: at most {@link #MOST_PROOFS}, the newest last, of a few MiB
     * @throws dev.agentcontainers.nodeagent.image.ImageException of kind UNSIGNED where it is not admitted
     */
    List<byte[]> admit(Candidate image, Optional<ImageStore.Origin> origin) throws IOException, InterruptedException;
}
