package dev.agentcontainers.nodeagent.linux.process;

/**
 * The system calls by which a process hands one of its descriptors over to another, by a socket at a path; unix(7).
 * Answers like {@link ProcessCalls}: never an exception, the negated error number where the kernel refuses. None of them
 * waits, and what they open is closed in children.
 */
public interface HandoverCalls {
    /** How many bytes a path may have. */
    int LONGEST_PATH = 107;

    /** What is answered where nobody has connected, or sent something, so far. */
    int NOTHING_YET = -11;

    /**
     * Makes a socket at a path that does not exist, which nobody but this user may connect to, and listens there.
     *
     * @param path absolute, of at most {@link #LONGEST_PATH} bytes
     */
    int listen(String path);

    /** A connection that somebody has made, or {@link #NOTHING_YET}. */
    int accept(int listening);

    /** The pid, as it is here, of the process that has made a connection. */
    int peer(int connection);

    /**
     * The one descriptor that was sent, which is this process's from now on, or {@link #NOTHING_YET}; EBADMSG where no
     * descriptor or more than one was sent, EMFILE where this process may have no more than it has, ECONNRESET where the
     * connection has ended.
     */
    int receive(int connection);

    /** Sends a descriptor, which stays this process's too, and a byte along with it. */
    int give(int connection, int descriptor);

    int close(int descriptor);

    /** The real ones of this machine. */
    static HandoverCalls ofThisMachine() {
        return new LinuxHandoverCalls();
    }
}
