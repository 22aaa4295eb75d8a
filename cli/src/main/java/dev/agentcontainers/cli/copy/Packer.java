package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Writes an archive of files of this machine that every tar reads: long names as GNU's does, without attributes. Files, folders
 * and symbolic links as they are; owners are never told. For one thread.
 */
final class Packer {
    private static final int RECORD = 10 << 10;
    private static final int PIECE = 64 << 10;
    private static final long MILLISECONDS = 1000;

    /** Bytes of a file whose size is told as 0 and that has content all the same, as those of /proc. */
    static final int MOST_UNTOLD = 16 << 20;

    private final TarArchiveOutputStream tar;
    private final boolean follow;
    private final boolean preserve;
    private final CopyReport report;

    /** Real paths of the folders that are gone through, where links are followed. */
    private final Deque<Path> within = new ArrayDeque<>();

    /**
     * @param out buffered
     * @param follow symbolic links, wherever they lead
     * @param preserve tell modes and times
     */
    Packer(OutputStream out, boolean follow, boolean preserve, CopyReport report) {
        this.tar = new TarArchiveOutputStream(out, RECORD, StandardCharsets.UTF_8.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
        this.follow = follow;
        this.preserve = preserve;
        this.report = report;
    }

    /** The archive's end. */
    void finish() throws IOException {
        tar.finish();
        tar.flush();
    }

    /**
     * One file, folder or link by a name, with all that is in it.
     *
     * @throws IOException where the archive can't be written on
     * @throws UserException where something of this machine can't be read
     */
    void pack(Path path, String name) throws IOException {
        if (follow && Files.isSymbolicLink(path) && !Files.exists(path)) {
            report.leftOut(path.toString(), "a link that leads nowhere");
            return;
        }
        BasicFileAttributes attributes = attributes(path);
        if (name.indexOf('\uFFFD') >= 0) {
            report.leftOut(path.toString(), "its name can't be told in UTF-8, or not in this locale (LC_ALL)");
        } else if (attributes.isSymbolicLink()) {
            packLink(path, name, attributes);
        } else if (attributes.isDirectory()) {
            put(new TarArchiveEntry("./" + name + "/", TarConstants.LF_DIR), attributes, Modes.FOLDER);
            tar.closeArchiveEntry();
            packContent(path, name);
        } else if (attributes.isRegularFile()) {
            packFile(path, name, attributes);
        } else {
            report.leftOut(path.toString(), "it is a device, pipe or socket");
        }
    }

    /** All that is in a folder, by names in that of {@code name}, which may be empty. */
    void packContent(Path folder, String name) throws IOException {
        if (follow) {
            Path real = real(folder);
            if (within.contains(real)) {
                report.leftOut(folder.toString(), "it is a folder that it is in itself, by a link");
                return;
            }
            within.push(real);
        }
        try (DirectoryStream<Path> content = open(folder)) {
            for (Path each : content) {
                pack(each, name.isEmpty() ? each.getFileName().toString() : name + "/" + each.getFileName());
            }
        } catch (DirectoryIteratorException e) {
            throw LocalFailure.of(
                    "read", folder, e.getCause() instanceof IOException cause ? cause : new IOException(e));
        }
        if (follow) {
            within.pop();
        }
    }

    private static DirectoryStream<Path> open(Path folder) {
        try {
            return Files.newDirectoryStream(folder);
        } catch (IOException e) {
            throw LocalFailure.of("read", folder, e);
        }
    }

    private static Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            throw LocalFailure.of("read", folder, e);
        }
    }

    private void packLink(Path path, String name, BasicFileAttributes attributes) throws IOException {
        String target;
        try {
            target = Files.readSymbolicLink(path).toString();
        } catch (IOException e) {
            throw LocalFailure.of("read the link", path, e);
        }
        if (target.indexOf('\uFFFD') >= 0) {
            report.leftOut(path.toString(), "where it leads can't be told in UTF-8, or not in this locale (LC_ALL)");
            return;
        }
        TarArchiveEntry entry = new TarArchiveEntry("./" + name, TarConstants.LF_SYMLINK);
        entry.setLinkName(target);
        put(entry, attributes, 0777);
        tar.closeArchiveEntry();
        report.file();
    }

    private void packFile(Path path, String name, BasicFileAttributes attributes) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry("./" + name, TarConstants.LF_NORMAL);
        try (InputStream content = content(path)) {
            byte[] begin = begin(path, content, attributes.size());
            if (begin.length > MOST_UNTOLD) {
                report.leftOut(
                        path.toString(),
                        "it tells no size, and has more than %s".formatted(ByteCount.text(MOST_UNTOLD)));
                return;
            }
            // What is read at once is as long as it is: the kernel's own files tell of another size, or none.
            long size = attributes.size() <= PIECE ? begin.length : attributes.size();
            entry.setSize(size);
            put(entry, attributes, Modes.plain(mode(attributes, Modes.PLAIN_FILE)));
            tar.write(begin);
            report.content(begin.length);
            byte[] piece = new byte[PIECE];
            for (long left = size - begin.length; left > 0; ) {
                int count = read(path, content, piece, (int) Math.min(PIECE, left));
                tar.write(piece, 0, count);
                report.content(count);
                left -= count;
            }
        }
        tar.closeArchiveEntry();
        report.file();
    }

    /** All of a small file, and of one that tells no size; of a large one nothing yet. */
    private static byte[] begin(Path path, InputStream content, long size) {
        if (size > PIECE) {
            return new byte[0];
        }
        try {
            return content.readNBytes(size == 0 ? MOST_UNTOLD + 1 : (int) size);
        } catch (IOException e) {
            throw LocalFailure.of("read", path, e);
        }
    }

    private InputStream content(Path path) {
        try {
            return Files.newInputStream(
                    path, follow ? new OpenOption[0] : new OpenOption[] {LinkOption.NOFOLLOW_LINKS});
        } catch (IOException e) {
            throw LocalFailure.of("read", path, e);
        }
    }

    /** As much as was there when it was begun: what is written to it meanwhile is not copied. */
    private static int read(Path path, InputStream content, byte[] target, int most) {
        int count;
        try {
            count = content.read(target, 0, most);
        } catch (IOException e) {
            throw LocalFailure.of("read", path, e);
        }
        if (count < 0) {
            throw new UserException("cp: '%s' became shorter while it was copied: copy it again"
                    .formatted(Printable.text(path.toString())));
        }
        return count;
    }

    private void put(TarArchiveEntry entry, BasicFileAttributes attributes, int plain) throws IOException {
        entry.setMode(preserve ? mode(attributes, plain) : plain);
        entry.setModTime(
                preserve
                        ? attributes.lastModifiedTime().toMillis()
                        : System.currentTimeMillis() / MILLISECONDS * MILLISECONDS);
        entry.setIds(0, 0);
        entry.setNames("", "");
        tar.putArchiveEntry(entry);
    }

    private static int mode(BasicFileAttributes attributes, int otherwise) {
        return attributes instanceof PosixFileAttributes posix ? Modes.of(posix.permissions()) : otherwise;
    }

    private BasicFileAttributes attributes(Path path) {
        LinkOption[] options = follow ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
        try {
            return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                    ? Files.readAttributes(path, PosixFileAttributes.class, options)
                    : Files.readAttributes(path, BasicFileAttributes.class, options);
        } catch (IOException e) {
            throw LocalFailure.of("read", path, e);
        }
    }
}
