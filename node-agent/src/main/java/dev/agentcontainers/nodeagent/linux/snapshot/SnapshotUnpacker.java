package dev.agentcontainers.nodeagent.linux.snapshot;

import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.LeftOut;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.Attributes;
import dev.agentcontainers.nodeagent.linux.image.EntryName;
import dev.agentcontainers.nodeagent.linux.image.LayerCalls;
import dev.agentcontainers.nodeagent.linux.image.LayerOwners;
import dev.agentcontainers.nodeagent.linux.image.LayerTree;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Unpacks an archive that anybody may have made into directories of one sandbox. Of an agent's own can be made what the agent could
 * make itself: its ids, modes, links that lead wherever they say, and no device. For one archive and one thread.
 */
public final class SnapshotUnpacker {
    /** Bytes and files that stay free on a disk that the host shares. */
    static final long LEAST_FREE = 1L << 30;

    private static final long LEAST_FREE_FILES = 10_000;
    private static final long BETWEEN_LOOKS = 16L << 20;
    private static final int FILES_BETWEEN_LOOKS = 1000;
    private static final int PIECE = 64 << 10;

    /** Bytes that may follow a tar's end, as the padding of some does. */
    private static final int MOST_AFTER_END = 1 << 20;

    private final LayerCalls calls;
    private final Places places;
    private final Tally tally = new Tally();
    private final Map<String, Folder> folders = new HashMap<>();
    private long bytesSinceLook;
    private int filesSinceLook;

    /**
     * @param ids of the host that stand for the agent's own
     * @param places where what the archive has is to go
     */
    public SnapshotUnpacker(IdRange ids, Places places) {
        this.calls = LayerCalls.ofThisMachine(LayerOwners.of(ids));
        this.places = places;
    }

    /** Finds directories to unpack into. */
    public interface Places {
        /** An empty one for what the agent has at that path; empty where it keeps nothing there. */
        Optional<Place> fresh(String path) throws IOException;
    }

    /**
     * A directory.
     *
     * @param shared a folder on the disk that is filled and that others need too; empty where all that can be filled is the agent's
     */
    public record Place(Path directory, Optional<Path> shared) {}

    private record Folder(Place place, LayerTree tree) {}

    /**
     * Unpacks all of it. When this returns the archive was whole and is written to the disk; where it throws, anything may be in
     * the directories.
     *
     * @throws SnapshotException or {@link dev.agentcontainers.nodeagent.image.ImageException} where the archive is to blame
     */
    public Contents unpack(InputStream archive) throws IOException {
        InputStream plain = decompressed(archive);
        BoundedTar tar = new BoundedTar(plain);
        try {
            for (Manifest.Folder mount : manifest(tar).mounts()) {
                open(mount);
            }
            for (Optional<TarArchiveEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
                unpack(entry.get(), tar);
            }
            requireEnd(tar, plain);
            for (Folder folder : folders.values()) {
                folder.tree().finish();
            }
            return tally.contents();
        } finally {
            folders.values().forEach(folder -> folder.tree().close());
        }
    }

