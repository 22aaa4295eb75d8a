package dev.agentcontainers.cli.snapshot;

import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code agentctl snapshot restore}. */
@Command(
        name = "restore",
        description = {
            "Puts the files of a snapshot in the place of a suspended agent's.",
            "",
            "agentctl snapshot restore researcher -f researcher.tar.gz",
            "agentctl resume researcher",
            "",
            "The agent may be another one, of another cluster too, and may never have run:",
            "created with spec.lifecycle.suspended: true it is placed and not started. It",
            "must have a workspace or an emptyDir on the disk wherever the snapshot has",
            "files. What is there is replaced as a whole; what the snapshot says nothing of",
            "stays. All is unpacked beside the files that there are, for which there must be",
            "room, and takes their place in the end: where that fails, they stay.",
            "It goes through the cluster's gateway, and needs the right to create",
            "agentcontainers/snapshot (role admin).",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:the agent has the snapshot's files",
            "1:it has those that it had, or what it has is not known: the message says which",
            "2:the command line is wrong"
        })
final class RestoreCommand implements Callable<Integer> {
    private static final int PIECE = 64 << 10;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private SnapshotOptions options = new SnapshotOptions();

    @Override
    public Integer call() throws InterruptedException {
        try (InputStream archive = open()) {
            return options.run(
                    true, spec.commandLine().getErr(), (files, said, bytes) -> restore(archive, files, said, bytes));
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private InputStream open() throws IOException {
        return options.file().isEmpty()
                ? System.in
                : Files.newInputStream(Path.of(options.file().get()));
    }

    private UserException unreadable(IOException cause) {
        String why =
                cause instanceof NoSuchFileException ? "there is no such file" : String.valueOf(cause.getMessage());
        return new UserException(
                "can't read '%s': %s".formatted(Printable.text(options.file().orElse("-")), Printable.text(why)));
    }

    /** The node may say at any time that it takes no more: its reason is waited for, not that all is sent. */
    private void restore(InputStream archive, AgentProgram files, ByteArrayOutputStream said, AtomicLong bytes)
            throws IOException {
        AtomicReference<IOException> unread = new AtomicReference<>();
        Thread.ofPlatform().daemon().name("snapshot").start(() -> send(archive, files, bytes, unread));
        try {
            byte[] nothing = new byte[PIECE];
            InputStream output = files.output(said);
            while (output.read(nothing) >= 0) {
                // A restoration has no output.
            }
        } catch (IOException | UserException e) {
            if (unread.get() != null) {
                throw unreadable(unread.get());
            }
            throw e;
        }
    }

    private static void send(
            InputStream archive, AgentProgram files, AtomicLong bytes, AtomicReference<IOException> unread) {
        byte[] piece = new byte[PIECE];
        try {
            OutputStream input = files.input();
            while (true) {
                int count;
                try {
                    count = archive.read(piece);
                } catch (IOException e) {
                    // Without its end the node restores nothing.
                    unread.set(e);
                    files.close();
                    return;
                }
                if (count < 0) {
                    input.close();
                    return;
                }
                input.write(piece, 0, count);
                bytes.addAndGet(count);
            }
        } catch (IOException e) {
            // The node has ended the stream: its result says why.
        }
    }
}
