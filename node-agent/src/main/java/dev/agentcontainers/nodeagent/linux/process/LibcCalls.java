package dev.agentcontainers.nodeagent.linux.process;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import com.sun.jna.ptr.IntByReference;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The C library's own. Numbers and sizes are those of Linux on x86-64 and arm64 with glibc or musl.
 *
 * <p>Source: the manual pages of mount(2), openat2(2), posix_spawn(3), waitpid(2), pty(7), statfs(2).
 */
public final class LibcCalls implements LinuxCalls {
    private static final int CLONE_NEWNS = 0x20000;
    private static final int MNT_DETACH = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_PATH = 0x200000;
    private static final int O_RDWR = 2;
    private static final int O_NOCTTY = 0x100;
    private static final int SYS_OPENAT2 = 437;
    private static final long RESOLVE_NO_SYMLINKS = 0x04;
    private static final long RESOLVE_BENEATH = 0x08;
    private static final int OPEN_HOW_SIZE = 24;
    private static final short POSIX_SPAWN_SETSIGMASK = 0x08;
    private static final short POSIX_SPAWN_SETSID = 0x80;
    private static final int TIOCSWINSZ = 0x5414;
    private static final long TMPFS_MAGIC = 0x01021994L;

    /** Larger than posix_spawn_file_actions_t, posix_spawnattr_t, sigset_t and struct statfs of every libc in use. */
    private static final int OPAQUE_SIZE = 512;

    private static final int EINTR = 4;
    private static final int EIO = 5;
    private static final int BUFFER = 4096;

    private interface C extends Library {
        int unshare(int flags) throws LastErrorException;

        int mount(
                @Nullable String source, String target, @Nullable String type, NativeLong flags, @Nullable String data)
                throws LastErrorException;

        int umount2(String target, int flags) throws LastErrorException;

        int open(String path, int flags) throws LastErrorException;

        int close(int descriptor);

        NativeLong syscall(NativeLong number, Object... arguments) throws LastErrorException;

        int posix_spawn(
                IntByReference pid,
                String path,
                Pointer actions,
                Pointer attributes,
                StringArray arguments,
                StringArray environment);

        int posix_spawn_file_actions_init(Pointer actions);

        int posix_spawn_file_actions_destroy(Pointer actions);

        int posix_spawn_file_actions_adddup2(Pointer actions, int from, int to);

        int posix_spawn_file_actions_addopen(Pointer actions, int descriptor, String path, int flags, int mode);

        int posix_spawnattr_init(Pointer attributes);

        int posix_spawnattr_destroy(Pointer attributes);

        int posix_spawnattr_setflags(Pointer attributes, short flags);

        int posix_spawnattr_setsigmask(Pointer attributes, Pointer mask);

        int sigemptyset(Pointer mask);

        int waitpid(int pid, IntByReference status, int options) throws LastErrorException;

        int pipe2(int[] descriptors, int flags) throws LastErrorException;

        NativeLong read(int descriptor, byte[] buffer, NativeLong count) throws LastErrorException;

        NativeLong write(int descriptor, byte[] bytes, NativeLong count) throws LastErrorException;

        int kill(int pid, int signal) throws LastErrorException;

        int posix_openpt(int flags) throws LastErrorException;

        int grantpt(int descriptor) throws LastErrorException;

        int unlockpt(int descriptor) throws LastErrorException;

        int ptsname_r(int descriptor, byte[] name, NativeLong size);

        int ioctl(int descriptor, NativeLong request, Object... arguments) throws LastErrorException;

        int statfs(String path, Pointer result) throws LastErrorException;

        String strerror(int errno);
    }

    private static final C LIBC = Native.load("c", C.class);

    private interface Call<T> {
        T run() throws LastErrorException;
    }

    private static <T> T checked(String action, Call<T> call) throws SystemCallException {
        try {
            return call.run();
        } catch (LastErrorException e) {
            throw failure(action, e.getErrorCode());
        }
    }

