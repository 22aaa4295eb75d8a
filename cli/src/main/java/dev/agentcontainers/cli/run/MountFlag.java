package dev.agentcontainers.cli.run;

import dev.agentcontainers.cli.terminal.UserException;
import java.nio.file.Path;

/** What {@code --mount PATH[=SOURCE]} stands for. */
sealed interface MountFlag {
    String path();

    /** A directory of the agent's own, removed with the run. */
    record Workspace(String path, boolean writable) implements MountFlag {}

    /** A copy of a file, or of the files of a folder, in a directory that the agent can only read. */
    record Files(String path, Path source) implements MountFlag {}

    /** Nothing is seen there. */
    record Denied(String path) implements MountFlag {}

    static MountFlag parse(String text) {
        int equals = text.indexOf('=');
        String path = equals < 0 ? text : text.substring(0, equals);
        String source = equals < 0 ? "workspace" : text.substring(equals + 1);
        return switch (source) {
            case "workspace", "workspace:rw" -> new Workspace(path, true);
            case "workspace:ro" -> new Workspace(path, false);
            case "denied" -> new Denied(path);
            default -> {
                if (source.startsWith("file:") && source.length() > "file:".length()) {
                    yield new Files(path, Path.of(source.substring("file:".length())));
                }
                throw new UserException(
                        "--mount '%s': the source must be workspace (also workspace:ro), file:FILE-OR-FOLDER or denied, for example --mount /workspace, --mount /opt/agent=file:./src, --mount /etc/ssh=denied; folders of this machine can't be mounted as they are"
                                .formatted(text),
                        2);
            }
        };
    }
}
