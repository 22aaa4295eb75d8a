package dev.agentcontainers.nodeagent.audit;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Lines in {@code egress.jsonl}, and older ones in {@code egress.jsonl.1} and so on, for root alone. What was written is
 * with the system as soon as nothing more waits, so that this process may die, and on the disk within a second, and before a
 * file is put away.
 */
final class RotatingFile implements AutoCloseable {
    static final String NAME = "egress.jsonl";
    private static final Duration ON_DISK_WITHIN = Duration.ofSeconds(1);
    private static final int BUFFER = 64 * 1024;

    private final Path folder;
    private final AuditSettings settings;
    private Optional<Open> open = Optional.empty();
    private boolean unforced;
    /** Lines that are in no file yet. */
    private long buffered;

    private long lost;
    private long forcedAt = System.nanoTime();

    private static final class Open {
        private final FileChannel channel;
        private final OutputStream output;
        private long size;

        private Open(FileChannel channel, long size) {
            this.channel = channel;
            this.output = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
            this.size = size;
        }
    }

    RotatingFile(Path folder, AuditSettings settings) {
        this.folder = folder;
        this.settings = settings;
    }

    /** @param line without its end */
    void write(String line) throws IOException {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            Open file = file();
            if (file.size > 0 && file.size + bytes.length > settings.fileBytes()) {
                putAway();
                file = file();
            }
            file.output.write(bytes);
            file.size += bytes.length;
            buffered++;
            unforced = true;
        } catch (IOException e) {
            letGo();
            throw e;
        }
    }

    private Open file() throws IOException {
        if (open.isEmpty()) {
            Files.createDirectories(folder, ownerOnly("rwx------"));
            FileChannel channel = FileChannel.open(
                    folder.resolve(NAME),
                    EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ),
                    ownerOnly("rw-------"));
            try {
                open = Optional.of(new Open(channel, endLine(channel)));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        }
        return open.get();
    }

    /** A process that was killed may have left half a line; whoever reads must find the next one whole. */
    private static long endLine(FileChannel channel) throws IOException {
        long size = channel.size();
        channel.position(size);
        if (size > 0) {
            ByteBuffer last = ByteBuffer.allocate(1);
            channel.read(last, size - 1);
            if (last.get(0) != '\n') {
                channel.write(ByteBuffer.wrap(new byte[] {'\n'}));
            }
        }
        return channel.position();
    }

    private void putAway() throws IOException {
        rest(true);
        letGo();
        for (int number = settings.files() - 1; number >= 1; number--) {
            Path from = number == 1 ? folder.resolve(NAME) : folder.resolve(NAME + "." + (number - 1));
            if (Files.exists(from)) {
                Files.move(from, folder.resolve(NAME + "." + number), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        if (settings.files() == 1) {
            Files.deleteIfExists(folder.resolve(NAME));
        }
        // There were to be more once.
        int surplus = settings.files();
        while (Files.deleteIfExists(folder.resolve(NAME + "." + surplus))) {
            surplus++;
        }
    }

    /** Nothing more waits to be written just now. */
    void rest() throws IOException {
        rest(false);
    }

    private void rest(boolean force) throws IOException {
        if (open.isEmpty() || !unforced) {
            return;
        }
        try {
            open.get().output.flush();
            buffered = 0;
            if (force || System.nanoTime() - forcedAt >= ON_DISK_WITHIN.toNanos()) {
                open.get().channel.force(false);
                unforced = false;
                forcedAt = System.nanoTime();
            }
        } catch (IOException e) {
            letGo();
            throw e;
        }
    }

    /** How many lines that were taken before a failure are in no file, since this was asked last. */
    long takeLost() {
        long now = lost;
        lost = 0;
        return now;
    }

    private void letGo() throws IOException {
        lost += buffered;
        buffered = 0;
        Optional<Open> was = open;
        open = Optional.empty();
        unforced = false;
        if (was.isPresent()) {
            was.get().channel.close();
        }
    }

    @Override
    public void close() throws IOException {
        rest(true);
        letGo();
    }

    private static FileAttribute<?>[] ownerOnly(String permissions) {
        Set<String> views = FileSystems.getDefault().supportedFileAttributeViews();
        return views.contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
