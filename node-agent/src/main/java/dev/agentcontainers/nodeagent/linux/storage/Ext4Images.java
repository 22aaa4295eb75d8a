package dev.agentcontainers.nodeagent.linux.storage;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Files with an ext4 filesystem in them: makes them and changes their size while nobody has them mounted. */
public final class Ext4Images {
    private static final int BLOCK = 4096;
    private static final int ENOENT = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration LONG_PATIENCE = Duration.ofMinutes(10);

    /** Exit codes of e2fsck(8) up to this mean that the filesystem is sound now. */
    private static final int REPAIRED = 2;

    /** Source: kernel documentation, filesystems/ext4/super.rst. */
    private static final int SUPERBLOCK = 1024;

    private static final int BLOCKS_LOW = 0x4;
    private static final int FREE_LOW = 0xC;
    private static final int MAGIC_AND_STATE = 0x38;
    private static final int INCOMPATIBLE = 0x60;
    private static final int BLOCKS_HIGH = 0x150;
    private static final int FREE_HIGH = 0x158;
    private static final int OVERHEAD = 0x248;

    /** The magic number, and that it was unmounted cleanly and no error was found. */
    private static final long SOUND = 0x1_EF53;

    /** Set while it is mounted, and where the journal has something that is not in its place yet. */
    private static final int NEEDS_RECOVERY = 0x4;

    private final LoopDevices loopDevices;

    public Ext4Images(LoopDevices loopDevices) {
        this.loopDevices = loopDevices;
    }

    /** True where images can be made and mounted, as far as can be seen without doing so. */
    public boolean available() {
        return loopDevices.available() && Program.find("mkfs.ext4").isPresent();
    }

    /** What is missing, for a message. */
    public static String needs() {
        return "loop devices and mkfs.ext4 (package e2fsprogs)";
    }

    /** Makes an image that takes no more of the disk than it has to. */
    void format(Path image, long bytes) throws IOException, InterruptedException {
        Path draft = draftOf(image);
        PrivateFiles.createFile(draft);
        try {
            try (RandomAccessFile file = new RandomAccessFile(draft.toFile(), "rw")) {
                file.setLength(bytes);
            }
            // Tables that would only be zeros are left out: that is faster, and an image that waits takes little of the
            // disk. The mount has the kernel leave them so.
            run(
                    program("mkfs.ext4"),
                    PATIENCE,
                    0,
                    "formatting " + bytes + " bytes",
                    List.of(
                            "-q",
                            "-F",
                            "-b",
                            Integer.toString(BLOCK),
                            "-m",
                            "0",
                            "-E",
                            "nodiscard,lazy_itable_init=1,lazy_journal_init=1",
                            draft.toString()));
            // The image appears complete or not at all.
            Files.move(draft, image, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /**
     * Makes an image that holds the same as another one, which nobody has mounted.
     *
     * @return false where the other one is gone
     */
    boolean copy(Path original, Path image) throws IOException {
        PrivateFiles.createFile(image);
        boolean done = false;
        try {
            setLength(image, Files.size(original));
            int answer = loopDevices.copyData(original, image);
            if (answer == -ENOENT) {
                return false;
            }
            if (answer < 0) {
                throw new SystemCallException("copy " + original, -answer, LinuxNamespaceCalls.describe(-answer));
            }
            done = true;
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } finally {
            if (!done) {
                Files.deleteIfExists(image);
            }
        }
    }

    static Path draftOf(Path image) {
        return image.resolveSibling(image.getFileName() + ".draft");
    }

    /** Size of the filesystem in it, which a resizing that was interrupted leaves as it was. */
    static long size(Path image) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            return (long) BLOCK * (number(file, BLOCKS_LOW) | number(file, BLOCKS_HIGH) << 32);
        }
    }

    /**
     * What is taken of the filesystem in it, in bytes, as statfs(2) tells it of one that is mounted. Empty where it has not been
     * unmounted since it was last mounted, and where the kernel would have to work out first what it takes for itself.
     */
    static OptionalLong used(Path image) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            long overhead = number(file, OVERHEAD);
            if (number(file, MAGIC_AND_STATE) != SOUND
                    || (number(file, INCOMPATIBLE) & NEEDS_RECOVERY) != 0
                    || overhead == 0) {
                return OptionalLong.empty();
            }
            long blocks = number(file, BLOCKS_LOW) | number(file, BLOCKS_HIGH) << 32;
            long free = number(file, FREE_LOW) | number(file, FREE_HIGH) << 32;
            return OptionalLong.of(BLOCK * Math.max(0, blocks - overhead - free));
        }
    }

    private static long number(RandomAccessFile file, int offset) throws IOException {
        byte[] bytes = new byte[4];
        file.seek(SUPERBLOCK + offset);
        file.readFully(bytes);
        return Integer.toUnsignedLong(
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt());
    }

    /** True where an image of that many bytes holds a filesystem as large as can be. */
    static boolean isOfSize(Path image, long bytes) throws IOException {
        return size(image) / BLOCK == bytes / BLOCK && Files.size(image) == bytes;
    }

    /**
     * Changes the size of an image that is not mounted.
     *
     * @throws StorageRefusedException where what it holds does not fit; it is as before then
     */
    void resize(Path image, long bytes) throws IOException, InterruptedException {
        long before = size(image);
        run(
                program("e2fsck"),
                LONG_PATIENCE,
                REPAIRED,
                "checking the workspace before its size changes",
                List.of("-f", "-p", image.toString()));
        if (bytes > Files.size(image)) {
            setLength(image, bytes);
        }
        Program.Result result =
                program("resize2fs").run(LONG_PATIENCE, List.of(image.toString(), Long.toString(bytes / BLOCK)));
        if (result.code() != 0) {
            setLength(image, before);
            String said = lastLine(result.output());
            throw bytes < before
                    ? new StorageRefusedException("can't be lowered from " + before + " to " + bytes
                            + " bytes: what the workspaces hold does not fit (" + said + ")")
                    : new IOException("enlarging the workspaces to " + bytes + " bytes failed: " + said);
        }
        setLength(image, bytes);
    }

    /**
     * Has the disk keep all of the image's bytes for it.
     *
     * @throws IOException where it has no room for them, or can't promise them
     */
    void reserve(Path image) throws IOException {
        long bytes = Files.size(image);
        int answer = loopDevices.reserve(image, bytes);
        if (answer < 0) {
            throw new SystemCallException(
                    "reserve " + bytes + " bytes on the disk of " + image.getParent(),
                    -answer,
                    LinuxNamespaceCalls.describe(-answer));
        }
    }

    private static void setLength(Path image, long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    private static void run(Program program, Duration patience, int best, String action, List<String> arguments)
            throws IOException, InterruptedException {
        Program.Result result = program.run(patience, arguments);
        if (result.code() > best) {
            throw new IOException(action + " failed: " + lastLine(result.output()));
        }
    }

    private static String lastLine(String output) {
        return Optional.of(output.strip().replaceAll("(?s).*\n", ""))
                .filter(line -> !line.isEmpty())
                .orElse("no message");
    }

    private static Program program(String name) throws IOException {
        return Program.find(name)
                .orElseThrow(() -> new IOException(name + " is missing on this node (package e2fsprogs)"));
    }
}
