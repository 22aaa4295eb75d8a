package dev.agentcontainers.nodeagent.linux.process;

/**
 * The system calls about descriptors, pipes and terminals. Answers like {@link ProcessCalls}: never an exception, the
 * negated error number where the kernel refuses. Descriptors are closed in children unless they are passed on.
 */
public interface DescriptorCalls {
    /** Makes a pipe: {@code ends[0]} is read from, {@code ends[1]} is written to. */
    int pipe(int[] ends);

    /** Makes a terminal: {@code ends[0]} controls it, {@code ends[1]} is for the program. */
    int terminal(int[] ends);

    int resize(int terminal, int columns, int rows);

    /** Has a terminal pass on bytes as they are, both ways, and show none that come in; "raw" in termios(3). */
    int passOnBytes(int terminal);

    /** Lets reads and writes answer EAGAIN where they would wait. Nothing changes for the other end. */
    int doNotWait(int descriptor);

    /** Reads up to {@code buffer.length} bytes; 0 at the end. */
    int read(int descriptor, byte[] buffer);

    /** How many bytes a pipe holds that were written to it and not read. */
    int held(int pipe);

    /** Writes up to {@code length} bytes; how many it were. */
    int write(int descriptor, byte[] buffer, int length);

    int close(int descriptor);

    /** The real ones of this machine. */
    static DescriptorCalls ofThisMachine() {
        return new LinuxDescriptorCalls();
    }
}
