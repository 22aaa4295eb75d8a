package dev.agentcontainers.nodeagent.linux.snapshot;

/**
 * The system calls by which directories of agents are read. Every method returns the kernel's answer: zero or more for success,
 * otherwise the negated error number.
 */
interface TreeCalls {
    /**
     * Opens a directory below another, of which no part is a link or in another filesystem (openat2(2): RESOLVE_BENEATH,
     * RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV).
     */
    int openDirectory(int root, String path);

    /** Opens what stands in a directory for reading, with the same bounds, and never waits for it. */
    int openFile(int directory, String name);

    /** Fills with entries of an open directory as getdents64(2) has them; 0 at its end. */
    int list(int directory, byte[] target);

    /** Goes to where an entry of an open directory has said that the next one is. */
    int goTo(int directory, long position);

    /** Fills with what statx(2) says of what stands there, not following a link. */
    int status(int directory, String name, byte[] target);

    /** Fills with where a link leads. */
    int readLink(int directory, String name, byte[] target);

    /** @return how much of {@code target} it filled, 0 at the end */
    int read(int file, byte[] target);

    int close(int file);
}
