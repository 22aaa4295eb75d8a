package dev.agentcontainers.nodeagent.linux.image;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The kernel's own. */
final class LinuxLayerCalls implements LayerCalls {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    // These two differ between the architectures (asm/fcntl.h).
    private static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
    private static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_WRONLY = 1;
    private static final int O_CREAT = 0x40;
    private static final int O_EXCL = 0x80;
    private static final int O_NOCTTY = 0x100;
    private static final int O_NONBLOCK = 0x800;

    private static final int AT_REMOVEDIR = 0x200;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int OPENAT2 = 437;
    private static final long RESOLVE_NO_XDEV = 0x01;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_IN_ROOT = 0x10;

    private static final int PRIVATE_DIRECTORY = 0700;
    private static final int PRIVATE_FILE = 0600;
    private static final int CHARACTER_DEVICE = 0x2000;
    private static final int NAMED_PIPE = 0x1000;
    private static final int PERMISSIONS = 0777;
    private static final int SEEK_CUR = 1;

    private static final int STATX_TYPE_AND_MODE = 3;
    private static final int STATX_SIZE = 256;
    private static final int STATX_MODE_OFFSET = 28;

    // struct statfs of 64-bit machines (asm-generic/statfs.h): f_files and f_ffree, of 120 bytes
    private static final int STATFS_SIZE = 256;
    private static final int STATFS_BLOCK_SIZE_OFFSET = 8;
    private static final int STATFS_AVAILABLE_BLOCKS_OFFSET = 32;
    private static final int STATFS_FILES_OFFSET = 40;
    private static final int STATFS_FREE_FILES_OFFSET = 48;

    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native int open(byte[] path, int flags, int mode);

        static native int openat(int directory, byte[] name, int flags, int mode);

        static native long syscall(long number, long directory, byte[] path, long[] how, long size);

        static native int mkdirat(int directory, byte[] name, int mode);

        static native long write(int file, byte[] content, long count);

        static native long read(int file, byte[] content, long count);

        static native long lseek(int file, long offset, int whence);

        static native int ftruncate(int file, long length);

        static native int fchmodat(int directory, byte[] name, int mode, int flags);

        static native int symlinkat(byte[] target, int directory, byte[] name);

        static native int linkat(int fromDirectory, byte[] from, int directory, byte[] name, int flags);

        static native int mknodat(int directory, byte[] name, int mode, long device);

        static native int fsetxattr(int file, byte[] name, byte[] value, long size, int flags);

        static native int unlinkat(int directory, byte[] name, int flags);

        static native int statx(int directory, byte[] name, int flags, int mask, byte[] result);

        static native int fchown(int file, int user, int group);

        static native int fchownat(int directory, byte[] name, int user, int group, int flags);

        static native int fchmod(int file, int mode);

        static native int futimens(int file, long[] times);

        static native int utimensat(int directory, byte[] name, long[] times, int flags);

        static native int statfs(byte[] path, byte[] result);

        static native int syncfs(int file);

