package dev.agentcontainers.cli.prerequisite;

import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Finds out what is missing on this machine for a purpose, and installs it where that is possible. */
public final class Prerequisites {
    /**
     * Something that must be there: a program on the PATH (or in the sbin folders), or a shared library.
     *
     * @param alternatives file names of which one is enough
     * @param debianPackage the package that brings the first alternative
     */
    public record Prerequisite(List<String> alternatives, String debianPackage) {
        boolean present() {
            return alternatives.stream().anyMatch(Prerequisites::onThisMachine);
        }
    }

    /** What a Linux node agent uses. */
    public static final List<Prerequisite> LINUX_NODE = List.of(
            new Prerequisite(List.of("crun", "runc"), "crun"),
            new Prerequisite(List.of("conmon"), "conmon"),
            new Prerequisite(List.of("libnftables.so.1"), "libnftables1"),
            new Prerequisite(List.of("ip"), "iproute2"),
            new Prerequisite(List.of("mkfs.ext4"), "e2fsprogs"));

    /** What the demo's services and its agent use beside that. */
    public static final List<Prerequisite> DEMO = List.of(new Prerequisite(List.of("python3"), "python3-minimal"));

    private static final List<String> PROGRAM_FOLDERS = List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin");
    private static final List<String> LIBRARY_FOLDERS =
            List.of("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib");

    private Prerequisites() {}

    /**
     * Makes sure that everything in {@code needed} is there.
     *
     * @throws UserException naming what is missing and the command that installs it, where it can't be installed here
     */
    public static void ensure(List<Prerequisite> needed, Progress progress) {
        List<Prerequisite> missing = missing(needed);
        if (missing.isEmpty()) {
            return;
        }
        Set<String> packages = new LinkedHashSet<>();
        missing.forEach(prerequisite -> packages.add(prerequisite.debianPackage()));
        if (!isRoot() || !onThisMachine("apt-get")) {
            throw new UserException(explain(missing, packages));
        }
        progress.step("installing " + String.join(", ", packages), () -> {
            Map<String, String> unattended = Map.of("DEBIAN_FRONTEND", "noninteractive");
            ExternalCommand.of("apt-get", "update", "-qq").run();
            return ExternalCommand.of("apt-get", "install", "-y", "-qq")
                    .with(List.copyOf(packages))
                    .withEnvironment(unattended)
                    .run();
        });
        List<Prerequisite> still = missing(needed);
        if (!still.isEmpty()) {
            throw new UserException(explain(still, packages));
        }
    }

    private static List<Prerequisite> missing(List<Prerequisite> needed) {
        return needed.stream().filter(prerequisite -> !prerequisite.present()).toList();
    }

    private static String explain(List<Prerequisite> missing, Set<String> packages) {
        return "missing on this machine: "
                + String.join(
                        ", ",
                        missing.stream()
                                .map(prerequisite -> String.join(" or ", prerequisite.alternatives()))
                                .toList())
                + ". Install the packages " + String.join(" ", packages)
                + " (Debian, Ubuntu: sudo apt-get install " + String.join(" ", packages)
                + "; other systems have them under the same or a similar name) and try again";
    }

    private static boolean onThisMachine(String name) {
        if (name.contains(".so")) {
            return LIBRARY_FOLDERS.stream().anyMatch(folder -> holdsLibrary(Path.of(folder), name));
        }
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.concat(Stream.of(path.split(":")), PROGRAM_FOLDERS.stream())
                .filter(folder -> !folder.isEmpty())
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
    }

    /** In the folder itself or in one below it, as multi-arch systems have it. */
    private static boolean holdsLibrary(Path folder, String name) {
        if (Files.exists(folder.resolve(name))) {
            return true;
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(child -> child.getFileName().toString().endsWith("-linux-gnu"))
                    .anyMatch(child -> Files.exists(child.resolve(name)));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
