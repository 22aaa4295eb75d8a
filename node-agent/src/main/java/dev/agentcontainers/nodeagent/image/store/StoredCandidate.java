package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import dev.agentcontainers.nodeagent.image.Manifest;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An image whose documents are in a store. Whoever is told that one of its manifests is signed knows which layers are. */
record StoredCandidate(StoredImage image, BlobStore blobs) implements Admission.Candidate {
    @Override
    public ImageReference reference() {
        return image.reference();
    }

    @Override
    public List<KnownManifest> manifests() throws IOException {
        try {
            return chain();
        } catch (NoSuchFileException e) {
            throw new ImageException(
                    Kind.NOT_FOUND,
                    "a document of the image " + image.reference() + " is not on this node any more",
                    e);
        }
    }

    private List<KnownManifest> chain() throws IOException {
        List<Digest> digests = image.documents();
        List<KnownManifest> manifests = new ArrayList<>();
        Digest named = image.digest();
        for (int i = 0; i < digests.size() - 1; i++) {
            Digest next = digests.get(i + 1);
            require(named.equals(digests.get(i)));
            KnownManifest manifest = new KnownManifest(named, blobs.read(named));
            manifests.add(manifest);
            boolean last = i == digests.size() - 2;
            switch (ImageDocuments.manifest(manifest.content(), Optional.empty())) {
                case Manifest.Index index ->
                    require(!last
                            && index.manifests().stream()
                                    .anyMatch(entry -> entry.digest().equals(next)));
                case Manifest.Image one ->
                    require(last && one.configuration().digest().equals(next));
            }
            named = next;
        }
        require(!manifests.isEmpty()
                && ImageDocuments.configuration(blobs.read(named)).layers().equals(image.layers()));
        return manifests;
    }

    private void require(boolean right) throws ImageException {
        if (!right) {
            throw new ImageException(
                    Kind.CORRUPT,
                    "what this node has noted of the image " + image.reference()
                            + " is not what its documents say: remove the image here, and it is pulled again");
        }
    }

    @Override
    public List<byte[]> proofs() throws IOException {
        List<byte[]> proofs = new ArrayList<>();
        for (Digest proof : image.proofs()) {
            try {
                proofs.add(blobs.read(proof));
            } catch (NoSuchFileException | ImageException e) {
                continue; // Nothing is proven by it any more.
            }
        }
        return proofs;
    }
}
