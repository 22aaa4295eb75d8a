package dev.agentcontainers.nodeagent.linux.snapshot;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Origin;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.protocol.Json;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an archive has, as its first file says.
 *
 * @param agent namespace and name
 * @param image as the agent's manifest named it
 * @param created when (RFC 3339)
 */
record Manifest(
        String format,
        @Nullable String agent,
        @Nullable String image,
        @Nullable String created,
        List<Folder> mounts) {
    /** The name of that file. */
    static final String NAME = "agentcontainers-snapshot.json";

    /** Folders are in this one, so that no name of theirs can be that of the file. */
    static final String FOLDERS = "files";

    static final int MOST_BYTES = 256 << 10;

    private static final String FORMAT = "agentcontainers-snapshot/1";
    private static final int MOST_FOLDERS = 256;

    Manifest {
        mounts = mounts == null ? List.of() : List.copyOf(mounts);
    }

    /**
     * The content of one mount.
     *
     * @param path where the agent has it
     * @param folder name of its folder in the archive
     */
    record Folder(String path, String folder) {
        String name() {
            return FOLDERS + "/" + folder;
        }
    }

    static Manifest of(Origin origin, Collection<String> paths) {
        return new Manifest(
                FORMAT,
                origin.agent(),
                origin.image().orElse(null),
                origin.time().toString(),
                paths.stream()
                        .map(path -> new Folder(path, WorkspaceStore.nameFor(path)))
                        .toList());
    }

    byte[] encoded() {
        return (Json.text(this) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static Manifest parse(byte[] json) throws SnapshotException {
        Manifest manifest;
        try {
            manifest = Json.parse(new String(json, StandardCharsets.UTF_8), Manifest.class);
        } catch (JsonProcessingException e) {
            throw new SnapshotException(NAME + " of the archive can't be read: " + e.getOriginalMessage());
        }
        if (!FORMAT.equals(manifest.format())) {
            throw new SnapshotException(
                    "the archive's format is '%s'; this node reads '%s'".formatted(manifest.format(), FORMAT));
        }
        if (manifest.mounts().size() > MOST_FOLDERS) {
            throw new SnapshotException(
                    NAME + " of the archive has more than " + MOST_FOLDERS + " mounts, the most there may be");
        }
        Set<String> known = new HashSet<>();
        for (Folder mount : manifest.mounts()) {
            if (mount.path() == null
                    || mount.folder() == null
                    || mount.folder().isEmpty()
                    || mount.folder().contains("/")
                    || !known.add(mount.folder())
                    || !known.add("/" + mount.path())) {
                throw new SnapshotException(
                        NAME + " of the archive: each of mounts must have a path and a folder, a name"
                                + " without '/', that no other has");
            }
        }
        return manifest;
    }
}