        static native int close(int file);
    }

    private final LayerOwners owners;

    LinuxLayerCalls(LayerOwners owners) {
        this.owners = owners;
    }

    @Override
    public int openRoot(String path) {
        return result(Libc.open(bytes(path), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
    }

    @Override
    public int openWithin(int root, String path) {
        return openWithin(root, path, O_DIRECTORY | O_CLOEXEC);
    }

    private static int openWithin(int root, String path, long flags) {
        // struct open_how: flags, mode, resolve
        long[] how = {flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
        return result(Libc.syscall(OPENAT2, root, bytes(path), how, (long) how.length * Long.BYTES));
    }

    @Override
    public int openFileWithin(int root, String path) {
        return openWithin(root, path, O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }

    @Override
    public int read(int file, byte[] target) {
        return result(Libc.read(file, target, target.length));
    }

    @Override
    public int modeOf(int file) {
        return statMode(file, "", AT_EMPTY_PATH);
    }

    @Override
    public int makeDirectory(int directory, String name) {
        return result(Libc.mkdirat(directory, bytes(name), PRIVATE_DIRECTORY));
    }

    @Override
    public int createFile(int directory, String name) {
        return result(Libc.openat(
                directory, bytes(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_FILE));
    }

    @Override
    public int write(int file, byte[] content, int count) {
        return result(Libc.write(file, content, count));
    }

    @Override
    public int skip(int file, int count) {
        return Libc.lseek(file, count, SEEK_CUR) < 0 ? -Native.getLastError() : 0;
    }

    @Override
    public int setLength(int file, long length) {
        return result(Libc.ftruncate(file, length));
    }

    @Override
    public int makePipe(int directory, String name, int mode) {
        int made = result(Libc.mknodat(directory, bytes(name), NAMED_PIPE | PRIVATE_FILE, 0));
        // Nothing stands there but what was just made, in a tree that nobody else writes to.
        return made < 0 ? made : result(Libc.fchmodat(directory, bytes(name), mode & PERMISSIONS, 0));
    }

    @Override
    public int makeSymbolicLink(String target, int directory, String name) {
        return result(Libc.symlinkat(bytes(target), directory, bytes(name)));
    }

    @Override
    public int makeHardLink(int fromDirectory, String from, int directory, String name) {
        return result(Libc.linkat(fromDirectory, bytes(from), directory, bytes(name), 0));
    }

    @Override
    public int makeWhiteout(int directory, String name) {
        return result(Libc.mknodat(directory, bytes(name), CHARACTER_DEVICE, 0));
    }

    @Override
    public int makeOpaque(int directory) {
        return result(Libc.fsetxattr(directory, bytes(owners.opaque()), new byte[] {'y'}, 1, 0));
    }

    @Override
    public int removeFile(int directory, String name) {
        return result(Libc.unlinkat(directory, bytes(name), 0));
    }

    @Override
    public int removeDirectory(int directory, String name) {
        return result(Libc.unlinkat(directory, bytes(name), AT_REMOVEDIR));
    }

    @Override
    public int mode(int directory, String name) {
        return statMode(directory, name, AT_SYMLINK_NOFOLLOW);
    }

    private static int statMode(int directory, String name, int flags) {
        byte[] statx = new byte[STATX_SIZE];
        int answer = result(Libc.statx(directory, bytes(name), flags, STATX_TYPE_AND_MODE, statx));
        return answer < 0
                ? answer
                : ByteBuffer.wrap(statx).order(ByteOrder.nativeOrder()).getShort(STATX_MODE_OFFSET) & 0xffff;
    }

    @Override
    public int changeOwner(int file, int user, int group) {
        long owner = owners.id(user);
        long ownerGroup = owners.id(group);
        return owner < 0 || ownerGroup < 0
                ? (int) Math.min(owner, ownerGroup)
                : result(Libc.fchown(file, (int) owner, (int) ownerGroup));
    }

    @Override
    public int changeLinkOwner(int directory, String name, int user, int group) {
        long owner = owners.id(user);
        long ownerGroup = owners.id(group);
        return owner < 0 || ownerGroup < 0
                ? (int) Math.min(owner, ownerGroup)
                : result(Libc.fchownat(directory, bytes(name), (int) owner, (int) ownerGroup, AT_SYMLINK_NOFOLLOW));
    }

    @Override
    public int changeMode(int file, int mode) {
        return result(Libc.fchmod(file, mode));
    }

    @Override
    public int changeTimes(int file, long seconds, long nanoseconds) {
        return result(Libc.futimens(file, new long[] {seconds, nanoseconds, seconds, nanoseconds}));
    }

    @Override
    public int changeLinkTimes(int directory, String name, long seconds, long nanoseconds) {
        return result(Libc.utimensat(
                directory, bytes(name), new long[] {seconds, nanoseconds, seconds, nanoseconds}, AT_SYMLINK_NOFOLLOW));
    }

    @Override
    public long freeInodes(String path) {
        byte[] statfs = new byte[STATFS_SIZE];
        int answer = result(Libc.statfs(bytes(path), statfs));
        if (answer < 0) {
            return answer;
        }
        ByteBuffer fields = ByteBuffer.wrap(statfs).order(ByteOrder.nativeOrder());
        // Filesystems without a table of inodes have none at all, free or not.
        return fields.getLong(STATFS_FILES_OFFSET) == 0 ? Long.MAX_VALUE : fields.getLong(STATFS_FREE_FILES_OFFSET);
    }

    @Override
    public long freeBytes(String path) {
        byte[] statfs = new byte[STATFS_SIZE];
        int answer = result(Libc.statfs(bytes(path), statfs));
        if (answer < 0) {
            return answer;
        }
        ByteBuffer fields = ByteBuffer.wrap(statfs).order(ByteOrder.nativeOrder());
        return fields.getLong(STATFS_BLOCK_SIZE_OFFSET) * fields.getLong(STATFS_AVAILABLE_BLOCKS_OFFSET);
    }

    @Override
    public int synchronize(int file) {
        return result(Libc.syncfs(file));
    }

    @Override
    public int close(int file) {
        return result(Libc.close(file));
    }

    private static int result(long answer) {
        return answer < 0 ? -Native.getLastError() : (int) answer;
    }

    private static byte[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
