package dev.agentcontainers.nodeagent.linux.rootfs;

import com.sun.jna.Native;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The kernel's own. Passes primitives and arrays only: JNA's memory objects would start a thread, see linux.process. */
final class LinuxMounts implements Mounts {
    private static final int CLONE_FS = 0x200;
    private static final int CLONE_NEWNS = 0x20000;
    private static final int AT_FDCWD = -100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int O_PATH_CLOEXEC = 0x200000 | 0x80000;
    private static final int MOUNT_SETATTR = 442;
    private static final int OPEN_TREE = 428;
    private static final int MOVE_MOUNT = 429;
    private static final int OPENAT2 = 437;
    private static final long OPEN_TREE_CLONE = 1;
    private static final long CLOEXEC = 0x80000;
    private static final long MOVE_MOUNT_EMPTY_PATH = 4;
    // Places in other mounts are given by the kernel's links to descriptors.
    private static final long MOVE_MOUNT_TO_LINKS = 0x10;
    private static final long RESOLVE_NO_XDEV = 0x01;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_NO_SYMLINKS = 0x04;
    private static final long RESOLVE_BENEATH = 0x08;
    private static final long RESOLVE_IN_ROOT = 0x10;
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    // These two differ between the architectures (asm/fcntl.h).
    private static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
    private static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
    private static final int PLACE = O_PATH_CLOEXEC | O_DIRECTORY | O_NOFOLLOW;

    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native int unshare(int kinds);

        static native int setns(int descriptor, int kind);

        static native int umask(int mask);

        static native int mount(byte[] source, byte[] target, byte[] type, long flags, byte @Nullable [] data);

        static native int umount2(byte[] target, int flags);

        static native long syscall(long number, long directory, byte[] path, long flags, long[] value, long size);

        static native long syscall(long number, long directory, byte[] path, long[] how, long size);

        static native long syscall(
                long number, long from, byte[] fromPath, long to, byte[] toPath, long flags, long unused);

        static native int open(byte[] path, int flags, int mode);

        static native int openat(int directory, byte[] name, int flags, int mode);

        static native int mkdirat(int directory, byte[] name, int mode);

        static native int fchownat(int directory, byte[] name, int owner, int group, int flags);

        static native int close(int descriptor);
    }

    LinuxMounts() {
        // Bound here and not on a thread that has left the host's namespaces.
        Libc.close(-1);
    }

    @Override
    public int unshareNamespace() {
        return result(Libc.unshare(CLONE_NEWNS));
    }

    @Override
    public int enterNamespaceOf(long pid) {
        int namespace = result(Libc.open(bytes("/proc/" + pid + "/ns/mnt"), 0x80000, 0));
        if (namespace < 0) {
            return namespace;
        }
        try {
            int unshared = result(Libc.unshare(CLONE_FS));
            return unshared < 0 ? unshared : result(Libc.setns(namespace, CLONE_NEWNS));
        } finally {
            Libc.close(namespace);
        }
    }

    @Override
    public int setCreationMask(int mask) {
        return Libc.umask(mask);
    }

    @Override
    public int mount(String source, String target, String type, long flags, String data) {
        return result(
                Libc.mount(bytes(source), bytes(target), bytes(type), flags, data.isEmpty() ? null : bytes(data)));
    }

    @Override
    public int unmount(String target, int flags) {
        return result(Libc.umount2(bytes(target), flags));
    }

    @Override
    public int setAttributes(String path, boolean tree, long attributes) {
        // struct mount_attr: set, clear, propagation, userns_fd
        long[] value = {attributes, 0, MS_PRIVATE, 0};
        return result(Libc.syscall(
                MOUNT_SETATTR,
                AT_FDCWD,
                bytes(path),
                tree ? AT_RECURSIVE : 0,
                value,
                (long) value.length * Long.BYTES));
    }

    @Override
    public int openDirectory(String path) {
        return result(Libc.open(bytes(path), PLACE, 0));
    }

    @Override
    public int openDirectoryIn(int directory, String name) {
        return result(Libc.openat(directory, bytes(name), PLACE, 0));
    }

    @Override
    public int openPlain(String path) {
        return openPlace(AT_FDCWD, path, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    }

    @Override
    public int openBeneath(int directory, String path) {
        return openPlace(
                directory, path, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
    }

    @Override
    public int openInRoot(int directory, String path) {
        return open(directory, path, O_PATH_CLOEXEC, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    }

    private static int openPlace(int directory, String path, long resolve) {
        return open(directory, path, PLACE, resolve);
    }

    private static int open(int directory, String path, long flags, long resolve) {
        // struct open_how: flags, mode, resolve
        long[] how = {flags, 0, resolve};
        return result(Libc.syscall(OPENAT2, directory, bytes(path), how, (long) how.length * Long.BYTES));
    }

    @Override
    public int cloneMount(int directory) {
        return result(Libc.syscall(
                OPEN_TREE, directory, bytes(""), OPEN_TREE_CLONE | CLOEXEC | AT_EMPTY_PATH, new long[1], 0));
    }

    @Override
    public int restrictMount(int mount, long attributes) {
        // struct mount_attr: set, clear, propagation, userns_fd
        long[] value = {attributes, 0, MS_PRIVATE, 0};
        return result(
                Libc.syscall(MOUNT_SETATTR, mount, bytes(""), AT_EMPTY_PATH, value, (long) value.length * Long.BYTES));
    }

    @Override
    public int placeMount(int mount, String target) {
        return result(Libc.syscall(
                MOVE_MOUNT,
                mount,
                bytes(""),
                AT_FDCWD,
                bytes(target),
                MOVE_MOUNT_EMPTY_PATH | MOVE_MOUNT_TO_LINKS,
                0L));
    }

    @Override
    public int makeDirectoryIn(int directory, String name, int mode) {
        return result(Libc.mkdirat(directory, bytes(name), mode));
    }

    @Override
    public int changeOwner(int directory, long owner) {
        return result(Libc.fchownat(directory, bytes(""), (int) owner, (int) owner, AT_EMPTY_PATH));
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
