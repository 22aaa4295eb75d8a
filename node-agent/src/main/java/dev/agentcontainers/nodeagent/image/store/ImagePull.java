package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageConfiguration;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImagePlatform;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenManifest;
import dev.agentcontainers.nodeagent.image.Manifest;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** One image on its way into a store. For one thread. */
final class ImagePull {
    /** An index may name an index; what goes deeper is nobody's image. */
    private static final int MOST_INDEXES = 2;

    private final ImageReference reference;
    private final ImageSource source;
    private final ImagePlatform platform;
    private final PullObserver observer;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final StoreLimits limits;
    private final List<Digest> documents = new ArrayList<>();

    ImagePull(
            ImageReference reference,
            ImageSource source,
            ImagePlatform platform,
            PullObserver observer,
            BlobStore blobs,
            LayerStore layers,
            StoreLimits limits) {
        this.reference = reference;
        this.source = source;
        this.platform = platform;
        this.observer = observer;
        this.blobs = blobs;
        this.layers = layers;
        this.limits = limits;
    }

    /**
     * What the image consists of.
     *
     * @param stored the record of it, true once its layers are there
     * @param received its layers as the source has them, in the order of the record's
     */
    record Resolved(StoredImage stored, List<ContentDescriptor> received) {}

    /** Receives the documents and checks that they are of one image that runs here. */
    Resolved resolve(Instant now) throws IOException, InterruptedException {
        GivenManifest given = source.manifest(reference.wanted());
        Digest digest = reference.digest().orElseGet(() -> Digest.of(given.content()));
        Manifest manifest = checked(digest, given, given.declared());
        for (int indexes = 0; manifest instanceof Manifest.Index index; indexes++) {
            if (indexes == MOST_INDEXES) {
                throw new ImageException(Kind.UNUSABLE, reference + " is an index of indexes of indexes");
            }
            ContentDescriptor chosen = index.on(platform);
            manifest = checked(
                    chosen.digest(), source.manifest(chosen.digest().toString()), Optional.of(chosen.mediaType()));
        }
        Manifest.Image image = (Manifest.Image) manifest;
        blobs.fetch(image.configuration(), source, observer);
        documents.add(image.configuration().digest());
        ImageConfiguration configuration =
                ImageDocuments.configuration(blobs.read(image.configuration().digest()));
        requireFitting(image, configuration);
        return new Resolved(
                new StoredImage(
                        reference,
                        digest,
                        documents,
                        configuration.layers(),
                        List.of(),
                        image.layers().stream()
                                .mapToLong(ContentDescriptor::size)
                                .sum(),
                        now,
                        now),
                image.layers());
    }

    private Manifest checked(Digest digest, GivenManifest given, Optional<String> declared)
            throws IOException, InterruptedException {
        if (!digest.isOf(given.content())) {
            throw new ImageException(
                    Kind.CORRUPT,
                    "what " + reference + "'s source gave as the manifest " + digest + " is "
                            + Digest.of(given.content()));
        }
        Manifest manifest = ImageDocuments.manifest(given.content(), declared);
        blobs.write(digest, given.content());
        documents.add(digest);
        return manifest;
    }

    private void requireFitting(Manifest.Image image, ImageConfiguration configuration) throws ImageException {
        if (!platform.runs(configuration.platform())) {
            throw new ImageException(
                    Kind.UNUSABLE, reference + " is for " + configuration.platform() + "; this node is " + platform);
        }
        if (configuration.layers().size() != image.layers().size()) {
            throw new ImageException(
                    Kind.UNUSABLE,
                    reference + " has " + image.layers().size() + " layers by its manifest and "
                            + configuration.layers().size() + " by its configuration");
        }
    }

    /** Receives and unpacks what is not there. Where a layer fails the others are left off; what has arrived of them stays. */
    void fill(Resolved resolved) throws IOException, InterruptedException {
        UnpackedBytes bytes = new UnpackedBytes(limits.unpackedBytes(), () -> {
            blobs.requireRoom(0);
            layers.requireFiles();
        });
        List<Callable<Void>> work = new ArrayList<>();
        Set<Digest> seen = new HashSet<>();
        for (int i = 0; i < resolved.received().size(); i++) {
            Digest layer = resolved.stored().layers().get(i);
            ContentDescriptor received = resolved.received().get(i);
            if (seen.add(layer)) {
                work.add(() -> fill(layer, received, bytes));
            }
        }
        all(work);
    }

    private Void fill(Digest layer, ContentDescriptor received, UnpackedBytes bytes)
            throws IOException, InterruptedException {
        if (!layers.has(layer)) {
            blobs.fetch(received, source, observer);
            layers.unpack(layer, blobs.path(received.digest()), bytes);
            // The unpacked layer is all that anybody needs.
            blobs.delete(received.digest());
        }
        observer.unpacked(received.digest());
        return null;
    }

    /** Unpacking is decompression and system calls, which would keep virtual threads' carriers from everybody else. */
    private void all(List<Callable<Void>> work) throws IOException, InterruptedException {
        try (ExecutorService threads = Executors.newFixedThreadPool(
                limits.layersAtOnce(),
                Thread.ofPlatform().daemon().name("layer").factory())) {
            ExecutorCompletionService<Void> tasks = new ExecutorCompletionService<>(threads);
            work.forEach(tasks::submit);
            try {
                for (int i = 0; i < work.size(); i++) {
                    tasks.take().get();
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
            } finally {
                threads.shutdownNow();
            }
        }
    }
}
