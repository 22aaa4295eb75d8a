package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is made on this machine of an archive from an agent: files and folders below a top, or one file that is the top. Every
 * folder on the way is a real one, and links of the archive are made when everything else is: so nothing is written through a
 * link, neither one of the archive nor one that was there (CVE-2018-1002100, CVE-2019-1002101 and CVE-2019-11246 of kubectl). For
 * one thread.
 */
final class LocalTree {
    private static final int ALL = 0777;
    private static final int READ_BY_ALL = 0666;

    /** Bytes that names may take in memory, of each kind; an archive has any number. */
    private static final long MOST_REMEMBERED = 32 << 20;

    /** Bytes of an entry without its characters: objects, their headers and what refers to them. */
    private static final long ENTRY = 256;

    private final Path top;
    private final boolean preserve;
    private final CopyReport report;

    private final long mostRemembered;

    // By names as text, which takes less than their parts: a name can have thousands of one letter.
    private final Map<String, String> links = new LinkedHashMap<>();
    private final Map<String, FileTime> times = new LinkedHashMap<>();
    private final Set<String> files = new HashSet<>();
    private long rememberedLinks;
    private long rememberedTimes;
    private long rememberedFiles;

    /**
     * @param top the path of which no folder is a link; what is there, if anything, is replaced or added to
     * @param preserve keep modes and times
     */
    LocalTree(Path top, boolean preserve, CopyReport report) {
        this(top, preserve, report, MOST_REMEMBERED);
    }

    /** @param mostRemembered bytes that names may take in memory, of files, links and folders each */
    LocalTree(Path top, boolean preserve, CopyReport report, long mostRemembered) {
        this.top = top;
        this.preserve = preserve;
        this.report = report;
        this.mostRemembered = mostRemembered;
    }

    /** Content of a file, piece by piece. */
    interface Content {
        /** @return how much of {@code target} it filled, -1 at its end */
        int read(byte[] target) throws IOException;
    }

    /** A folder; where there is one it stays as it is. */
    void folder(ReceivedName name, int mode, FileTime time) {
        makeParents(name);
        Path path = name.within(top);
        if (isFolder(path)) {
            return;
        }
        make(path, preserve ? (mode & ALL) | Modes.OWNER_ENTERS : ALL);
        String text = name.toString();
        rememberedTimes += size(text);
        if (preserve && rememberedTimes <= mostRemembered) {
            times.put(text, time);
        }
    }

    /**
     * A file, which is there by its name once it is whole.
     *
     * @throws IOException where {@code content} can't be read on
     */
    void file(ReceivedName name, int mode, FileTime time, Content content) throws IOException {
        makeParents(name);
        Path path = name.within(top);
        requireReplaceable(path);
        int kept = preserve ? (mode & ALL) | Modes.OWNER_READS : READ_BY_ALL | (Modes.plain(mode) & 0111);
        try (PartialFile file = open(path, kept)) {
            byte[] piece = new byte[64 << 10];
            for (int count = content.read(piece); count >= 0; count = content.read(piece)) {
                write(file, path, piece, count);
                report.content(count);
            }
            finish(file, path, time);
        }
        links.remove(name.toString());
        remember(name);
        report.file();
    }

    private static PartialFile open(Path path, int mode) {
        try {
            return new PartialFile(path, PartialFile.mode(path.getFileSystem(), mode));
        } catch (IOException e) {
            throw LocalFailure.of("make", path, e);
        }
    }

    private static void write(PartialFile file, Path path, byte[] content, int count) {
        try {
            file.write(content, count);
        } catch (IOException e) {
            throw LocalFailure.of("write", path, e);
        }
    }

    private void finish(PartialFile file, Path path, FileTime time) {
        try {
            if (preserve) {
                file.modified(time);
            }
            file.finish(path);
        } catch (IOException e) {
            throw LocalFailure.of("make", path, e);
        }
    }

    private void remember(ReceivedName name) {
        String text = name.toString();
        rememberedFiles += size(text);
        if (rememberedFiles <= mostRemembered) {
            files.add(text);
        }
    }

    private static long size(String text) {
        return ENTRY + (long) Character.BYTES * text.length();
    }

    /** A symbolic link, made by {@link #finish()}; left out where it would lead out of the top. */
    void link(ReceivedName name, String target) {
        if (!name.staysWithin(target, top.getFileSystem())) {
            report.leftOut(
                    name.toString(), "a link that leads out of what is copied, to '%s'".formatted(shown(target)));
            return;
        }
        rememberedLinks += size(name.toString()) + size(target);
        if (rememberedLinks > mostRemembered) {
            throw new UserException(
                    "cp: there are more symbolic links than are copied at once: copy its folders one by one");
        }
        makeParents(name);
        links.put(name.toString(), target);
    }

