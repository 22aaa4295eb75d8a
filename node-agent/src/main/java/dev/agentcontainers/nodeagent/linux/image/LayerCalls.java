package dev.agentcontainers.nodeagent.linux.image;

/**
 * The system calls by which layers are unpacked. Every method returns the kernel's answer: zero or more for success,
 * otherwise the negated error number. Names are single: what leads to a directory is resolved by {@link #openWithin} alone.
 */
public interface LayerCalls {
    int ENOENT = 2;
    int EEXIST = 17;
    int ENOTDIR = 20;
    int ENOSPC = 28;
    int ENOTEMPTY = 39;
    int ELOOP = 40;
    int EDQUOT = 122;

    /** The file type bits of a mode, inode(7). */
    int TYPE = 0xf000;

    int DIRECTORY = 0x4000;
    int FILE = 0x8000;
    int LINK = 0xa000;

    /** Opens a directory by its host path, not following a link at its end. */
    int openRoot(String path);

    /**
     * Opens a directory as if {@code root} were the filesystem's root: neither a link nor '..' leads out of it, nor into
     * another filesystem (openat2(2): RESOLVE_IN_ROOT, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS).
     */
    int openWithin(int root, String path);

    /** Opens what stands there for reading, with the same bounds, and never waits for it. */
    int openFileWithin(int root, String path);

    /** @return how much of {@code target} it filled, 0 at the end */
    int read(int file, byte[] target);

    /** The mode of an open file, type included. */
    int modeOf(int file);

    /** Makes a directory that only root may enter. */
    int makeDirectory(int directory, String name);

    /** Makes a file that was not there, and opens it for writing. */
    int createFile(int directory, String name);

    int write(int file, byte[] content, int count);

    /** Goes on that much further in an open file, writing nothing. */
    int skip(int file, int count);

    int setLength(int file, long length);

    /** Makes a named pipe with such a mode, whatever the mask of this process. */
    int makePipe(int directory, String name, int mode);

    int makeSymbolicLink(String target, int directory, String name);

    /** Gives a file another name, never following a link. */
    int makeHardLink(int fromDirectory, String from, int directory, String name);

    /** Makes what an overlay filesystem takes for "was removed": a character device 0/0. */
    int makeWhiteout(int directory, String name);

    /** Has an overlay filesystem hide everything that lower layers have in the directory. */
    int makeOpaque(int directory);

    int removeFile(int directory, String name);

    int removeDirectory(int directory, String name);

    /** The mode of what stands there, type included; does not follow a link. */
    int mode(int directory, String name);

    int changeOwner(int file, int user, int group);

    int changeLinkOwner(int directory, String name, int user, int group);

    /** @param mode permissions with set-user-id, set-group-id and sticky bits */
    int changeMode(int file, int mode);

    /** Both times of an open file or directory, in seconds since 1970. */
    int changeTimes(int file, long seconds, long nanoseconds);

    int changeLinkTimes(int directory, String name, long seconds, long nanoseconds);

    /** How many inodes more the filesystem of a path can have; {@link Long#MAX_VALUE} where it does not count them. */
    long freeInodes(String path);

    /** How many bytes more the filesystem of a path has room for. */
    long freeBytes(String path);

    /** Has everything that was written to the filesystem of an open file written to its disk. */
    int synchronize(int file);

    int close(int file);

    /** The real ones of this machine. */
    static LayerCalls ofThisMachine() {
        return ofThisMachine(LayerOwners.OF_IMAGES);
    }

    /** The same, giving files to owners that stand for those named. */
    static LayerCalls ofThisMachine(LayerOwners owners) {
        return new LinuxLayerCalls(owners);
    }
}
