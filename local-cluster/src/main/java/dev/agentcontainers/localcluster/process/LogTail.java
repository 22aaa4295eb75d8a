package dev.agentcontainers.localcluster.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The end of a program's output, for error messages. */
public final class LogTail {

    private static final int LINES = 30;

    private LogTail() {}

    /** The last lines, indented, or a note that there is nothing. */
    public static String of(Path log) {
        try {
            // Not as strict UTF-8: a program may have been killed in the middle of a character.
            List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            List<String> tail = lines.subList(Math.max(0, lines.size() - LINES), lines.size());
            return tail.isEmpty() ? "  (no output)" : "  " + String.join("\n  ", tail);
        } catch (IOException e) {
            return "  (no output: " + e.getMessage() + ")";
        }
    }
}
