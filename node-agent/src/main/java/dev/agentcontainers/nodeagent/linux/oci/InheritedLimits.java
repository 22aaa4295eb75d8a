package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What processes of an agent inherit from whoever starts the runtime: a limit of open files, and no core dumps. Not left to the
 * runtime: runc sets limits from outside of the agent's user namespace, which a root without CAP_SYS_RESOURCE may not do
 * where it belongs to another user.
 */
final class InheritedLimits {
    static final long MOST_FILES = 65_536;
    private static final String SHELL = "/bin/sh";

    private InheritedLimits() {}

    /** What a shell does before it becomes the program. Its exit code says that it could not. */
    static String script() throws IOException {
        return "ulimit -n %d && ulimit -c 0 || exit 72".formatted(Math.min(MOST_FILES, hardFileLimit()));
    }

    /** The program and arguments that start another with these limits. */
    static List<String> starting(Path program, List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(SHELL, "-c", script() + "; exec \"$@\"", "sh", program.toString()));
        all.addAll(arguments);
        return all;
    }

    private static long hardFileLimit() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.split("\\s{2,}")[2])
                .map(limit -> limit.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(limit))
                .findFirst()
                .orElse(1024L);
    }
}
