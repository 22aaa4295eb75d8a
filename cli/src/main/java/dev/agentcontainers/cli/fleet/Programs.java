package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.startcache.Program;
import dev.agentcontainers.startcache.Program.Role;
import dev.agentcontainers.startcache.StartCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
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
    private static final int DIGEST_LENGTH = 16;

    /** The one in {@code AGENTCTL_ROOT}, run by the JVM of this command. */
    public static Programs ofThisInstallation() {
        String root = System.getenv("AGENTCTL_ROOT");
        if (root == null) {
            throw new UserException("AGENTCTL_ROOT is not set: start agentctl by its launcher, not by java -jar");
        }
        return new Programs(Path.of(root), Path.of(System.getProperty("java.home"), "bin", "java"));
    }

    public List<String> operator() {
        return command(Role.OPERATOR);
    }

    public List<String> nodeAgent() {
        return command(Role.NODE_AGENT);
    }

    /** The AOT cache of a program, beside what the build made; it may not have been made yet. */
    public StartCache startCache(Role role) {
        Path target = target(role);
        return new StartCache(new Program(role, java, options(role), runner(target)), target.resolve("start-cache"));
    }

    /** A file of the checkout or installation, for example an example manifest. */
    public Path file(String relative) {
        Path path = root.resolve(relative);
        if (!Files.exists(path)) {
            throw new UserException(path + " is missing: the installation is incomplete");
        }
        return path;
    }

    /** What a program consists of: its jar and its libraries, in order. */
    List<Path> files(Role role) throws IOException {
        Path jar = runner(target(role));
        try (Stream<Path> libraries = Files.list(jar.resolveSibling("lib"))) {
            return Stream.concat(Stream.of(jar), libraries.sorted()).toList();
        }
    }

    /** Names a version: another one where any file of these programs differs by name, size or time. */
    public String digest(List<Role> roles) throws IOException {
        MessageDigest digest = sha256();
        for (Role role : roles) {
            for (Path file : files(role)) {
                String fact = file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file) + "\n";
                digest.update(fact.getBytes(StandardCharsets.UTF_8));
            }
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, DIGEST_LENGTH);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Copies a program into another root, in the layout in which it is looked for there. */
    public void copy(Role role, Path otherRoot) throws IOException {
        for (Path file : files(role)) {
            Path copy = otherRoot.resolve(root.relativize(file));
            Files.createDirectories(copy.resolveSibling("."));
            Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private List<String> command(Role role) {
        StartCache cache = startCache(role);
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.addAll(cache.options());
        command.addAll(cache.program().options());
        command.addAll(List.of("-jar", cache.program().jar().toString()));
        return command;
    }

    private static List<String> options(Role role) {
        String heap = switch (role) {
            case OPERATOR -> "-Xmx256m";
            case NODE_AGENT -> "-Xmx192m";
        };
        return List.of(
                heap,
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow");
    }

    private Path target(Role role) {
        return root.resolve(role.toString()).resolve("target");
    }

    private static Path runner(Path folder) {
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
