package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What this machine does not do. */
final class LocalFailure {
    private LocalFailure() {}

    /** That something could not be done with a path, and why. */
    static UserException of(String action, Path path, IOException cause) {
        return new UserException(
                "cp: can't %s '%s': %s".formatted(action, Printable.text(path.toString()), why(cause)));
    }

    /** Fit for a terminal. */
    static String why(IOException cause) {
        return switch (cause) {
            case NoSuchFileException _ -> "there is no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException e when e.getReason() != null -> Printable.text(e.getReason());
            default -> Printable.text(String.valueOf(cause.getMessage()));
        };
    }
}