    private static SystemCallException failure(String action, int errno) {
        return new SystemCallException(action, errno, LIBC.strerror(errno));
    }

    @Override
    public void unshareMounts() throws SystemCallException {
        checked("make a mount namespace", () -> LIBC.unshare(CLONE_NEWNS));
    }

    @Override
    public void mount(String source, String target, String type, List<MountFlag> flags, String data)
            throws SystemCallException {
        long bits = flags.stream().mapToLong(MountFlag::bit).reduce(0, (left, right) -> left | right);
        checked(
                "mount " + (type.isEmpty() ? source : type) + " at " + target + " " + flags,
                () -> LIBC.mount(
                        source,
                        target,
                        type.isEmpty() ? null : type,
                        new NativeLong(bits),
                        data.isEmpty() ? null : data));
    }

    @Override
    public void unmount(String target) throws SystemCallException {
        checked("unmount " + target, () -> LIBC.umount2(target, MNT_DETACH));
    }

    @Override
    public int openBeneath(String root, String relative) throws SystemCallException {
        int folder = checked("open " + root, () -> LIBC.open(root, O_PATH | O_CLOEXEC));
        try (Memory how = new Memory(OPEN_HOW_SIZE)) {
            how.setLong(0, O_PATH | O_CLOEXEC);
            how.setLong(8, 0);
            how.setLong(16, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
            return checked(
                    "open " + relative + " below " + root,
                    () -> LIBC.syscall(
                                    new NativeLong(SYS_OPENAT2),
                                    folder,
                                    relative.isEmpty() ? "." : relative,
                                    how,
                                    new NativeLong(OPEN_HOW_SIZE))
                            .intValue());
        } finally {
            LIBC.close(folder);
        }
    }

    @Override
    public void close(int descriptor) {
        LIBC.close(descriptor);
    }

    @Override
    public int spawn(List<String> command, Map<String, String> environment, Map<Integer, Integer> descriptors)
            throws SystemCallException {
        return spawn(command, environment, POSIX_SPAWN_SETSIGMASK, actions -> {
            for (Map.Entry<Integer, Integer> each : descriptors.entrySet()) {
                LIBC.posix_spawn_file_actions_adddup2(actions, each.getValue(), each.getKey());
            }
        });
    }

    @Override
    public int spawnOnTerminal(List<String> command, Map<String, String> environment, String terminal)
            throws SystemCallException {
        // The first terminal that a session leader opens becomes its controlling one.
        return spawn(command, environment, (short) (POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID), actions -> {
            LIBC.posix_spawn_file_actions_addopen(actions, 0, terminal, O_RDWR, 0);
            LIBC.posix_spawn_file_actions_adddup2(actions, 0, 1);
            LIBC.posix_spawn_file_actions_adddup2(actions, 0, 2);
        });
    }

    private interface Actions {
        void add(Pointer actions);
    }

    private static int spawn(List<String> command, Map<String, String> environment, short flags, Actions wanted)
            throws SystemCallException {
        try (Memory actions = new Memory(OPAQUE_SIZE);
                Memory attributes = new Memory(OPAQUE_SIZE);
                Memory mask = new Memory(OPAQUE_SIZE)) {
            LIBC.posix_spawn_file_actions_init(actions);
            LIBC.posix_spawnattr_init(attributes);
            try {
                LIBC.sigemptyset(mask);
                LIBC.posix_spawnattr_setsigmask(attributes, mask);
                LIBC.posix_spawnattr_setflags(attributes, flags);
                wanted.add(actions);
                IntByReference pid = new IntByReference();
                int error = LIBC.posix_spawn(
                        pid,
                        command.getFirst(),
                        actions,
                        attributes,
                        new StringArray(command.toArray(String[]::new)),
                        new StringArray(environment.entrySet().stream()
                                .map(entry -> entry.getKey() + "=" + entry.getValue())
                                .toArray(String[]::new)));
                if (error != 0) {
                    throw failure("start " + command.getFirst(), error);
                }
                return pid.getValue();
            } finally {
                LIBC.posix_spawn_file_actions_destroy(actions);
                LIBC.posix_spawnattr_destroy(attributes);
            }
        }
    }

    @Override
    public int await(int pid) throws SystemCallException {
        IntByReference status = new IntByReference();
        while (true) {
            try {
                LIBC.waitpid(pid, status, 0);
                int value = status.getValue();
                int signal = value & 0x7f;
                return signal == 0 ? (value >> 8) & 0xff : 128 + signal;
            } catch (LastErrorException e) {
                if (e.getErrorCode() != EINTR) {
                    throw failure("wait for process " + pid, e.getErrorCode());
                }
            }
        }
    }

    @Override
    public int[] pipe() throws SystemCallException {
        int[] descriptors = new int[2];
        checked("make a pipe", () -> LIBC.pipe2(descriptors, O_CLOEXEC));
        return descriptors;
    }

    @Override
    public byte[] readAll(int descriptor) throws SystemCallException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[BUFFER];
        while (true) {
            int count = read(descriptor, buffer, BUFFER);
            if (count < 0) {
                return all.toByteArray();
            }
            all.write(buffer, 0, count);
        }
    }

