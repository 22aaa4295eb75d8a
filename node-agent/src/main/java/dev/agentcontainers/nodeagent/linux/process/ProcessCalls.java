package dev.agentcontainers.nodeagent.linux.process;

import java.nio.file.Path;

/**
 * The system calls about processes. Every method returns the kernel's answer: zero or more for success, otherwise the
 * negated error number. Thread-safe; each acts for the calling thread.
 */
public interface ProcessCalls {
    int SIGKILL = 9;
    int SIGTERM = 15;
    int SIGSTOP = 19;

    /**
     * Starts a program in a session of its own, with default signal handlers, in the namespaces of the calling thread.
     * Safe on a thread that has changed namespaces, which {@link ProcessBuilder} is not: that may start threads.
     *
     * @return the child's pid; the caller must {@link #waitFor} it
     */
    int spawn(SpawnRequest request);

    /** Waits for a child; its exit code, or 128 plus the signal that ended it. */
    int waitFor(int pid);

    /** A descriptor that stands for this very process, however often its pid is used again. */
    int openProcess(long pid);

    int signal(int processDescriptor, int signal);

    /** Moves a process to the control group whose file of processes that is; cgroups(7). */
    int move(long pid, Path processes);

    /** A descriptor of this process for what a descriptor of that process means; pidfd_getfd(2). */
    int copyDescriptor(int processDescriptor, int theirs);

    /**
     * Waits until one of the descriptors is readable (for a process: has ended).
     *
     * @param ready set to which of them are
     * @return how many are; 0 after the time
     */
    default int awaitReadable(int[] descriptors, boolean[] ready, int timeoutMillis) {
        return awaitReady(descriptors, new boolean[descriptors.length], ready, timeoutMillis);
    }

    /**
     * Waits until one of the descriptors is readable, or writable where {@code writing} says so, or at its end.
     *
     * @param ready set to which of them are
     * @param timeoutMillis -1 for no limit
     * @return how many are; 0 after the time
     */
    int awaitReady(int[] descriptors, boolean[] writing, boolean[] ready, int timeoutMillis);

    /** The real ones of this machine. */
    static ProcessCalls ofThisMachine() {
        return new LinuxProcessCalls();
    }
}
