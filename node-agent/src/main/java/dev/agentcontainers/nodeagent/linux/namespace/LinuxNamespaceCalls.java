package dev.agentcontainers.nodeagent.linux.namespace;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import org.jspecify.annotations.Nullable;

/** The kernel's own. */
public final class LinuxNamespaceCalls implements NamespaceCalls {
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final long MS_BIND = 0x1000;
    private static final long MS_REC = 0x4000;
    private static final long MS_SHARED = 1 << 20;
    private static final int MNT_DETACH = 2;

    private interface C extends Library {
        int open(String path, int flags) throws LastErrorException;

        int close(int descriptor);

        int setns(int descriptor, int kind) throws LastErrorException;

        int unshare(int kinds) throws LastErrorException;

        int mount(String source, String target, String type, NativeLong flags, @Nullable String data)
                throws LastErrorException;

        int umount2(String target, int flags) throws LastErrorException;

        String strerror(int errno);
    }

    private static final C LIBC = Native.load("c", C.class);

    /** The system's text for an error number. */
    public static String describe(int errno) {
        return LIBC.strerror(errno);
    }

    @Override
    public int open(String path) throws SystemCallException {
        try {
            return LIBC.open(path, O_RDONLY_CLOEXEC);
        } catch (LastErrorException e) {
            throw failure("open " + path, e);
        }
    }

    @Override
    public void close(int descriptor) {
        LIBC.close(descriptor);
    }

    @Override
    public void enterNetwork(int descriptor) throws SystemCallException {
        try {
            LIBC.setns(descriptor, CLONE_NEWNET);
        } catch (LastErrorException e) {
            throw failure("enter the network namespace", e);
        }
    }

    @Override
    public void unshareNetwork() throws SystemCallException {
        try {
            LIBC.unshare(CLONE_NEWNET);
        } catch (LastErrorException e) {
            throw failure("make a network namespace", e);
        }
    }

    @Override
    public void bindMount(String source, String target, boolean recursive) throws SystemCallException {
        try {
            LIBC.mount(source, target, "none", new NativeLong(MS_BIND | (recursive ? MS_REC : 0)), null);
        } catch (LastErrorException e) {
            throw failure("bind " + source + " to " + target, e);
        }
    }

    @Override
    public void shareMount(String target) throws SystemCallException {
        try {
            LIBC.mount("", target, "none", new NativeLong(MS_SHARED | MS_REC), null);
        } catch (LastErrorException e) {
            throw failure("share the mount " + target, e);
        }
    }

    @Override
    public void unmount(String target) throws SystemCallException {
        try {
            LIBC.umount2(target, MNT_DETACH);
        } catch (LastErrorException e) {
            throw failure("unmount " + target, e);
        }
    }

    private static SystemCallException failure(String action, LastErrorException e) {
        return new SystemCallException(action, e.getErrorCode(), describe(e.getErrorCode()));
    }
}
