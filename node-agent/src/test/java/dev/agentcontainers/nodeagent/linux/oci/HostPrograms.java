package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A layer of an image with programs of the host's and the libraries that they need. */
final class HostPrograms {
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");

    private HostPrograms() {}

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