    /** A further name of a file that the same archive has brought; of others none is made. */
    void hardLink(ReceivedName name, ReceivedName existing) {
        if (!files.contains(existing.toString())) {
            report.leftOut(
                    name.toString(),
                    "another name of '%s', %s"
                            .formatted(
                                    shown(existing.toString()),
                                    rememberedFiles > mostRemembered
                                            ? "of which is not known any more whether it was copied: there are too many"
                                            : "which was not copied"));
            return;
        }
        if (name.equals(existing)) {
            return;
        }
        makeParents(name);
        makeParents(existing);
        if (!place(name, "another name of a file", path -> Files.createLink(path, existing.within(top)))) {
            return;
        }
        links.remove(name.toString());
        remember(name);
    }

    /** Makes the links, and gives folders their times, which everything made in them has changed. */
    void finish() {
        links.forEach((name, target) -> make(ReceivedName.ofText(name), target));
        times.forEach((name, time) -> {
            Path path = ReceivedName.ofText(name).within(top);
            try {
                if (isRealFolder(path)) {
                    Files.setLastModifiedTime(path, time);
                }
            } catch (IOException e) {
                throw LocalFailure.of("set the time of", path, e);
            }
        });
    }

    private void make(ReceivedName name, String target) {
        makeParents(name);
        place(
                name,
                "a symbolic link",
                path -> Files.createSymbolicLink(path, path.getFileSystem().getPath(target)));
    }

    /** Makes a link of either kind. */
    private interface Link {
        void make(Path path) throws IOException;
    }

    /**
     * Has a link by another name take the place of what is there, which stays where there can be no such link: not every file
     * system has them, nor may every user make them. False then, and that is said.
     */
    private boolean place(ReceivedName name, String what, Link link) {
        Path path = name.within(top);
        requireReplaceable(path);
        Path beside = PartialFile.beside(path);
        try {
            try {
                link.make(beside);
                Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                // Still there too where both are names of one file: then a move does nothing.
                Files.deleteIfExists(beside);
            }
        } catch (UnsupportedOperationException e) {
            report.leftOut(name.toString(), what + ", which there can't be here");
            return false;
        } catch (FileSystemException e) {
            report.leftOut(name.toString(), what + ", which can't be made here: " + LocalFailure.why(e));
            return false;
        } catch (IOException e) {
            throw LocalFailure.of("make the link", path, e);
        }
        report.file();
        return true;
    }

    /** Every folder that it is in, each looked at in itself. */
    private void makeParents(ReceivedName name) {
        Path path = top;
        for (String part : name.parts()) {
            if (!isFolder(path)) {
                make(path, ALL);
            }
            path = path.resolve(part);
        }
    }

    private static void make(Path folder, int mode) {
        try {
            Files.createDirectory(folder, PartialFile.mode(folder.getFileSystem(), mode));
        } catch (IOException e) {
            throw LocalFailure.of("make the folder", folder, e);
        }
    }

    /** @throws UserException where there is something that is no folder, a link to one for example */
    private static boolean isFolder(Path path) {
        Optional<BasicFileAttributes> there = attributes(path);
        if (there.isPresent() && !there.get().isDirectory()) {
            throw new UserException(
                    "cp: '%s' is %s here, and a folder in the agent: remove it, or copy to another place"
                            .formatted(
                                    shown(path.toString()),
                                    there.get().isSymbolicLink() ? "a link, which is not followed," : "no folder"));
        }
        return there.isPresent();
    }

    private static boolean isRealFolder(Path path) {
        return attributes(path).filter(BasicFileAttributes::isDirectory).isPresent();
    }

    /** A file or a link is replaced; neither a folder, with all that is in it, nor a device is. */
    private static void requireReplaceable(Path path) {
        attributes(path).ifPresent(there -> {
            if (there.isDirectory() || there.isOther()) {
                throw new UserException(
                        "cp: '%s' is %s here, and something else in the agent: remove it, or copy to another place"
                                .formatted(
                                        shown(path.toString()),
                                        there.isDirectory() ? "a folder" : "a device, pipe or socket"));
            }
        });
    }

    private static Optional<BasicFileAttributes> attributes(Path path) {
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw LocalFailure.of("look at", path, e);
        }
    }

    private static String shown(String text) {
        return Printable.text(text, 300);
    }
}
