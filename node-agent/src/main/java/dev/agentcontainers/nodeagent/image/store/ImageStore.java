package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageConfiguration;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImagePlatform;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images of one directory. An image stays until it is removed, or until the disk needs its room and no agent uses it; a
 * layer stays as long as an image or an agent has it. Thread-safe, and safe against others with the same directory, in this
 * process or in another.
 */
public final class ImageStore implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);

    /** What an image takes at most times, as it is received and unpacked together. */
    private static final long OF_ITS_COMPRESSED_SIZE = 4;

    /** As many as images of whole distributions have. */
    private static final long FILES_OF_AN_IMAGE = 50_000;

    private final SharedStore shared;
    private final StoreLimits limits;
    private final Clock clock;
    private final NamedLocks locks;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final Proofs proofs;
    private final ImageRecords images;
    private final ImageRecords pulls;
    private final ImageRecords uses;
    private final UnneededContent unneeded;
    private final AtomicBoolean closed = new AtomicBoolean();

    private ImageStore(SharedStore shared) {
        this.shared = shared;
        this.limits = shared.limits();
        this.clock = shared.clock();
        this.locks = shared.locks();
        this.blobs = shared.blobs();
        this.layers = shared.layers();
        this.proofs = new Proofs(blobs);
        this.images = shared.images();
        this.pulls = shared.pulls();
        this.uses = shared.uses();
        this.unneeded = new UnneededContent(shared);
    }

    /**
     * Opens a store and removes what processes that died left half done in it. Where this process has it open already, by
     * whichever path, both use one: {@code files}, {@code limits} and {@code clock} are those of who opened it first.
     *
     * @param directory made where it does not exist, for its owner only: layers hold set-user-id programs of strangers
     */
    public static ImageStore open(Path directory, LayerFiles files, StoreLimits limits, Clock clock)
            throws IOException, InterruptedException {
        ImageStore store = new ImageStore(SharedStore.take(directory, files, limits, clock));
        boolean tidied = false;
        try {
            store.collect();
            tidied = true;
            return store;
        } finally {
            if (!tidied) {
                store.close();
            }
        }
    }

    /** Says whom an image is had from. Only asked where it has to be pulled. */
    @FunctionalInterface
    public interface Origin {
        ImageSource open() throws IOException;
    }

    /**
     * Gets an image by what {@code policy} says. What is here counts where nothing of it is missing. Where the disk has no
     * room for what has to be pulled, images are removed that no agent uses, as many as it takes.
     *
     * @param admission is asked whether the image is here or not; before any of its layers is received
     */
    public StoredImage get(
            ImageReference reference,
            PullPolicy policy,
            Origin origin,
            Admission admission,
            ImagePlatform platform,
            PullObserver observer)
            throws IOException, InterruptedException {
        Optional<StoredImage> present =
                policy == PullPolicy.ALWAYS ? Optional.empty() : find(reference).filter(this::isWhole);
        if (present.isPresent()) {
            return admitted(
                    present.get(), admission, policy == PullPolicy.NEVER ? Optional.empty() : Optional.of(origin));
        }
        if (policy == PullPolicy.NEVER) {
            throw new ImageException(
                    Kind.NOT_FOUND, "the image " + reference + " is not on this node, and it is never to be pulled");
        }
        return pull(reference, origin.open(), admission, platform, observer, true);
    }

    /**
     * Has it decided whether an image that is here may be had, and keeps what proves it.
     *
     * @param origin who may be asked about it; empty where nobody is to be
     * @return the same image with what proves it
     * @throws ImageException of kind UNSIGNED where it is not admitted; of kind NOT_FOUND where a part is not here any more
     */
    public StoredImage admitted(StoredImage image, Admission admission, Optional<Origin> origin)
            throws IOException, InterruptedException {
        List<byte[]> given = admission.admit(new StoredCandidate(image, blobs), origin);
        StoredImage proven = image.proven(Proofs.digests(given));
        if (!proven.equals(image) || !proofs.areIntact(image.proofs())) {
            // Under the lock nobody takes for unneeded what is not noted yet.
            try (NamedLocks.Held _ = locks.hold(UnneededContent.COLLECTION)) {
                proofs.write(given);
                // Whatever tags of its repository the same content has here.
                for (StoredImage same : images.readable()) {
                    StoredImage now =
                            same.isOfTheSame(image) ? same.proven(proofs.joined(same.proofs(), proven.proofs())) : same;
                    if (!now.equals(same)) {
                        images.write(ImageRecords.nameFor(same.reference()), now);
                    }
                }
            }
        }
        return proven;
    }

    private boolean isWhole(StoredImage image) {
        return image.layers().stream().allMatch(layers::has)
                && image.documents().stream().allMatch(blobs::has);
    }

    /**
     * Gets an image as its source has it now. What is here of its content is not received again, and no other image is
     * removed for it.
     */
    public StoredImage pull(
            ImageReference reference,
            ImageSource source,
            Admission admission,
            ImagePlatform platform,
            PullObserver observer)
            throws IOException, InterruptedException {
        return pull(reference, source, admission, platform, observer, false);
    }

    private StoredImage pull(
            ImageReference reference,
            ImageSource source,
            Admission admission,
            ImagePlatform platform,
            PullObserver observer,
            boolean mayRemoveOthers)
            throws IOException, InterruptedException {
        String pull = UUID.randomUUID().toString();
        // Also where the store is closed meanwhile: its locks are what keeps others from what is half done.
        try (Closeable _ = shared.used();
                NamedLocks.Held _ = locks.hold(pull)) {
            withRoom(() -> blobs.requireRoom(0), 0, mayRemoveOthers);
            ImagePull image = new ImagePull(reference, source, platform, observer, blobs, layers, limits);
            ImagePull.Resolved resolved = image.resolve(clock.instant());
            try {
                need(pulls, pull, resolved.stored());
                // What nobody has signed is not unpacked either.
                StoredImage known = resolved.stored().proven(knownProofs(resolved.stored()));
                List<byte[]> given = admission.admit(new StoredCandidate(known, blobs), Optional.of(() -> source));
                StoredImage proven = resolved.stored().proven(Proofs.digests(given));
                need(pulls, pull, proven);
                proofs.write(given);
                withRoom(() -> image.fill(resolved), resolved.stored().compressedBytes(), mayRemoveOthers);
                // Documents may have been collected between their arrival and the note that they are needed.
                for (Digest document : proven.documents()) {
                    blobs.read(document);
                }
                for (Digest proof : proven.proofs()) {
                    blobs.read(proof);
                }
                need(images, ImageRecords.nameFor(reference), proven);
                return proven;
            } finally {
                pulls.delete(pull);
            }
        }
    }

    /** What proved the same content of the repository proves it for as long as it is here, by whichever tag. */
    private List<Digest> knownProofs(StoredImage image) throws IOException {
        List<Digest> known = List.of();
        for (StoredImage same : images.readable()) {
            if (same.isOfTheSame(image)) {
                known = proofs.joined(known, same.proofs());
            }
        }
        return known;
    }

    private interface Step {
        void run() throws IOException, InterruptedException;
    }

    /** Takes a step, and once more where there was no room for it and others may be removed. */
    private void withRoom(Step step, long compressedBytes, boolean mayRemoveOthers)
            throws IOException, InterruptedException {
        try {
            step.run();
        } catch (ImageException e) {
            // What only says that it is that large is no reason to remove others.
            boolean possible = compressedBytes >= 0 && compressedBytes <= limits.unpackedBytes();
            if (!mayRemoveOthers || e.kind() != Kind.NO_ROOM || !possible) {
                throw e;
            }
            // How large it is unpacked nobody knows before.
            List<ImageReference> removed = unneeded.relieve(
                    limits.leastFree() + Math.min(compressedBytes * OF_ITS_COMPRESSED_SIZE, limits.unpackedBytes()),
                    limits.leastFreeFiles() + FILES_OF_AN_IMAGE);
            LOG.info("{}; removed the images {}, which no agent has", e.getMessage(), removed);
            step.run();
        }
    }

    private void need(ImageRecords records, String name, StoredImage image) throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold(UnneededContent.COLLECTION)) {
            records.write(name, image);
        }
    }

    /**
     * By the reference that it was pulled by, or by one of the same repository with its digest. The same content of another
     * repository is not found: who may have images of the one need not be who may have those of the other, and by what it is
     * called it is decided whether it may be had.
     */
    public Optional<StoredImage> find(ImageReference reference) throws IOException {
        Optional<StoredImage> named = images.readable(ImageRecords.nameFor(reference));
        if (named.isPresent() || reference.digest().isEmpty()) {
            return named;
        }
        return images.readable().stream()
                .filter(image -> image.isOfTheSame(reference, reference.digest().get()))
                .findFirst()
                .map(image -> image.as(reference));
    }

    public List<StoredImage> list() throws IOException {
        return images.readable().stream()
                .sorted(Comparator.comparing(image -> image.reference().toString()))
                .toList();
    }

    /** @throws ImageException of kind NOT_FOUND where it is not here any more */
    public ImageConfiguration configuration(StoredImage image) throws IOException {
        try {
            return ImageDocuments.configuration(blobs.read(image.documents().getLast()));
        } catch (NoSuchFileException e) {
            throw new ImageException(Kind.NOT_FOUND, "a document of " + gone(image), e);
        }
    }

    private static String gone(StoredImage image) {
        return "the image " + image.reference() + " was removed from this node meanwhile";
    }

    /**
     * Notes that an agent needs an image's layers from now on, over a loss of power too.
     *
     * @param user names the agent; safe as a file name
     * @return directories of the layers, the lowest first
     * @throws ImageException of kind NOT_FOUND where a part of it is not here any more; nothing is noted then
     */
    public List<Path> use(String user, StoredImage image) throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold(UnneededContent.COLLECTION)) {
            if (!isWhole(image)) {
                throw new ImageException(Kind.NOT_FOUND, gone(image));
            }
            uses.write(user, image);
            String name = ImageRecords.nameFor(image.reference());
            // What the agent was given may be older than what is known by now, for example of what proves it.
            Optional<StoredImage> known =
                    images.readable(name).filter(now -> now.digest().equals(image.digest()));
            if (known.isPresent()) {
                images.write(name, known.get().used(clock.instant()));
            }
        }
        return image.layers().stream().map(layers::path).toList();
    }

    /**
     * What an agent uses.
     *
     * @throws IOException also where the record of it is damaged, which is no answer
     */
    public Optional<StoredImage> usedBy(String user) throws IOException {
        return uses.read(user);
    }

    /** How many agents use each image, by the manifest's digest. What nobody uses is not in it. */
    public Map<Digest, Integer> users() throws IOException {
        Map<Digest, Integer> users = new HashMap<>();
        uses.readable().forEach(image -> users.merge(image.digest(), 1, Integer::sum));
        return users;
    }

    /** Names of the agents that use an image. */
    public Set<String> userNames() throws IOException {
        return Set.copyOf(uses.names());
    }

    /** Ends an agent's use. Its layers go with the next collection where nobody else has them. */
    public void release(String user) throws IOException {
        uses.delete(user);
    }

    /**
     * Removes an image, and of its layers those that nobody needs.
     *
     * @return false where there is none of that name
     */
    public boolean remove(ImageReference reference) throws IOException, InterruptedException {
        boolean removed = images.delete(ImageRecords.nameFor(reference));
        collect();
        return removed;
    }

    /**
     * Removes what no image, no pull and no agent needs, and what was left half done. Where it can't be read what an agent
     * needs, nothing that has a name is removed until that agent is released.
     */
    public void collect() throws IOException, InterruptedException {
        unneeded.collect();
    }

    /**
     * Removes images that no agent uses, those first that were not used for longest, until so much of the disk is free.
     *
     * @return what was removed
     */
    public List<ImageReference> relieve(long wantedFree) throws IOException, InterruptedException {
        return unneeded.relieve(wantedFree, 0);
    }

    /** Pulls that are under way go on; others that opened the store keep it. */
    @Override
    public void close() throws IOException {
        if (!closed.getAndSet(true)) {
            shared.letGo();
        }
    }
}
