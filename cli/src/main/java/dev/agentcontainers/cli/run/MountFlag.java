package dev.agentcontainers.cli.run;

import dev.agentcontainers.cli.terminal.UserException;
import java.nio.file.Path;
import java.util.Optional;

/** What {@code --mount PATH[=SOURCE]} stands for. */
sealed interface MountFlag {
    String path();

    /** A directory of the agent's own, removed with the run. */
    record Workspace(String path, boolean writable) implements MountFlag {}

    /** A directory on the disk that is empty at first. {@code sizeLimit}: its own part of the run's storage, if any. */
    record DiskDirectory(String path, Optional<String> sizeLimit) implements MountFlag {}

    /** A directory in memory that is empty at first. */
    record MemoryDirectory(String path, String sizeLimit) implements MountFlag {}

    /** A copy of a file, or of the files of a folder, in a directory that the agent can only read. */
    record Files(String path, Path source) implements MountFlag {}

    /** The files of an OCI image, read-only. */
    record Image(String path, String reference) implements MountFlag {}

    /** Nothing is seen there. */
    record Denied(String path) implements MountFlag {}

    static MountFlag parse(String text) {
        int equals = text.indexOf('=');
        String path = equals < 0 ? text : text.substring(0, equals);
        String source = equals < 0 ? "workspace" : text.substring(equals + 1);
        return switch (source) {
            case "workspace", "workspace:rw" -> new Workspace(path, true);
            case "workspace:ro" -> new Workspace(path, false);
            case "disk" -> new DiskDirectory(path, Optional.empty());
            case "denied" -> new Denied(path);
            default -> {
                Optional<String> file = after("file:", source);
                if (file.isPresent()) {
                    yield new Files(path, Path.of(file.get()));
                }
                Optional<String> memory = after("memory:", source);
                if (memory.isPresent()) {
                    yield new MemoryDirectory(path, memory.get());
                }
                Optional<String> disk = after("disk:", source);
                if (disk.isPresent()) {
                    yield new DiskDirectory(path, disk);
                }
                Optional<String> image = after("image:", source);
                if (image.isPresent()) {
                    yield new Image(path, image.get());
                }
                throw new UserException(
                        "--mount '%s': the source must be workspace (also workspace:ro), disk (also disk:SIZE), memory:SIZE, image:IMAGE, file:FILE-OR-FOLDER or denied, for example --mount /workspace, --mount /opt/agent=file:./src, --mount /etc/ssh=denied; folders of this machine can't be mounted as they are"
                                .formatted(text),
                        2);
            }
        };
    }

    private static Optional<String> after(String kind, String source) {
        return source.startsWith(kind) && source.length() > kind.length()
                ? Optional.of(source.substring(kind.length()))
                : Optional.empty();
    }
}
