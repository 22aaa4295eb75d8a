package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Layers of images that are made of the host's programs. */
public final class HostPrograms {
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");

    private HostPrograms() {}

    /** Of hard links: some thousand files, in no time. */
    private static final List<String> FOLDERS = List.of(
            "usr/bin",
            "usr/sbin",
            "usr/lib64",
            "usr/lib/python3",
            "usr/lib/python3.*",
            "usr/lib/*-linux-gnu",
            "usr/share/dbus-1",
            "usr/share/X11");

    private static final class All {
        static final Path LAYER = makeAll();
    }

    /** Nearly all of them, in one layer that is there until this process ends. */
    public static Path all() {
        return All.LAYER;
    }

    private static Path makeAll() {
        try {
            Path folder = Files.createTempDirectory(Path.of("/var/tmp"), "agentcontainers-layer");
            Path layer = folder.resolve("layer");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            String script = "set -e; umask 022; mkdir $0; cd $0;"
                    + " mkdir -p usr/lib usr/share/doc etc/ssl tmp; chmod 1777 tmp;"
                    + " for f in " + String.join(" ", FOLDERS) + "; do for d in /$f; do"
                    + " if [ -d $d ]; then cp -al $d usr${d#/usr} 2>/dev/null || cp -a $d usr${d#/usr}; fi; done; done;"
                    + " for l in bin sbin lib lib64; do ln -s usr/$l $l; done; cp /etc/passwd /etc/group etc";
            Process made = new ProcessBuilder("sh", "-c", script, layer.toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(made.waitFor()).as(said).isZero();
            return layer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void delete(Path folder) {
        try {
            DeepDeletion.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** With these and the libraries that they need. */
    static Path layer(Path directory, String... programs) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String program : programs) {
            Path path = Program.find(program).orElseThrow().path();
            copy(path, directory.resolve("bin/" + program));
            Program.Result output =
                    Program.find("ldd").orElseThrow().run(Duration.ofSeconds(20), List.of(path.toString()));
            Matcher libraries = LIBRARY.matcher(output.output());
            while (libraries.find()) {
                copy(Path.of(libraries.group(1)), Path.of(directory + libraries.group(1)));
            }
        }
        assertThat(directory.resolve("bin")).isDirectoryContaining("glob:**/" + programs[0]);
        return directory;
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.copy(from.toRealPath(), to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
    }
}
