package dev.agentcontainers.nodeagent.linux.snapshot;

import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.LeftOut;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Origin;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.LayerCalls;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Writes what an agent has on the disk as an archive that every tar of today reads (POSIX.1-2001, pax), compressed with gzip. Holes
 * of files are zeros there, of which next to nothing is left when they are compressed. Extended attributes are left out.
 */
public final class SnapshotWriter {
    private static final int PIECE = 64 << 10;
    private static final int MANIFEST_MODE = 0644;
    private static final int LONGEST_TARGET = 4096;
    private static final int EIO = 5;

    /** Whose what no id of the agent's owns is, as agents see it. */
    private static final long NOBODY = 65_534;

    /** Characters of the names of files that have others as well, while not all of those were met. */
    private static final long MOST_REMEMBERED = 32L << 20;

    private final TreeCalls calls = new LinuxTreeCalls();
    private final LayerCalls directories = LayerCalls.ofThisMachine();
    private final IdRange ids;
    private final Tally tally = new Tally();

    /** @param ids of the host that stand for the agent's own */
    public SnapshotWriter(IdRange ids) {
        this.ids = ids;
    }

    /**
     * Writes one archive; the stream is left open.
     *
     * @param places directories by the paths at which the agent has them
     */
    public Contents write(Origin origin, SortedMap<String, Path> places, OutputStream archive) throws IOException {
        Manifest manifest = Manifest.of(origin, places.keySet());
        GZIPOutputStream compressed = new GZIPOutputStream(archive, PIECE) {
            {
                // At the pace of a network: the better ones take many times as long for a little less.
                def.setLevel(Deflater.BEST_SPEED);
            }
        };
        TarWriter tar = new TarWriter(compressed);
        byte[] json = manifest.encoded();
        tar.begin(
                new TarWriter.Header(Manifest.NAME, TarConstants.LF_NORMAL, 0, 0, MANIFEST_MODE, origin.time()),
                json.length);
        tar.write(json, json.length);
        tar.end();
        for (Manifest.Folder mount : manifest.mounts()) {
            Path place = Optional.ofNullable(places.get(mount.path())).orElseThrow();
            new Folder(tar, mount.name()).write(place);
        }
        tar.finish();
        compressed.finish();
        archive.flush();
        return tally.contents();
    }

    /** One directory on its way. */
    private final class Folder implements TreeWalk.Visitor {
        private final TarWriter tar;
        private final String folder;
        private final Map<Long, Shared> shared = new HashMap<>();
        private long remembered;

        Folder(TarWriter tar, String folder) {
            this.tar = tar;
            this.folder = folder;
        }

        /** A file of which not all names were met. */
        private static final class Shared {
            private final String first;
            private int missing;

            Shared(String first, int missing) {
                this.first = first;
                this.missing = missing;
            }
        }

        void write(Path place) throws IOException {
            int root = TreeWalk.check("open " + place, directories.openRoot(place.toString()));
            try {
                put(header("", TarConstants.LF_DIR, TreeWalk.status(calls, root, ".")));
                new TreeWalk(calls, root, this).run();
            } finally {
                calls.close(root);
            }
        }

        @Override
        public void found(int directory, String name, String path, FileStatus status) throws IOException {
            switch (status.type()) {
                case DIRECTORY -> put(header(path, TarConstants.LF_DIR, status));
                case FILE -> file(directory, name, path, status);
                case LINK -> link(directory, name, path, status);
                case PIPE -> put(header(path, TarConstants.LF_FIFO, status));
                case SOCKET -> tally.leftOut(LeftOut.SOCKET);
                case DEVICE -> tally.leftOut(LeftOut.DEVICE);
            }
        }

        @Override
        public void unnamed() {
            tally.leftOut(LeftOut.NAME);
        }

        private TarWriter.Header header(String path, byte type, FileStatus status) {
            String end = type == TarConstants.LF_DIR ? "/" : "";
            return new TarWriter.Header(
                    folder + (path.isEmpty() ? "" : "/" + path) + end,
                    type,
                    id(status.user()),
                    id(status.group()),
                    status.permissions(),
                    status.modified());
        }

        private void put(TarWriter.Header header) throws IOException {
            tally.one();
            tar.empty(header);
        }

        private void link(int directory, String name, String path, FileStatus status) throws IOException {
            byte[] target = new byte[LONGEST_TARGET];
            int length = TreeWalk.check("read an agent's link", calls.readLink(directory, name, target));
            Optional<String> text = TreeWalk.text(ByteBuffer.wrap(target, 0, length));
            if (text.isEmpty()) {
                tally.leftOut(LeftOut.NAME);
                return;
            }
            tally.one();
            tar.link(header(path, TarConstants.LF_SYMLINK, status), text.get());
        }

        private void file(int directory, String name, String path, FileStatus status) throws IOException {
            if (status.links() > 1) {
                Shared known = shared.get(status.inode());
                if (known != null) {
                    again(known, path, status);
                    return;
                }
                remember(path, status);
            }
            tally.one();
            int file = TreeWalk.check("open an agent's file", calls.openFile(directory, name));
            try {
                tar.begin(header(path, TarConstants.LF_NORMAL, status), status.size());
                copy(file, status.size());
                tar.end();
            } finally {
                calls.close(file);
            }
        }

        private void again(Shared known, String path, FileStatus status) throws IOException {
            tally.one();
            tar.link(header(path, TarConstants.LF_LINK, status), folder + "/" + known.first);
            if (--known.missing == 0) {
                shared.remove(status.inode());
                remembered -= known.first.length();
            }
        }

        private void remember(String path, FileStatus status) throws SnapshotException {
            remembered += path.length();
            if (remembered > MOST_REMEMBERED) {
                throw new SnapshotException("there are more files with several names each (hard links) than can be kept"
                        + " track of: their names have more than " + MOST_REMEMBERED + " characters");
            }
            shared.put(status.inode(), new Shared(path, status.links() - 1));
        }

        private void copy(int file, long size) throws IOException {
            byte[] piece = new byte[PIECE];
            long left = size;
            while (left > 0) {
                int count = TreeWalk.check("read an agent's file", calls.read(file, piece));
                if (count == 0) {
                    throw new SystemCallException(
                            "read " + left + " more bytes of an agent's file", EIO, LinuxNamespaceCalls.describe(EIO));
                }
                int wanted = (int) Math.min(count, left);
                tally.content(wanted);
                tar.write(piece, wanted);
                left -= wanted;
            }
        }
    }

    private long id(long onHost) {
        long id = onHost - ids.first();
        return id >= 0 && id < ids.size() ? id : Math.min(NOBODY, ids.size() - 1);
    }
}
