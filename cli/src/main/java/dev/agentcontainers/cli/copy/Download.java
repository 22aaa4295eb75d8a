package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.copy.ReceivedName.HostileException;
import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Copies from an agent, which may send anything. */
final class Download {
    private static final int PIECE = 64 << 10;
    private static final int LONGEST_SHOWN = 300;

    private static final Pattern KERNELS = Pattern.compile("/+(?:proc|sys)(?:/|$)");

    /** Bytes of all files with holes, of which a few bytes can tell of any number. */
    static final long MOST_SPARSE = 4L << 30;

    private final AgentTar tar;
    private final CopyOptions options;
    private final CopyReport report;
    private long sparse;

    Download(AgentTar tar, CopyOptions options, CopyReport report) {
        this.tar = tar;
        this.options = options;
        this.report = report;
    }

    /** Passes the archive on as it comes. */
    void archive(GivenPath source, OutputStream out) throws IOException, InterruptedException {
        ErrorText errors = new ErrorText();
        try (AgentProgram program = tar.pack(source, options.follow());
                InputStream archive = program.output(errors)) {
            byte[] piece = new byte[PIECE];
            for (int count = archive.read(piece); count >= 0; count = archive.read(piece)) {
                write(out, piece, count);
                report.content(count);
            }
            tar.requireSuccess(program, errors, report);
        }
    }

    private static void write(OutputStream out, byte[] content, int count) {
        try {
            out.write(content, 0, count);
            out.flush();
        } catch (IOException e) {
            throw new UserException(
                    "cp: standard output can't be written: " + Printable.text(String.valueOf(e.getMessage())));
        }
    }

    /** A file or folder, to this machine. */
    void files(GivenPath source, GivenPath target) throws IOException, InterruptedException {
        ErrorText errors = new ErrorText();
        try (AgentProgram program = tar.pack(source, options.follow());
                InputStream output = program.output(errors)) {
            BoundedTar archive = new BoundedTar(output);
            boolean any;
            try {
                any = unpackAll(archive, source, target);
            } catch (ImageException e) {
                // What breaks off has its reason in how the program ended.
                if (AgentTar.endsSoon(output) && program.exitCode() != 0) {
                    throw tar.failed(program.exitCode(), errors);
                }
                throw new UserException("cp: what comes from %s can't be read: %s%s"
                        .formatted(
                                tar.agent(),
                                Printable.text(String.valueOf(e.getMessage()), LONGEST_SHOWN),
                                AgentTar.aside(errors)));
            }
            tar.requireEnd(output);
            tar.requireSuccess(program, errors, report);
            if (!any || !archive.isComplete()) {
                throw new UserException(
                        "cp: what came from %s ends before its end%s".formatted(tar.agent(), AgentTar.aside(errors)));
            }
        }
    }

    /** Whether there was anything. */
    private boolean unpackAll(BoundedTar archive, GivenPath source, GivenPath target) throws IOException {
        Optional<TarArchiveEntry> first = archive.next();
        if (first.isEmpty()) {
            return false;
        }
        LocalTree tree = tree(source, target, first.get());
        for (Optional<TarArchiveEntry> entry = first; entry.isPresent(); entry = archive.next()) {
            unpack(entry.get(), source, archive, tree);
        }
        tree.finish();
        return true;
    }

    private void unpack(TarArchiveEntry entry, GivenPath source, BoundedTar archive, LocalTree tree)
            throws IOException {
        FileSystem system = Path.of("").getFileSystem();
        Optional<ReceivedName> name = name(entry.getName(), source, system);
        if (name.isEmpty()) {
            report.leftOut(
                    entry.getName(), "no file of this machine can have that name, or not in its locale (LC_ALL)");
            return;
        }
        switch (entry.getLinkFlag()) {
            case TarConstants.LF_DIR -> tree.folder(name.get(), entry.getMode(), entry.getLastModifiedTime());
            case TarConstants.LF_SYMLINK -> tree.link(name.get(), entry.getLinkName());
            case TarConstants.LF_LINK -> {
                Optional<ReceivedName> existing = name(entry.getLinkName(), source, system);
                if (existing.isPresent()) {
                    tree.hardLink(name.get(), existing.get());
                } else {
                    report.leftOut(entry.getName(), "another name of a file that was left out");
                }
            }
            case TarConstants.LF_CHR, TarConstants.LF_BLK -> report.leftOut(entry.getName(), "it is a device");
            case TarConstants.LF_FIFO -> report.leftOut(entry.getName(), "it is a pipe");
            case TarConstants.LF_NORMAL,
                    TarConstants.LF_OLDNORM,
                    TarConstants.LF_CONTIG,
                    TarConstants.LF_GNUTYPE_SPARSE -> {
                if (entry.isSparse()) {
                    requireModest(entry);
                }
                if (isEmptyOfKernel(entry, source)) {
                    report.leftOut(
                            entry.getName(),
                            "the kernel makes it when it is read, and tells no size: copy it by 'agentctl exec AGENT"
                                    + " -- cat FILE'");
                } else if (entry.isDirectory()) {
                    tree.folder(name.get(), entry.getMode(), entry.getLastModifiedTime());
                } else {
                    tree.file(name.get(), entry.getMode(), entry.getLastModifiedTime(), archive::read);
                }
            }
            default -> report.leftOut(entry.getName(), "it is of no type that is copied");
        }
    }

