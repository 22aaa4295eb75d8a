package dev.agentcontainers.nodeagent.linux.process;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.util.List;
import java.util.Map;

/** The system calls that drivers need. They act on the calling thread. */
public interface LinuxCalls {
    int EINVAL = 22;
    int ENOENT = 2;
    int ESRCH = 3;

    int SIGKILL = 9;
    int SIGTERM = 15;

    /** Flags of mount(2). */
    enum MountFlag {
        READ_ONLY(1),
        NO_SUID(2),
        NO_DEV(4),
        NO_EXEC(8),
        REMOUNT(32),
        BIND(4096),
        RECURSIVE(16384),
        SLAVE(1 << 19);

        private final long bit;

        MountFlag(long bit) {
            this.bit = bit;
        }

        long bit() {
            return bit;
        }
    }

    /** Moves the calling thread into a copy of its mount namespace. */
    void unshareMounts() throws SystemCallException;

    /** mount(2); {@code type} and {@code data} may be empty. */
    void mount(String source, String target, String type, List<MountFlag> flags, String data)
            throws SystemCallException;

    /** Detaches the mount at {@code target}. */
    void unmount(String target) throws SystemCallException;

    /**
     * Opens a path below {@code root} without following any symbolic link and without leaving {@code root} (openat2(2)).
     *
     * @param relative relative to {@code root}
     * @return a descriptor that can be mounted on as {@code /proc/self/fd/N}
     */
    int openBeneath(String root, String relative) throws SystemCallException;

    void close(int descriptor);

    /**
     * Starts a program with posix_spawn(3): the child has the calling thread's namespaces, no blocked signal and no
     * descriptor but those named.
     *
     * @param descriptors the child's descriptor to this process's
     * @return the process id
     */
    int spawn(List<String> command, Map<String, String> environment, Map<Integer, Integer> descriptors)
            throws SystemCallException;

    /** The same, in a session of its own whose terminal, input and output is {@code terminal}. */
    int spawnOnTerminal(List<String> command, Map<String, String> environment, String terminal)
            throws SystemCallException;

    /** Waits for a child; its exit code, 128 plus the signal for a killed one. Blocks the calling thread. */
    int await(int pid) throws SystemCallException;

    /** A pipe: descriptor to read, descriptor to write. Neither is inherited. */
    int[] pipe() throws SystemCallException;

    /** Reads until the other side is closed. Blocks the calling thread. */
    byte[] readAll(int descriptor) throws SystemCallException;

    /** Reads what is there, waiting for the first byte; -1 at the end. Blocks the calling thread. */
    int read(int descriptor, byte[] buffer, int length) throws SystemCallException;

    /** Writes some of the bytes and returns how many. Blocks the calling thread. */
    int write(int descriptor, byte[] bytes, int length) throws SystemCallException;

    void signal(int pid, int signal) throws SystemCallException;

    /** A pseudo-terminal: its master side and the path of the other. */
    Terminal openTerminal() throws SystemCallException;

    void resize(int terminal, int columns, int rows) throws SystemCallException;

    /** A pseudo-terminal's master side and the path of its other side. */
    record Terminal(int descriptor, String path) {}

    /** True where the path lies on a file system in memory (tmpfs). */
    boolean isInMemory(String path) throws SystemCallException;
}
