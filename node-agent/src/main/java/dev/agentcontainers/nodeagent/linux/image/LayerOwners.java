package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;

/**
 * Whose the files of unpacked layers are. Where this process is the machine's root they are whose the image says, and each sandbox
 * sees them by a mount that maps ids. Who is root of namespaces of an ordinary user's can't have such mounts, and has ids for one
 * sandbox only: there they are that sandbox's.
 *
 * @param first the id that stands for the image's 0
 * @param count how many of the image's ids can be had, from 0 on
 * @param opaque the attribute by which an overlay knows a directory that hides those below it
 */
public record LayerOwners(long first, long count, String opaque) {
    /** Those that images name. */
    public static final LayerOwners OF_IMAGES = new LayerOwners(0, 0xffff_ffffL, "trusted.overlay.opaque");

    private static final int EINVAL = 22;

    /** Those of the one sandbox that has these ids. Source for the attribute: overlayfs.rst of Linux, "userxattr". */
    public static LayerOwners of(IdRange sandbox) {
        return new LayerOwners(sandbox.first(), sandbox.size(), "user.overlay.opaque");
    }

    /** The id that stands for one of the image's; the negated error number where none does. */
    long id(int ofImage) {
        long id = Integer.toUnsignedLong(ofImage);
        return id < count ? first + id : -EINVAL;
    }
}
