package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The operator and the node agent as programs: in a source checkout what the build made, in an installation what lies
 * beside agentctl.
 *
 * @param root the checkout or the installation
 * @param java the java program that runs them
 */
public record Programs(Path root, Path java) {
    /** The one in {@code AGENTCTL_ROOT}, run by the JVM of this command. */
    public static Programs ofThisInstallation() {
        String root = System.getenv("AGENTCTL_ROOT");
        if (root == null) {
            throw new UserException("AGENTCTL_ROOT is not set: start agentctl by its launcher, not by java -jar");
        }
        return new Programs(Path.of(root), Path.of(System.getProperty("java.home"), "bin", "java"));
    }

    public List<String> operator() {
        return command("operator", List.of("-Xmx256m"));
    }

    public List<String> nodeAgent() {
        return command("node-agent", List.of("-Xmx192m"));
    }

    /** A file of the checkout or installation, for example an example manifest. */
    public Path file(String relative) {
        Path path = root.resolve(relative);
        if (!Files.exists(path)) {
            throw new UserException(path + " is missing: the installation is incomplete");
        }
        return path;
    }

    private List<String> command(String module, List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.addAll(options);
        command.addAll(List.of(
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=4",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-jar",
                runner(module).toString()));
        return command;
    }

    private Path runner(String module) {
        Path folder = root.resolve(module).resolve("target");
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith("-runner.jar"))
                    .findFirst()
                    .orElseThrow(() -> new UserException(
                            "there is no *-runner.jar in " + folder + ": build it with ./mvnw -DskipTests package"));
        } catch (IOException e) {
            throw new UserException(
                    folder + " can't be read (" + e.getMessage() + "): build with ./mvnw -DskipTests package");
        }
    }
}
