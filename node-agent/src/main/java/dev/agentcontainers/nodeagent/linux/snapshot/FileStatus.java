package dev.agentcontainers.nodeagent.linux.snapshot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;

/**
 * What a filesystem says of a file.
 *
 * @param mode type and permissions, as in inode(7)
 * @param links names that it has
 */
record FileStatus(int mode, int links, long user, long group, long inode, long size, Instant modified) {
    static final int BYTES = 256;

    private static final int TYPE = 0xf000;
    private static final int PERMISSIONS = 07777;
    private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

    // struct statx (linux/stat.h)
    private static final int LINKS = 16;
    private static final int USER = 20;
    private static final int GROUP = 24;
    private static final int MODE = 28;
    private static final int INODE = 32;
    private static final int SIZE = 40;
    private static final int MODIFIED = 112;

    /** The kinds of files that there are. */
    enum Type {
        DIRECTORY,
        FILE,
        LINK,
        PIPE,
        SOCKET,
        DEVICE
    }

    /** @param statx of which the first {@link #BYTES} are */
    static FileStatus parse(byte[] statx) {
        ByteBuffer fields = ByteBuffer.wrap(statx).order(ByteOrder.nativeOrder());
        return new FileStatus(
                fields.getShort(MODE) & 0xffff,
                fields.getInt(LINKS),
                Integer.toUnsignedLong(fields.getInt(USER)),
                Integer.toUnsignedLong(fields.getInt(GROUP)),
                fields.getLong(INODE),
                fields.getLong(SIZE),
                time(fields.getLong(MODIFIED), fields.getInt(MODIFIED + Long.BYTES)));
    }

    /** Agents set whatever times they like; those of archives are within bounds. */
    private static Instant time(long seconds, int nanoseconds) {
        if (seconds < 0) {
            return Instant.EPOCH;
        }
        return seconds >= LATEST.getEpochSecond() ? LATEST : Instant.ofEpochSecond(seconds, nanoseconds);
    }

    Type type() {
        return switch (mode & TYPE) {
            case 0x4000 -> Type.DIRECTORY;
            case 0x8000 -> Type.FILE;
            case 0xa000 -> Type.LINK;
            case 0x1000 -> Type.PIPE;
            case 0xc000 -> Type.SOCKET;
            default -> Type.DEVICE;
        };
    }

    int permissions() {
        return mode & PERMISSIONS;
    }
}
