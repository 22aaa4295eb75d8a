package dev.agentcontainers.localcluster.binaries;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Go toolchain of this machine.
 *
 * @param executable the {@code go} command
 * @param minor 26 for Go 1.26
 */
public record GoToolchain(Path executable, int minor) {

    /** What the pinned modules ask for ({@code go 1.26.0}). */
    public static final int NEEDED_MINOR = 26;
    /** From Go 1.21 on, an older toolchain fetches the one that a module needs (go.dev/doc/toolchain). */
    public static final int SELF_UPDATING_MINOR = 21;

    private static final Pattern VERSION = Pattern.compile("go1\\.(\\d+)");

    /** Whether this toolchain is new enough, or can fetch one that is. */
    public boolean isUsable() {
        return minor >= SELF_UPDATING_MINOR;
    }

    /** The environment variable GOTOOLCHAIN for a build. */
    String selection() {
        return minor >= NEEDED_MINOR ? "local" : "auto";
    }

    /** The first {@code go} of the PATH, else of the usual folders. */
    public static Optional<GoToolchain> find(Map<String, String> environment) {
        Stream<Path> searchPath = Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(entry -> !entry.isEmpty())
                .map(Path::of);
        return Stream.concat(searchPath, Stream.of(Path.of("/usr/local/go/bin"), Path.of("/usr/lib/go/bin")))
                .map(folder -> folder.resolve("go"))
                .filter(Files::isExecutable)
                .flatMap(executable -> version(executable).stream().map(minor -> new GoToolchain(executable, minor)))
                .findFirst();
    }

    private static Optional<Integer> version(Path executable) {
        try {
            ProcessBuilder builder = new ProcessBuilder(executable.toString(), "version")
                    .directory(new File("/"))
                    .redirectErrorStream(true);
            // Asked about itself; a go.mod of the working directory must not make it fetch another.
            builder.environment().put("GOTOOLCHAIN", "local");
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher matcher = VERSION.matcher(output);
            return process.waitFor() == 0 && matcher.find()
                    ? Optional.of(Integer.valueOf(matcher.group(1)))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return "Go 1." + minor + " (" + executable + ")";
    }
}
