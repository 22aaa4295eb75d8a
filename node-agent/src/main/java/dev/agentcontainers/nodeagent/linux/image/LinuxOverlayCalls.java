package dev.agentcontainers.nodeagent.linux.image;

import com.sun.jna.Native;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The kernel's own. Passes primitives and arrays only: JNA's memory objects would start a thread, see linux.process. */
final class LinuxOverlayCalls implements OverlayCalls {
    private static final int OPEN_TREE = 428;
    private static final int MOVE_MOUNT = 429;
    private static final int MOUNT_SETATTR = 442;
    private static final int AT_FDCWD = -100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int OPEN_TREE_CLONE = 1;
    private static final int O_CLOEXEC = 0x80000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long MS_PRIVATE = 1 << 18;
    private static final long MS_NOSUID = 2;
    private static final long MS_NODEV = 4;

    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native int open(byte[] path, int flags, int mode);

        static native long syscall(long number, long directory, byte[] path, long flags, long[] value, long size);

        static native long syscall(
                long number, long from, byte[] fromPath, long to, byte[] toPath, long flags, long unused);

        static native int chdir(byte[] path);

        static native int mount(byte[] source, byte[] target, byte[] type, long flags, byte[] data);

        static native int close(int descriptor);
    }

    LinuxOverlayCalls() {
        // Bound here and not on a thread that has left the host's namespaces.
        Libc.close(-1);
    }

    @Override
    public int openNamespace(String path) {
        return result(Libc.open(bytes(path), O_CLOEXEC, 0));
    }

    @Override
    public int cloneMount(String directory) {
        long flags = OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW;
        return result(Libc.syscall(OPEN_TREE, AT_FDCWD, bytes(directory), flags, new long[1], 0));
    }

    @Override
    public int restrict(int mount, long attributes, int userNamespace) {
        // struct mount_attr: set, clear, propagation, userns_fd
        long[] value = {attributes, 0, MS_PRIVATE, userNamespace};
        return result(
                Libc.syscall(MOUNT_SETATTR, mount, bytes(""), AT_EMPTY_PATH, value, (long) value.length * Long.BYTES));
    }

    @Override
    public int place(int mount, String directory) {
        return result(Libc.syscall(
                MOVE_MOUNT, mount, bytes(""), AT_FDCWD, bytes(directory), (long) MOVE_MOUNT_F_EMPTY_PATH, 0L));
    }

    @Override
    public int changeDirectory(String directory) {
        return result(Libc.chdir(bytes(directory)));
    }

    @Override
    public int mountOverlay(String root, String options) {
        return result(Libc.mount(
                bytes("agentcontainers"), bytes(root), bytes("overlay"), MS_NOSUID | MS_NODEV, bytes(options)));
    }

    @Override
    public int close(int descriptor) {
        return result(Libc.close(descriptor));
    }

    private static int result(long answer) {
        return answer < 0 ? -Native.getLastError() : (int) answer;
    }

    private static byte[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
