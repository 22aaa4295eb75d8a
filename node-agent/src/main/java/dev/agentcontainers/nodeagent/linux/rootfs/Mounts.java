package dev.agentcontainers.nodeagent.linux.rootfs;

/**
 * The system calls about mounts and about directories that agents can write to. Every method returns the kernel's
 * answer: zero or more for success, otherwise the negated error number. All act on the calling thread's namespace.
 */
public interface Mounts {
    long MS_RDONLY = 1;
    long MS_NOSUID = 2;
    long MS_NODEV = 4;
    long MS_NOEXEC = 8;
    long MS_REMOUNT = 32;
    long MS_BIND = 4096;
    long MS_REC = 16384;
    long MS_PRIVATE = 1 << 18;
    long MS_SLAVE = 1 << 19;
    int MNT_DETACH = 2;

    /** Attributes of mount_setattr(2). */
    long ATTRIBUTE_RDONLY = 1;

    long ATTRIBUTE_NOSUID = 2;
    long ATTRIBUTE_NODEV = 4;

    /** Moves the calling thread, and only it, into a copy of its mount namespace. */
    int unshareNamespace();

    /** Moves the calling thread, and only it, into the mount namespace of a process. */
    int enterNamespaceOf(long pid);

    /** Sets which permissions are taken from what the calling thread creates. Only where its namespace is its own. */
    int setCreationMask(int mask);

    int mount(String source, String target, String type, long flags, String data);

    int unmount(String target, int flags);

    /** Sets attributes of the mount at a path, or of the whole tree below too, and makes it private. */
    int setAttributes(String path, boolean tree, long attributes);

    /** Opens a directory as a mere place, not following a link at its end. */
    int openDirectory(String path);

    /** Opens a directory in another one, not following a link. */
    int openDirectoryIn(int directory, String name);

    /** Opens a directory as a mere place, by a path that has no link in it. */
    int openPlain(String path);

    /** The same below another directory, out of whose filesystem the path must not lead. */
    int openBeneath(int directory, String path);

    /** Opens whatever stands at a path, as a mere place, as if the directory were the root: no link leads out of it. */
    int openInRoot(int directory, String path);

    /** A mount of an opened directory that is not anywhere yet, without those below it; open_tree(2). */
    int cloneMount(int directory);

    /** Sets attributes of a mount that {@link #cloneMount} made, and makes it private. */
    int restrictMount(int mount, long attributes);

    /** Puts such a mount at a directory. */
    int placeMount(int mount, String target);

    int makeDirectoryIn(int directory, String name, int mode);

    int changeOwner(int directory, long owner);

    int close(int descriptor);

    /** The real ones of this machine. */
    static Mounts ofThisMachine() {
        return new LinuxMounts();
    }
}