    private static InputStream decompressed(InputStream archive) throws IOException {
        try {
            return new GZIPInputStream(archive, PIECE) {
                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    try {
                        return super.read(target, offset, length);
                    } catch (EOFException e) {
                        throw new EOFException("it is not whole: it ends in the middle");
                    } catch (ZipException e) {
                        throw new ZipException("what was compressed is not what comes out: " + e.getMessage());
                    }
                }
            };
        } catch (EOFException | ZipException e) {
            throw new SnapshotException("it is no snapshot: it is not compressed with gzip");
        }
    }

    private static Manifest manifest(BoundedTar tar) throws IOException {
        Optional<TarArchiveEntry> first = tar.next();
        if (first.filter(
                        entry -> entry.getName().equals(Manifest.NAME) && entry.getLinkFlag() == TarConstants.LF_NORMAL)
                .isEmpty()) {
            throw noManifest();
        }
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        byte[] piece = new byte[PIECE];
        for (int count = tar.read(piece); count >= 0; count = tar.read(piece)) {
            json.write(piece, 0, count);
            // What its header says of its size is not all that may come of it.
            if (json.size() > Manifest.MOST_BYTES) {
                throw noManifest();
            }
        }
        return Manifest.parse(json.toByteArray());
    }

    private static SnapshotException noManifest() {
        return new SnapshotException("it is no snapshot: its first file is not %s of at most %d bytes"
                .formatted(Manifest.NAME, Manifest.MOST_BYTES));
    }

    private void open(Manifest.Folder mount) throws IOException {
        Place place = places.fresh(mount.path())
                .orElseThrow(() -> new SnapshotException("the snapshot has files of " + EntryName.shown(mount.path())
                        + ", where the agent has neither a workspace nor an emptyDir on the disk: it must have a mount"
                        + " there (spec.filesystem.mounts)"));
        folders.put(
                mount.folder(), new Folder(place, new LayerTree(calls, place.directory(), this::countFolder, true)));
    }

    /** One on the way to what an entry is for. */
    private void countFolder() throws IOException {
        tally.one();
        filesSinceLook++;
    }

    private void unpack(TarArchiveEntry entry, BoundedTar tar) throws IOException {
        tally.one();
        EntryName name = EntryName.parse(entry.getName());
        if (entry.isDirectory() && name.parents().isEmpty() && name.last().equals(Manifest.FOLDERS)) {
            return;
        }
        Folder folder = folderOf(name);
        look(folder, ++filesSinceLook >= FILES_BETWEEN_LOOKS);
        make(entry, name, folder, tar);
    }

    private Folder folderOf(EntryName name) throws IOException {
        Optional<String> folder =
                name.parents().isEmpty() || !name.parents().getFirst().equals(Manifest.FOLDERS)
                        ? Optional.empty()
                        : Optional.of(name.parents().size() > 1 ? name.parents().get(1) : name.last());
        return folder.map(folders::get)
                .orElseThrow(() ->
                        EntryName.unusable(name.toString(), "is in no folder that " + Manifest.NAME + " tells of"));
    }

    private void make(TarArchiveEntry entry, EntryName whole, Folder folder, BoundedTar tar) throws IOException {
        EntryName name = whole.below(2);
        LayerTree tree = folder.tree();
        switch (entry.getLinkFlag()) {
            case TarConstants.LF_DIR -> tree.directory(name, Attributes.of(entry, whole));
            case TarConstants.LF_SYMLINK -> tree.symbolicLink(name, entry.getLinkName(), Attributes.of(entry, whole));
            case TarConstants.LF_LINK -> tree.hardLink(name, target(entry, whole, folder));
            case TarConstants.LF_FIFO -> tree.pipe(name, Attributes.of(entry, whole));
            case TarConstants.LF_CHR, TarConstants.LF_BLK -> tally.leftOut(LeftOut.DEVICE);
            case TarConstants.LF_OLDNORM,
                    TarConstants.LF_NORMAL,
                    TarConstants.LF_CONTIG,
                    TarConstants.LF_GNUTYPE_SPARSE -> {
                // Archives older than the type for directories tell them by their names' end.
                if (entry.getName().endsWith("/")) {
                    tree.directory(name, Attributes.of(entry, whole));
                } else {
                    tree.file(name, Attributes.of(entry, whole), piece -> content(tar, piece, folder));
                }
            }
            default ->
                throw EntryName.unusable(whole.toString(), "is of the unknown type " + (int) entry.getLinkFlag());
        }
    }

    private EntryName target(TarArchiveEntry entry, EntryName whole, Folder folder) throws IOException {
        EntryName target = EntryName.parse(entry.getLinkName());
        if (!folderOf(target).equals(folder)) {
            throw EntryName.unusable(whole.toString(), "is a hard link to a file of another mount");
        }
        return target.below(2);
    }

    private int content(BoundedTar tar, byte[] piece, Folder folder) throws IOException {
        int count = tar.read(piece);
        if (count > 0) {
            tally.content(count);
            bytesSinceLook += count;
            look(folder, bytesSinceLook >= BETWEEN_LOOKS);
        }
        return count;
    }

    /** Where nothing else limits what an archive takes of the disk, all that is on it would suffer. */
    private void look(Folder folder, boolean now) throws IOException {
        if (!now || folder.place().shared().isEmpty()) {
            return;
        }
        bytesSinceLook = 0;
        filesSinceLook = 0;
        String directory = folder.place().shared().get().toString();
        if (calls.freeBytes(directory) < LEAST_FREE || calls.freeInodes(directory) < LEAST_FREE_FILES) {
            throw new NoRoomException("the node's disk has less than " + LEAST_FREE + " bytes or " + LEAST_FREE_FILES
                    + " files (inodes) left, which stay free");
        }
    }

    /** A stream that was cut is no snapshot, wherever that was: its compression ends with a sum of all of it. */
    private static void requireEnd(BoundedTar tar, InputStream plain) throws IOException {
        if (!tar.isComplete()) {
            throw new SnapshotException("the archive is damaged: it is not whole: it ends in the middle");
        }
        byte[] piece = new byte[PIECE];
        int after = 0;
        try {
            for (int count = plain.read(piece); count >= 0; count = plain.read(piece)) {
                after += count;
                if (after > MOST_AFTER_END) {
                    throw new SnapshotException("the archive goes on after its end");
                }
            }
        } catch (ZipException | EOFException e) {
            throw new SnapshotException("the archive is damaged: " + e.getMessage());
        }
    }
}
