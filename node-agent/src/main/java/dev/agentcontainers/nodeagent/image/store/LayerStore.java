package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Unpacked layers by the digest of their unpacked archive. A layer is unpacked under another name, checked, written to the
 * disk and only then given its own. Thread-safe, and safe against other processes with the same directory.
 */
final class LayerStore {
    private final Path layers;
    private final Path unpacking;
    private final LayerFiles files;
    private final StoreLimits limits;
    private final NamedLocks locks;

    LayerStore(Path directory, LayerFiles files, StoreLimits limits, NamedLocks locks) {
        this.layers = directory.resolve("layers");
        this.unpacking = directory.resolve("unpacking");
        this.files = files;
        this.limits = limits;
        this.locks = locks;
    }

    Path layers() {
        return layers;
    }

    Path unpacking() {
        return unpacking;
    }

    Path path(Digest layer) {
        return layers.resolve(BlobStore.nameOf(layer));
    }

    boolean has(Digest layer) {
        return Files.isDirectory(path(layer), LinkOption.NOFOLLOW_LINKS);
    }

    /** How many files more there can be; {@link Long#MAX_VALUE} where nobody counts. */
    long freeFiles() throws IOException {
        return files.freeFiles(unpacking);
    }

    /** @throws ImageException of kind NO_ROOM where the disk has only the files left that stay free */
    void requireFiles() throws IOException {
        long free = freeFiles();
        if (free < limits.leastFreeFiles()) {
            throw new ImageException(
                    Kind.NO_ROOM,
                    "the disk of " + unpacking + " has room for " + free + " more files (inodes); "
                            + limits.leastFreeFiles() + " stay free");
        }
    }

    /** Unpacks a layer that is not there yet. */
    void unpack(Digest layer, Path compressed, UnpackedBytes bytes) throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold("layer-" + BlobStore.nameOf(layer))) {
            if (has(layer)) {
                return;
            }
            String name = UUID.randomUUID().toString();
            Path draft = unpacking.resolve(name);
            try (NamedLocks.Held _ = locks.hold(name)) {
                try {
                    Files.createDirectory(draft);
                    unpackTo(draft, layer, compressed, bytes);
                    Files.move(draft, path(layer), StandardCopyOption.ATOMIC_MOVE);
                    BlobStore.force(layers);
                } finally {
                    files.delete(draft);
                }
            }
        }
    }

    private void unpackTo(Path draft, Digest layer, Path compressed, UnpackedBytes bytes) throws IOException {
        MessageDigest digest = layer.algorithm().begin();
        try (InputStream content = decompressed(compressed);
                DigestInputStream archive = new DigestInputStream(bytes.counted(content), digest)) {
            files.unpack(archive, draft, bytes);
            // What follows the archive's end counts for the digest.
            archive.transferTo(OutputStream.nullOutputStream());
        }
        Digest found = Digest.ended(layer.algorithm(), digest, new byte[0]);
        if (!found.equals(layer)) {
            throw new ImageException(
                    Kind.CORRUPT,
                    "a layer that the image's configuration has as " + layer + " is " + found + " unpacked");
        }
    }

    /** Whatever is wrong with compressed content is the image's fault and not this machine's. */
    private static InputStream decompressed(Path compressed) throws IOException {
        InputStream raw = Files.newInputStream(compressed);
        try {
            return new FilterInputStream(Decompression.of(raw)) {
                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    try {
                        return super.read(target, offset, length);
                    } catch (ClosedByInterruptException e) {
                        throw e;
                    } catch (IOException e) {
                        throw new ImageException(Kind.CORRUPT, "a layer can't be decompressed: " + e.getMessage(), e);
                    }
                }
            };
        } catch (IOException e) {
            raw.close();
            throw e;
        }
    }

    Set<Digest> all() throws IOException {
        Set<Digest> found = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(layers)) {
            for (Path entry : entries) {
                try {
                    found.add(Digest.parse(entry.getFileName().toString().replaceFirst("-", ":")));
                } catch (IllegalArgumentException e) {
                    // Nobody's layer: it is left alone.
                }
            }
        }
        return found;
    }

    /** Takes a layer's name away: nothing ever finds half of one. {@link #collectLeftovers} removes it. */
    void forget(Digest layer) throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold("layer-" + BlobStore.nameOf(layer))) {
            if (has(layer)) {
                Files.move(
                        path(layer), unpacking.resolve(UUID.randomUUID().toString()), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    /** Removes what was forgotten, and what processes that are not there any more were unpacking. */
    void collectLeftovers() throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(unpacking)) {
            for (Path entry : entries) {
                Optional<NamedLocks.Held> abandoned =
                        locks.tryHold(entry.getFileName().toString());
                if (abandoned.isPresent()) {
                    try (NamedLocks.Held _ = abandoned.get()) {
                        files.delete(entry);
                    }
                }
            }
        }
    }
}
