package dev.agentcontainers.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;

/**
 * A file that has another name beside its final one until it is whole. What is by the final name is replaced then, and never
 * followed; nothing is left of it where it does not come to that, also not where this process is asked to end.
 */
public final class PartialFile implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int NAME_BYTES = 8;

    private final Path path;
    private final SeekableByteChannel channel;
    private final Thread hook = new Thread(this::remove, "remove-partial-file");

    /**
     * @param target the final name
     * @param attributes that it is made with
     */
    public PartialFile(Path target, FileAttribute<?>... attributes) throws IOException {
        path = beside(target);
        channel =
                Files.newByteChannel(path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes);
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            channel.close();
            remove();
            throw new IOException("agentctl was asked to end", e);
        }
    }

    /** Another name in the same folder, which nothing has. */
    static Path beside(Path target) {
        byte[] random = new byte[NAME_BYTES];
        RANDOM.nextBytes(random);
        return target.resolveSibling(".agentctl-cp-" + HexFormat.of().formatHex(random));
    }

    /** What modes a file is made with, less what the user's umask takes. None where the system knows no such modes. */
    public static FileAttribute<?>[] mode(FileSystem system, int mode) {
        return system.supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {Modes.attribute(mode)}
                : new FileAttribute<?>[0];
    }

    public void write(byte[] content, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(content, 0, count);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    void modified(FileTime time) throws IOException {
        Files.getFileAttributeView(path, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                .setTimes(time, null, null);
    }

    /** It is whole. */
    public void finish(Path target) throws IOException {
        channel.close();
        Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process ends already, and the hook does the same.
        }
        channel.close();
        remove();
    }

    private void remove() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // It has its final name, or its folder is gone: there is nothing to remove.
        }
    }
}
