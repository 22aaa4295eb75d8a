package dev.agentcontainers.nodeagent.linux.process;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A program of this machine that is run to its end. Not for threads that have left the host's namespaces. */
public record Program(Path path) {
    private static final List<String> FOLDERS = List.of(
            "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin", "/usr/libexec/podman");

    /** @param output what it said, on standard output and standard error */
    public record Result(int code, String output) {}

    /** In the usual folders, whatever PATH a service was started with, and then in those of PATH. */
    public static Optional<Program> find(String name) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.concat(FOLDERS.stream(), Stream.of(path.split(File.pathSeparator)))
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Program::new);
    }

    /** @throws IOException where it takes longer than {@code patience}; it is killed then */
    public Result run(Duration patience, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(path.toString()));
        command.addAll(arguments);
        // Into a file: a pipe would have to be read to its end, and that may never come.
        Path output = Files.createTempFile("agentcontainers-", ".output");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(output.toFile())
                    .start();
            try {
                if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new IOException(path + " did not end within " + patience.toSeconds() + " s and was killed");
                }
            } finally {
                process.destroyForcibly();
            }
            return new Result(
                    process.exitValue(), new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip());
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
