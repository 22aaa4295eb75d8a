package dev.agentcontainers.nodeagent.linux.rootfs;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Something mounted over the tree of a root. Paths are physical: no part of them is a link of the host. */
public sealed interface RootMount {
    String path();

    /**
     * The mount that this one stands in; empty where it stands in the tree. The way from there on may have been laid by
     * an agent, links included.
     */
    Optional<String> within();

    /** Whether nobody may write to it. */
    default boolean readOnly() {
        return switch (this) {
            case Temporary _, Memory _, Runtime _ -> false;
            case Workspace workspace -> !workspace.writable();
            case HostDirectory directory -> !directory.writable();
            case ImageFiles _, Files _, Shown _, Denied _ -> true;
        };
    }

    /** A filesystem in memory, charged to the agent's memory. */
    record Temporary(String path) implements RootMount {
        @Override
        public Optional<String> within() {
            return Optional.empty();
        }
    }

    /** A directory in memory that the agent owns, charged to its memory. {@code bytes}: how much fits in. */
    record Memory(String path, Optional<String> within, long bytes) implements RootMount {}

    /** A directory in memory that only the agent's user may enter, charged to its memory. */
    record Runtime(String path, Optional<String> within) implements RootMount {}

    /** @param name the path as the manifest has it, which names the directory that is mounted */
    record Workspace(String path, Optional<String> within, String name, boolean writable) implements RootMount {}

    /** @param source absolute path on the host */
    record HostDirectory(String path, Optional<String> within, String source, boolean writable) implements RootMount {}

    /** @param layers directories of the image's unpacked layers, the lowest first */
    record ImageFiles(String path, Optional<String> within, List<Path> layers) implements RootMount {
        public ImageFiles {
            layers = List.copyOf(layers);
        }
    }

    record Files(String path, Optional<String> within, Map<String, byte[]> content, boolean secret)
            implements RootMount {}

    /** A directory of the host's, read-only. */
    record Shown(String path, Optional<String> within, String source) implements RootMount {}

    /** Something empty and unreadable, where an agent could make something by itself. */
    record Denied(String path, Optional<String> within) implements RootMount {}
}
