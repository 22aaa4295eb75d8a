package dev.agentcontainers.nodeagent.linux.rootfs;

import java.util.List;

/**
 * How to make an agent's root.
 *
 * @param tree what the read-only tree consists of, parents before children
 * @param mounts what is mounted over it, outer ones first
 * @param masked paths of the kernel's filesystems that the runtime is to hide
 */
public record RootfsPlan(List<Operation> tree, List<RootMount> mounts, List<String> masked) {
    public RootfsPlan {
        tree = List.copyOf(tree);
        mounts = List.copyOf(mounts);
        masked = List.copyOf(masked);
    }

    /** One thing to make at an absolute path inside the root. */
    public sealed interface Operation {
        String path();

        record Directory(String path, int mode) implements Operation {}

        record Link(String path, String target) implements Operation {}

        record File(String path, String content, int mode) implements Operation {}

        /** Shows the host's file or directory of the same path. */
        record Show(String path, boolean directory) implements Operation {}

        /** Shows a filesystem that the host has mounted below a shown directory. */
        record ShowMount(String path) implements Operation {}
    }
}
