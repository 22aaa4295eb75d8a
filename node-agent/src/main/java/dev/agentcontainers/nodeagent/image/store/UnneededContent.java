package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes of a store what nobody needs, and where the disk needs room what no agent has. Thread-safe. */
final class UnneededContent {
    /** Held while it is decided what nobody needs, and while somebody says that he needs something. */
    static final String COLLECTION = "collection";

    private static final Logger LOG = LoggerFactory.getLogger(UnneededContent.class);

    /** How long what has arrived of an image is kept that could not be had whole. */
    private static final Duration KEPT = Duration.ofDays(1);

    private final SharedStore shared;
    private final NamedLocks locks;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final ImageRecords images;
    private final ImageRecords pulls;
    private final ImageRecords uses;

    UnneededContent(SharedStore shared) {
        this.shared = shared;
        this.locks = shared.locks();
        this.blobs = shared.blobs();
        this.layers = shared.layers();
        this.images = shared.images();
        this.pulls = shared.pulls();
        this.uses = shared.uses();
    }

    /** As {@link ImageStore#collect}. */
    void collect() throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold(COLLECTION)) {
            images.setDamagedAside();
            removeUnneeded(neededImages());
        } catch (ImageRecords.DamagedException e) {
            LOG.warn("{}", e.getMessage());
        }
        // Without the lock: agents start while much is removed.
        layers.collectLeftovers();
    }

    private void removeUnneeded(List<StoredImage> neededImages) throws IOException, InterruptedException {
        Set<Digest> needed = new HashSet<>();
        for (StoredImage image : neededImages) {
            needed.addAll(image.layers());
            needed.addAll(image.documents());
            needed.addAll(image.proofs());
        }
        for (Digest layer : layers.all()) {
            if (!needed.contains(layer)) {
                layers.forget(layer);
            }
        }
        blobs.collect(needed, shared.clock().instant().minus(KEPT));
    }

    private List<StoredImage> neededImages() throws IOException {
        for (String pull : pulls.names()) {
            Optional<NamedLocks.Held> abandoned = locks.tryHold(pull);
            if (abandoned.isPresent()) {
                try (NamedLocks.Held _ = abandoned.get()) {
                    pulls.delete(pull);
                }
            }
        }
        List<StoredImage> needed = new ArrayList<>(images.all());
        needed.addAll(pulls.all());
        needed.addAll(uses.all());
        return needed;
    }

    /**
     * As {@link ImageStore#relieve}, and until the disk has so many free files besides.
     *
     * @return what was removed
     */
    List<ImageReference> relieve(long wantedFree, long wantedFreeFiles) throws IOException, InterruptedException {
        // What nobody has a name for any more goes before what somebody pulled.
        collect();
        Set<Digest> used = new HashSet<>();
        try {
            uses.all().forEach(image -> used.add(image.digest()));
        } catch (ImageRecords.DamagedException e) {
            // Said by the collection: no room would come of it.
            return List.of();
        }
        List<StoredImage> unused = images.readable().stream()
                .filter(image -> !used.contains(image.digest()))
                .sorted(Comparator.comparing(StoredImage::usedAt))
                .toList();
        List<ImageReference> removed = new ArrayList<>();
        for (StoredImage image : unused) {
            if (Files.getFileStore(shared.directory()).getUsableSpace() >= wantedFree
                    && layers.freeFiles() >= wantedFreeFiles) {
                break;
            }
            images.delete(ImageRecords.nameFor(image.reference()));
            collect();
            removed.add(image.reference());
        }
        return removed;
    }
}
