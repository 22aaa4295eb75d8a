package dev.agentcontainers.nodeagent.linux.snapshot;

import com.sun.jna.Native;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The kernel's own. */
final class LinuxTreeCalls implements TreeCalls {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    // These two differ between the architectures (asm/fcntl.h).
    private static final long O_DIRECTORY = ARM ? 0x4000 : 0x10000;
    private static final long O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
    private static final long O_CLOEXEC = 0x80000;
    private static final long O_NOCTTY = 0x100;
    private static final long O_NONBLOCK = 0x800;

    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int STATX_BASIC = 0x7ff;
    private static final int SEEK_SET = 0;

    private static final int OPENAT2 = 437;
    private static final int GETDENTS64 = ARM ? 61 : 217;
    private static final long RESOLVE_NO_XDEV = 0x01;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_NO_SYMLINKS = 0x04;
    private static final long RESOLVE_BENEATH = 0x08;

    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native long syscall(long number, long directory, byte[] path, long[] how, long size);

        static native long syscall(long number, long directory, byte[] target, long size);

        static native long lseek(int file, long offset, int whence);

        static native long read(int file, byte[] content, long count);

        static native int statx(int directory, byte[] name, int flags, int mask, byte[] result);

        static native long readlinkat(int directory, byte[] name, byte[] target, long size);

        static native int close(int file);
    }

    @Override
    public int openDirectory(int root, String path) {
        return open(root, path, O_DIRECTORY | O_CLOEXEC);
    }

    @Override
    public int openFile(int directory, String name) {
        return open(directory, name, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }

    private static int open(int root, String path, long flags) {
        // struct open_how: flags, mode, resolve
        long[] how = {flags, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
        return result(Libc.syscall(OPENAT2, root, bytes(path), how, (long) how.length * Long.BYTES));
    }

    @Override
    public int list(int directory, byte[] target) {
        return result(Libc.syscall(GETDENTS64, directory, target, target.length));
    }

    @Override
    public int goTo(int directory, long position) {
        return Libc.lseek(directory, position, SEEK_SET) < 0 ? -Native.getLastError() : 0;
    }

    @Override
    public int status(int directory, String name, byte[] target) {
        return result(Libc.statx(directory, bytes(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC, target));
    }

    @Override
    public int readLink(int directory, String name, byte[] target) {
        return result(Libc.readlinkat(directory, bytes(name), target, target.length));
    }

    @Override
    public int read(int file, byte[] target) {
        return result(Libc.read(file, target, target.length));
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
