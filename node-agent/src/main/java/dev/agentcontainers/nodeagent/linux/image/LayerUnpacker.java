package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Unpacks layers for overlay filesystems. Files, directories and links are made; device files, pipes and sockets are left
 * out, since agents can't use what an image brings of them, and so are extended attributes.
 */
public final class LayerUnpacker implements LayerFiles {
    private final LayerCalls calls;
    private final UnpackLimits limits;

    public LayerUnpacker(UnpackLimits limits) {
        this(LayerCalls.ofThisMachine(), limits);
    }

    /** @param owners whose the files shall be */
    public LayerUnpacker(UnpackLimits limits, LayerOwners owners) {
        this(LayerCalls.ofThisMachine(owners), limits);
    }

    LayerUnpacker(LayerCalls calls, UnpackLimits limits) {
        this.calls = calls;
        this.limits = limits;
    }

    @Override
    public void unpack(InputStream archive, Path directory, Taking taking) throws IOException {
        Unpacking unpacking = new Unpacking(new BoundedTar(archive), taking);
        try (LayerTree tree = new LayerTree(calls, directory, unpacking::one)) {
            unpacking.run(tree);
            tree.finish();
        } catch (SystemCallException e) {
            if (e.errno() == LayerCalls.ENOSPC || e.errno() == LayerCalls.EDQUOT) {
                throw new ImageException(Kind.NO_ROOM, "the disk has no room for a layer: " + e.getMessage(), e);
            }
            throw e;
        }
    }

    @Override
    public long freeFiles(Path directory) throws IOException {
        long free = calls.freeInodes(directory.toString());
        if (free < 0) {
            throw new SystemCallException(
                    "look at the filesystem of " + directory, (int) -free, LinuxNamespaceCalls.describe((int) -free));
        }
        return free;
    }

    @Override
    public void delete(Path directory) throws IOException {
        DeepDeletion.delete(directory);
    }

    /** One layer on its way. */
    private final class Unpacking {
        private final BoundedTar tar;
        private final Taking taking;
        private long entries;
        private long bytes;

        Unpacking(BoundedTar tar, Taking taking) {
            this.tar = tar;
            this.taking = taking;
        }

        void run(LayerTree tree) throws IOException {
            for (Optional<TarArchiveEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
                one();
                unpack(entry.get(), tree);
            }
        }

        /** Counts an entry, or a directory that is made without one. */
        void one() throws IOException {
            if (++entries > limits.entries()) {
                throw new ImageException(
                        Kind.UNUSABLE,
                        "a layer has more than " + limits.entries() + " entries, which is the most that"
                                + " this node takes");
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("a layer is not unpacked further: its thread was interrupted");
            }
            taking.file();
        }

        private void unpack(TarArchiveEntry entry, LayerTree tree) throws IOException {
            EntryName name = EntryName.parse(entry.getName());
            if (name.isOpaque()) {
                tree.opaque(name);
            } else if (name.isWhiteout()) {
                tree.whiteout(name, name.removed());
            } else if (!name.isReserved()) {
                make(entry, name, tree);
            }
        }

        private void make(TarArchiveEntry entry, EntryName name, LayerTree tree) throws IOException {
            switch (entry.getLinkFlag()) {
                case TarConstants.LF_DIR -> tree.directory(name, Attributes.of(entry, name));
                case TarConstants.LF_SYMLINK ->
                    tree.symbolicLink(name, entry.getLinkName(), Attributes.of(entry, name));
                case TarConstants.LF_LINK -> tree.hardLink(name, EntryName.parse(entry.getLinkName()));
                case TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO -> {}
                case TarConstants.LF_OLDNORM,
                        TarConstants.LF_NORMAL,
                        TarConstants.LF_CONTIG,
                        TarConstants.LF_GNUTYPE_SPARSE -> {
                    // Archives older than the type for directories tell them by their names' end.
                    if (entry.getName().endsWith("/")) {
                        tree.directory(name, Attributes.of(entry, name));
                    } else {
                        tree.file(name, Attributes.of(entry, name), this::content);
                    }
                }
                default ->
                    throw EntryName.unusable(name.toString(), "is of the unknown type " + (int) entry.getLinkFlag());
            }
        }

        private int content(byte[] target) throws IOException {
            int count = tar.read(target);
            if (count < 0) {
                return count;
            }
            bytes += count;
            if (bytes > limits.bytes()) {
                throw new ImageException(
                        Kind.UNUSABLE,
                        "a layer's files have more than " + limits.bytes() + " bytes, which is the most that"
                                + " this node takes");
            }
            taking.content(count);
            return count;
        }
    }
}
