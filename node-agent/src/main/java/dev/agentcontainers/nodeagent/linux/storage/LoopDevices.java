package dev.agentcontainers.nodeagent.linux.storage;

import java.io.IOException;
import java.nio.file.Path;

/** Block devices made of files, and the files. Answers are zero or more for success, otherwise the negated error number. */
public interface LoopDevices {
    /** How what is written to a device comes to the file that it is made of. */
    enum Writing {
        /** By the page cache once more, from which the kernel writes it in the name of who has made the file. */
        CACHED,
        /** At once, in the name of who has written to the device. */
        DIRECT
    }

    /**
     * Makes a block device of the image and mounts the ext4 filesystem on it in the calling thread's mount namespace.
     * The device frees itself when the last mount of it is gone.
     *
     * @param discard whether the disk gets back what is deleted in it
     * @param writing refused with EOPNOTSUPP where the file's filesystem can't do it directly
     */
    int mount(Path image, Path target, boolean discard, Writing writing);

    /** Has the disk keep the first {@code bytes} bytes of a file for it, without changing what is in them. */
    int reserve(Path file, long bytes);

    /** Copies what a file holds, but no holes, to the same places of another one that is as long and holds nothing. */
    int copyData(Path from, Path to);

    /** True while a device is made of the image, whoever has mounted it. */
    boolean isInUse(Path image) throws IOException;

    /** True where this kernel has loop devices and this process may use them. */
    boolean available();

    /** The real ones of this machine. */
    static LoopDevices ofThisMachine() {
        return new LinuxLoopDevices();
    }
}
