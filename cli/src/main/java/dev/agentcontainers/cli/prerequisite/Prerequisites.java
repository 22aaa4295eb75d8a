package dev.agentcontainers.cli.prerequisite;

import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds out what is missing on this machine for a purpose, and installs it where that is possible. */
public final class Prerequisites {
    /**
     * Something that must be there.
     *
     * @param name what it is called in messages
     * @param debianPackage the package that brings it
     * @param elsewhere where else to get it, for systems whose package is too old; empty where no package is
     */
    public record Prerequisite(String name, String debianPackage, String elsewhere, BooleanSupplier present) {
        /** A program on the PATH (or in the sbin folders), or a shared library; one of the alternatives is enough. */
        public static Prerequisite file(String debianPackage, String... alternatives) {
            return new Prerequisite(
                    String.join(" or ", alternatives),
                    debianPackage,
                    "",
                    () -> Stream.of(alternatives).anyMatch(Prerequisites::onThisMachine));
        }

        /** A Go that builds the control plane, which this command tells whether it is needed. */
        public static Prerequisite goUnless(BooleanSupplier notNeeded) {
            return new Prerequisite(
                    "Go 1.21 or newer, which builds the control plane once (or KUBEBUILDER_ASSETS, a folder with"
                            + " a control plane)",
                    "golang-go",
                    "Go is at https://go.dev/dl/ too; unpacked to /usr/local/go it is found",
                    notNeeded);
        }
    }

    /** What a Linux node agent uses. */
    public static final List<Prerequisite> LINUX_NODE = List.of(
            Prerequisite.file("crun", "crun", "runc"),
            Prerequisite.file("conmon", "conmon"),
            Prerequisite.file("libnftables1", "libnftables.so.1"),
            Prerequisite.file("iproute2", "ip"),
            Prerequisite.file("e2fsprogs", "mkfs.ext4"));

    /** What the demo's services and its agent use beside that. */
    public static final List<Prerequisite> DEMO = List.of(Prerequisite.file("python3-minimal", "python3"));

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
        ensure(needed, DebianPackages.ofThisMachine(), progress);
    }

    /** The same, without installing anything. */
    public static void ensureHere(List<Prerequisite> needed) {
        List<Prerequisite> missing = missing(needed);
        if (!missing.isEmpty()) {
            throw new UserException(explain(missing));
        }
    }

    static void ensure(List<Prerequisite> needed, Packages source, Progress progress) {
        List<Prerequisite> missing = missing(needed);
        if (missing.isEmpty()) {
            return;
        }
        if (!source.canInstall()) {
            throw new UserException(explain(missing));
        }
        List<String> packages = packages(missing);
        progress.step("installing " + String.join(", ", packages), () -> {
            source.install(packages);
            return true;
        });
        List<Prerequisite> still = missing(needed);
        if (!still.isEmpty()) {
            throw new UserException(
                    "after the installation of " + String.join(" ", packages(still)) + ", " + explain(still));
        }
    }

    private static List<Prerequisite> missing(List<Prerequisite> needed) {
        return needed.stream()
                .filter(prerequisite -> !prerequisite.present().getAsBoolean())
                .toList();
    }

    private static List<String> packages(List<Prerequisite> prerequisites) {
        return prerequisites.stream()
                .map(Prerequisite::debianPackage)
                .distinct()
                .toList();
    }

    private static String explain(List<Prerequisite> missing) {
        String packages = String.join(" ", packages(missing));
        String elsewhere = missing.stream()
                .map(Prerequisite::elsewhere)
                .filter(hint -> !hint.isEmpty())
                .map(hint -> ". " + hint)
                .collect(Collectors.joining());
        return "missing on this machine: "
                + missing.stream().map(Prerequisite::name).collect(Collectors.joining(", "))
                + ". Install the packages " + packages + " (Debian, Ubuntu: sudo apt-get install " + packages
                + "; other systems have them under the same or a similar name) and try again" + elsewhere;
    }

    static boolean onThisMachine(String name) {
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
}
