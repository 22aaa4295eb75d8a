package dev.agentcontainers.cli.snapshot;

import dev.agentcontainers.cli.copy.PartialFile;
import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.StandardStream;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code agentctl snapshot save}. */
@Command(
        name = "save",
        description = {
            "Writes the files of a suspended agent to a file.",
            "",
            "agentctl snapshot save researcher -f researcher.tar.gz",
            "agentctl snapshot save researcher -f - | ssh store 'cat > researcher.tar.gz'",
            "",
            "It has the workspace and the emptyDirs on the disk, with owners, modes,",
            "times and links, as a tar compressed with gzip: tar -tzf shows what is in it.",
            "Not in it are what the agent changed of its image's own files, which no other",
            "run of the agent sees either, extended attributes, and sockets and device",
            "files, which are counted. The file is there once it is whole, and only its",
            "owner may read it.",
            "Nothing is run in the agent. It goes through the cluster's gateway, and needs",
            "the right to get agentcontainers/snapshot (role admin).",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:the snapshot is whole",
            "1:there is none, and the message says why",
            "2:the command line is wrong",
            "3:it is whole but for files that have no name in UTF-8 or too long a one"
        })
final class SaveCommand implements Callable<Integer> {
    private static final int ONLY_THE_OWNER = 0600;
    private static final int PIECE = 64 << 10;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private SnapshotOptions options = new SnapshotOptions();

    @Override
    public Integer call() throws InterruptedException {
        Optional<String> file = options.file();
        if (file.isEmpty() && StandardStream.OUTPUT.isTerminal()) {
            throw new UserException("standard output is a terminal: redirect it, or name a file (-f FILE)", 2);
        }
        return options.run(false, spec.commandLine().getErr(), (files, said, bytes) -> {
            if (file.isPresent()) {
                save(files, said, bytes, Path.of(file.get()));
            } else {
                OutputStream out = new FileOutputStream(FileDescriptor.out);
                copy(files.output(said), bytes, (content, count) -> out.write(content, 0, count));
            }
        });
    }

    private static void save(AgentProgram files, ByteArrayOutputStream said, AtomicLong bytes, Path target)
            throws IOException {
        try (PartialFile partial =
                new PartialFile(target, PartialFile.mode(FileSystems.getDefault(), ONLY_THE_OWNER))) {
            copy(files.output(said), bytes, partial::write);
            partial.finish(target);
        } catch (java.nio.file.FileSystemException e) {
            throw new UserException("can't write '%s': %s"
                    .formatted(
                            Printable.text(target.toString()),
                            Printable.text(Optional.ofNullable(e.getReason()).orElse(e.toString()))));
        }
    }

    private interface Target {
        void write(byte[] content, int count) throws IOException;
    }

    private static void copy(InputStream from, AtomicLong bytes, Target to) throws IOException {
        byte[] piece = new byte[PIECE];
        for (int count = from.read(piece); count >= 0; count = from.read(piece)) {
            to.write(piece, count);
            bytes.addAndGet(count);
        }
    }
}
