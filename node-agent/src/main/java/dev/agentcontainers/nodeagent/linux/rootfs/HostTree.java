package dev.agentcontainers.nodeagent.linux.rootfs;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The host's files, as far as a plan has to look at them. Never follows symbolic links. */
public interface HostTree {
    enum Kind {
        DIRECTORY,
        FILE,
        LINK,
        /** A device, socket or pipe. */
        OTHER
    }

    /**
     * @param readable whether anybody may read it (and, for a directory, enter it)
     * @param target what a link points to, otherwise empty
     */
    record Entry(Kind kind, boolean readable, String target) {}

    /** What stands at an absolute path none of whose parents is a link; empty where nothing does. */
    Optional<Entry> look(String path);

    /** Names in a directory, sorted. */
    List<String> children(String path);

    /** When a directory last changed: a name came, went or was replaced. Empty where none is there. */
    Optional<Instant> changedAt(String path);
}
