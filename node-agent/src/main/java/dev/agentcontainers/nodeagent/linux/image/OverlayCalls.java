package dev.agentcontainers.nodeagent.linux.image;

/**
 * The system calls by which layers become a root. Every method returns the kernel's answer: zero or more for success,
 * otherwise the negated error number. All act on the calling thread's mount namespace.
 */
public interface OverlayCalls {
    /** Attributes of mount_setattr(2). */
    long READ_ONLY = 1;

    long NO_SET_USER_ID = 2;
    long NO_DEVICES = 4;
    long ID_MAPPED = 0x100000;

    /** Opens a file of the kernel's that stands for a namespace. */
    int openNamespace(String path);

    /** A mount of a directory that is not anywhere yet, and private; open_tree(2). */
    int cloneMount(String directory);

    /** @param userNamespace by which the mount's ids are mapped */
    int restrict(int mount, long attributes, int userNamespace);

    /** Puts a mount at a directory, not following a link at its end. */
    int place(int mount, String directory);

    /** Changes the directory of the calling thread, which must share it with no other. */
    int changeDirectory(String directory);

    int mountOverlay(String root, String options);

    int close(int descriptor);

    /** The real ones of this machine. */
    static OverlayCalls ofThisMachine() {
        return new LinuxOverlayCalls();
    }
}
