package dev.agentcontainers.nodeagent.sandbox;

import dev.agentcontainers.nodeagent.image.PullPolicy;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** One path of the agent's filesystem. The most specific path wins. */
public sealed interface Mount {
    /** Absolute path inside the sandbox, other than /, without '.', '..' and trailing slash. */
    String path();

    /** Nothing is seen at the path: an empty, unreadable directory or file stands there. */
    record Denied(String path) implements Mount {}

    /** A directory of the agent's own, kept over restarts, removed with the sandbox. */
    record Workspace(String path, boolean writable) implements Mount {}

    /** A directory on the disk that is empty at first, kept over restarts, removed with the sandbox.
     *
     * @param bytes what is taken from the sandbox's storage for it alone; empty where it shares the rest
     */
    record DiskDirectory(String path, OptionalLong bytes) implements Mount {}

    /** A directory in memory that is empty at each start. {@code bytes}: how much fits in, more than 0. */
    record MemoryDirectory(String path, long bytes) implements Mount {}

    /**
     * A directory in memory that is empty at each start and that nobody but the agent's user may enter: of a session.
     *
     * @param screen of that session, where it has a display
     */
    record RuntimeDirectory(String path, Optional<Screen> screen) implements Mount {}

    /** A directory of the host, where the host lets agents have it. {@code source}: its absolute path there. */
    record HostDirectory(String path, String source, boolean writable) implements Mount {}

    /**
     * The files of an image, read-only.
     *
     * @param reference as {@link dev.agentcontainers.nodeagent.image.ImageReference#parse} takes it
     * @param pullPolicy empty for the usual one of the reference
     * @param pullSecrets names of Secrets that let in at registries
     */
    record ImageFiles(String path, String reference, Optional<PullPolicy> pullPolicy, List<String> pullSecrets)
            implements Mount {
        public ImageFiles {
            pullSecrets = List.copyOf(pullSecrets);
        }
    }

    /** The keys of a ConfigMap as read-only files. */
    record ConfigMapFiles(String path, String configMap) implements Mount {}

    /** The keys of a Secret as read-only files that are never on disk. */
    record SecretFiles(String path, String secret) implements Mount {}
}
