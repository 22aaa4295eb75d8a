package dev.agentcontainers.nodeagent.linux.process;

import com.sun.jna.Native;
import org.jspecify.annotations.Nullable;

/**
 * The C library, mapped directly. Only primitives and arrays of them are passed: JNA's own memory objects would start
 * its cleaner thread, and on a thread that has changed namespaces that one would keep the namespaces alive.
 */
final class Libc {
    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    static native int posix_spawn(int[] pid, byte[] path, long fileActions, long attributes, long argv, long envp);

    static native int posix_spawn_file_actions_init(long fileActions);

    static native int posix_spawn_file_actions_destroy(long fileActions);

    static native int posix_spawn_file_actions_adddup2(long fileActions, int from, int to);

    static native int posix_spawn_file_actions_addopen(long fileActions, int fd, byte[] path, int flags, int mode);

    static native int posix_spawn_file_actions_addclosefrom_np(long fileActions, int from);

    static native int posix_spawnattr_init(long attributes);

    static native int posix_spawnattr_destroy(long attributes);

    static native int posix_spawnattr_setflags(long attributes, short flags);

    static native int posix_spawnattr_setsigmask(long attributes, byte[] signals);

    static native int posix_spawnattr_setsigdefault(long attributes, byte[] signals);

    static native int waitpid(int pid, int[] status, int options);

    static native int poll(int[] descriptors, long count, int timeout);

    static native long syscall(long number, long first, long second, byte @Nullable [] third, long fourth);

    static native int pipe2(int[] ends, int flags);

    static native int posix_openpt(int flags);

    static native int grantpt(int descriptor);

    static native int unlockpt(int descriptor);

    static native int ptsname_r(int descriptor, byte[] name, long size);

    static native int open(byte[] path, int flags, int mode);

    static native int fcntl(int descriptor, int command, long argument);

    static native int ioctl(int descriptor, long request, short[] argument);

    static native int ioctl(int descriptor, long request, int[] argument);

    static native long read(int descriptor, byte[] buffer, long length);

    static native long write(int descriptor, byte[] buffer, long length);

    static native int close(int descriptor);

    static native int tcgetattr(int terminal, byte[] settings);

    static native void cfmakeraw(byte[] settings);

    static native int tcsetattr(int terminal, int when, byte[] settings);

    static native int socket(int domain, int type, int protocol);

    static native int fchmod(int descriptor, int mode);

    static native int bind(int socket, byte[] address, int length);

    static native int listen(int socket, int backlog);

    static native int accept4(int socket, byte @Nullable [] address, int @Nullable [] length, int flags);

    static native int getsockopt(int socket, int level, int option, int[] value, int[] length);

    static native long recvmsg(int socket, long header, int flags);

    static native long sendmsg(int socket, long header, int flags);

    static int result(long answer) {
        return answer < 0 ? -Native.getLastError() : (int) answer;
    }
}