    @Override
    public int read(int descriptor, byte[] buffer, int length) throws SystemCallException {
        while (true) {
            try {
                int count =
                        LIBC.read(descriptor, buffer, new NativeLong(length)).intValue();
                return count == 0 ? -1 : count;
            } catch (LastErrorException e) {
                // A terminal whose other side is closed reads as EIO (pty(7)).
                if (e.getErrorCode() == EIO) {
                    return -1;
                }
                if (e.getErrorCode() != EINTR) {
                    throw failure("read descriptor " + descriptor, e.getErrorCode());
                }
            }
        }
    }

    @Override
    public int write(int descriptor, byte[] bytes, int length) throws SystemCallException {
        while (true) {
            try {
                return LIBC.write(descriptor, bytes, new NativeLong(length)).intValue();
            } catch (LastErrorException e) {
                if (e.getErrorCode() != EINTR) {
                    throw failure("write to descriptor " + descriptor, e.getErrorCode());
                }
            }
        }
    }

    @Override
    public void signal(int pid, int signal) throws SystemCallException {
        if (pid <= 1) {
            throw new IllegalArgumentException("process " + pid + " must not be signalled");
        }
        checked("send signal " + signal + " to process " + pid, () -> LIBC.kill(pid, signal));
    }

    @Override
    public Terminal openTerminal() throws SystemCallException {
        int descriptor = checked("open a terminal", () -> LIBC.posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        checked("grant the terminal", () -> LIBC.grantpt(descriptor));
        checked("unlock the terminal", () -> LIBC.unlockpt(descriptor));
        byte[] name = new byte[128];
        int error = LIBC.ptsname_r(descriptor, name, new NativeLong(name.length));
        if (error != 0) {
            LIBC.close(descriptor);
            throw failure("name the terminal", error);
        }
        return new Terminal(descriptor, Native.toString(name));
    }

    @Override
    public void resize(int terminal, int columns, int rows) throws SystemCallException {
        try (Memory size = new Memory(8)) {
            size.clear();
            size.setShort(0, (short) rows);
            size.setShort(2, (short) columns);
            checked("resize the terminal", () -> LIBC.ioctl(terminal, new NativeLong(TIOCSWINSZ), size));
        }
    }

    @Override
    public boolean isInMemory(String path) throws SystemCallException {
        try (Memory result = new Memory(OPAQUE_SIZE)) {
            result.clear();
            checked("look at the file system of " + path, () -> LIBC.statfs(path, result));
            return result.getNativeLong(0).longValue() == TMPFS_MAGIC;
        }
    }
}