    /** Whether tar may have taken a file for empty that is not: it believes what it is told of sizes. */
    private static boolean isEmptyOfKernel(TarArchiveEntry entry, GivenPath source) {
        return !entry.isDirectory()
                && entry.getSize() == 0
                && KERNELS.matcher(source.text()).lookingAt();
    }

    /** Holes are filled with zeros, as bsdtar tells of them unasked. */
    private void requireModest(TarArchiveEntry entry) {
        long size = entry.getRealSize();
        if (size < 0 || size > MOST_SPARSE - sparse) {
            throw new UserException("cp: '%s' in %s is a file with holes, of which %s are copied at once and not more"
                    .formatted(
                            Printable.text(entry.getName(), LONGEST_SHOWN), tar.agent(), ByteCount.text(MOST_SPARSE)));
        }
        sparse += size;
    }

    /** Where an entry is to be below the top; empty where it can't be. */
    private Optional<ReceivedName> name(String text, GivenPath source, FileSystem system) {
        try {
            Optional<ReceivedName> name = ReceivedName.parse(text, system);
            if (source.folder() || name.isEmpty()) {
                return name;
            }
            if (name.get().parts().isEmpty() || !name.get().parts().getFirst().equals(source.name())) {
                throw new HostileException("is not in '" + source.text() + "'");
            }
            return Optional.of(name.get().rest());
        } catch (HostileException e) {
            throw hostile(text, String.valueOf(e.getMessage()));
        }
    }

    /** Nothing further is taken of who tries that. */
    private UserException hostile(String name, String problem) {
        return new UserException(
                "cp: %s sent something that was not asked for, and nothing more is copied: the name '%s' %s"
                        .formatted(
                                tar.agent(),
                                Printable.text(name, LONGEST_SHOWN),
                                Printable.text(problem, LONGEST_SHOWN)));
    }

    /** Where it all goes, once it is known whether it is a folder. */
    private LocalTree tree(GivenPath source, GivenPath target, TarArchiveEntry first) {
        if (!source.folder() && first.isSymbolicLink()) {
            throw new UserException("cp: '%s' in %s is a symbolic link to '%s': give -L to copy what links lead to"
                    .formatted(source.text(), tar.agent(), Printable.text(first.getLinkName(), LONGEST_SHOWN)));
        }
        return new LocalTree(top(source, target, first.isDirectory()), options.preserve(), report);
    }

    private static Path top(GivenPath source, GivenPath target, boolean isFolder) {
        Path path = Path.of(target.text());
        if (Files.isDirectory(path)) {
            return source.isContent() ? real(path) : real(path).resolve(source.name());
        }
        if (Files.exists(path)) {
            if (isFolder || target.folder() || !Files.isRegularFile(path)) {
                throw new UserException("cp: '%s' is no %s"
                        .formatted(Printable.text(target.text()), isFolder || target.folder() ? "folder" : "file"));
            }
            return real(path);
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserException("cp: '%s' is a link that leads nowhere".formatted(Printable.text(target.text())));
        }
        if (target.isContent() || (target.folder() && !isFolder)) {
            throw new UserException("cp: there is no folder '%s'".formatted(Printable.text(target.text())));
        }
        return real(Path.of(target.parent())).resolve(target.name());
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw LocalFailure.of("copy to", path, e);
        }
    }
}
