package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Copies to an agent. */
final class Upload {
    private static final int BUFFER = 64 << 10;

    private final AgentTar tar;
    private final CopyOptions options;
    private final CopyReport report;

    Upload(AgentTar tar, CopyOptions options, CopyReport report) {
        this.tar = tar;
        this.options = options;
        this.report = report;
    }

    /** Writes an archive. */
    private interface Archive {
        /** @throws IOException where it can't be written on, since the program that takes it has ended */
        void write(OutputStream out) throws IOException;
    }

    /**
     * Where it is to be in the agent.
     *
     * @param folder which is there
     * @param name in there; empty for the folder's own content
     */
    private record Target(String folder, String name) {}

    /** A file or folder of this machine. */
    void files(GivenPath source, GivenPath target) throws IOException, InterruptedException {
        Path path = Path.of(source.text());
        boolean isFolder = isFolder(source, path);
        // Whatever it is by its name, a link with a separator behind it for example, it is a folder.
        Path begin = isFolder ? real(path) : path;
        Target into = into(source, isFolder, target);
        send(into.folder(), out -> {
            Packer packer = new Packer(out, options.follow(), options.preserve(), report);
            if (into.name().isEmpty()) {
                packer.packContent(begin, "");
            } else {
                packer.pack(begin, into.name());
            }
            packer.finish();
        });
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw LocalFailure.of("read", path, e);
        }
    }

    /** An archive, as it comes. */
    void archive(InputStream archive, GivenPath target) throws IOException, InterruptedException {
        send(target.path(), out -> {
            byte[] piece = new byte[BUFFER];
            for (int count = read(archive, piece); count >= 0; count = read(archive, piece)) {
                out.write(piece, 0, count);
                report.content(count);
            }
        });
    }

    private static int read(InputStream archive, byte[] target) {
        try {
            return archive.read(target);
        } catch (IOException e) {
            throw new UserException(
                    "cp: standard input can't be read: " + Printable.text(String.valueOf(e.getMessage())));
        }
    }

    private boolean isFolder(GivenPath source, Path path) {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserException("cp: there is no '%s' on this machine".formatted(Printable.text(source.text())));
        }
        boolean followed = options.follow() || source.folder();
        if (!followed && Files.isSymbolicLink(path)) {
            throw new UserException("cp: '%s' is a symbolic link: give -L to copy what links lead to"
                    .formatted(Printable.text(source.text())));
        }
        boolean isFolder = Files.isDirectory(path);
        if (source.folder() && !isFolder) {
            throw new UserException("cp: '%s' is no folder".formatted(Printable.text(source.text())));
        }
        if (!isFolder && !Files.isRegularFile(path)) {
            throw new UserException("cp: '%s' is neither a file nor a folder".formatted(Printable.text(source.text())));
        }
        return isFolder;
    }

    private Target into(GivenPath source, boolean isFolder, GivenPath target) throws IOException, InterruptedException {
        return switch (tar.look(target)) {
            case FOLDER -> new Target(target.path(), source.isContent() ? "" : source.name());
            case OTHER -> {
                if (isFolder || target.folder()) {
                    throw new UserException("cp: '%s' in %s is no folder".formatted(target.text(), tar.agent()));
                }
                yield new Target(target.parent(), target.name());
            }
            case NOTHING -> {
                if (target.folder() && !isFolder) {
                    throw new UserException("cp: there is no folder '%s' in %s".formatted(target.text(), tar.agent()));
                }
                yield new Target(target.parent(), target.name());
            }
        };
    }

    private void send(String folder, Archive archive) throws IOException, InterruptedException {
        ErrorText errors = new ErrorText();
        try (AgentProgram program = tar.unpack(folder, options.preserve())) {
            Sending sending = new Sending(program, archive);
            Thread.ofVirtual().name("archive").start(sending);
            try (InputStream output = program.output(errors)) {
                // It has nothing to say there.
                output.transferTo(OutputStream.nullOutputStream());
            } catch (IOException | UserException e) {
                sending.requireNoFailure();
                throw e;
            }
            sending.requireNoFailure();
            if (program.exitCode() != 0) {
                throw tar.failed(program.exitCode(), errors);
            }
        }
    }

    /** Writes while another thread reads; what breaks on this machine breaks the copy. */
    private static final class Sending implements Runnable {
        private final AgentProgram program;
        private final Archive archive;
        private volatile @Nullable UserException failure;

        Sending(AgentProgram program, Archive archive) {
            this.program = program;
            this.archive = archive;
        }

        /** @throws UserException of this machine's side, which is why the other ended too */
        void requireNoFailure() {
            UserException found = failure;
            if (found != null) {
                throw found;
            }
        }

        /**
         * An archive that is not whole must not look to the program as if it were, so its input does not end then: it is killed,
         * unless it has ended by itself, and then its exit code says why.
         */
        @Override
        public void run() {
            AtomicBoolean ended = new AtomicBoolean();
            boolean whole = false;
            OutputStream out = new BufferedOutputStream(new ProgramInput(program.input(), ended), BUFFER);
            try {
                archive.write(out);
                out.close();
                whole = true;
            } catch (UserException e) {
                fail(e);
            } catch (IOException e) {
                if (!ended.get()) {
                    fail(new UserException("cp: this machine's files can't be read: "
                            + Printable.text(String.valueOf(e.getMessage()))));
                }
            } finally {
                // The thread's own end says what it was. Whoever reads would wait for an archive that is never whole.
                if (!whole && failure == null && !ended.get()) {
                    fail(new UserException("cp: the archive could not be made to its end, by a fault of agentctl"));
                }
            }
        }

        private void fail(UserException cause) {
            failure = cause;
            program.close();
        }
    }

    /** Notes that the program takes nothing more. */
    private static final class ProgramInput extends FilterOutputStream {
        private final AtomicBoolean ended;

        ProgramInput(OutputStream program, AtomicBoolean ended) {
            super(program);
            this.ended = ended;
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            try {
                out.write(source, offset, length);
            } catch (IOException e) {
                ended.set(true);
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            try {
                super.close();
            } catch (IOException e) {
                ended.set(true);
                throw e;
            }
        }
    }
}
