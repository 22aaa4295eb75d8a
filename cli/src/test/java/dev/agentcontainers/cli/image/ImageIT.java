package dev.agentcontainers.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The images that {@code ./mvnw -Pimages verify} writes; skipped where they haven't been made. */
@Tag("node")
class ImageIT {

    private static final Path ROOT = Path.of(System.getProperty("project.root", ".."));
    private static final String JAVA = "/opt/agentcontainers/jdk/bin/java";

    @TempDir
    Path scratch;

    @ParameterizedTest
    @CsvSource({"operator,65532", "node-agent,0"})
    void saysWhatToRunAsWhom(String module, String user) throws Exception {
        JsonNode config = unpack(module).config().get("config");

        assertThat(config.get("User").asText()).isEqualTo(user);
        assertThat(config.get("Entrypoint"))
                .extracting(JsonNode::asText)
                .containsExactly(
                        JAVA,
                        "-XX:AOTCache=/opt/agentcontainers/app/app.aot",
                        "--enable-native-access=ALL-UNNAMED",
                        "-jar",
                        "/opt/agentcontainers/app/app.jar");
    }

    @ParameterizedTest
    @CsvSource({"operator", "node-agent"})
    void itsJavaRunsWithNothingButTheImage(String module) throws Exception {
        ImageTarball image = unpack(module);

        String output = runInside(image.root(), JAVA, "-Xshare:on", "-XshowSettings:properties", "-version");

        assertThat(output).contains("java.home = /opt/agentcontainers/jdk").contains("sharing");
        assertThat(image.root().resolve("opt/agentcontainers/app/app.jar")).isNotEmptyFile();
        assertThat(image.root().resolve("opt/agentcontainers/app/lib")).isNotEmptyDirectory();
        assertThat(image.root().resolve("var/lib/dpkg/status.d/libc6")).isNotEmptyFile();
    }

    @ParameterizedTest
    @CsvSource({"operator", "node-agent"})
    void itsCacheFitsItsFiles(String module) throws Exception {
        ImageTarball image = unpack(module);

        String output = runInside(
                image.root(),
                JAVA,
                "-XX:AOTMode=on",
                "-XX:AOTCache=/opt/agentcontainers/app/app.aot",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                "/opt/agentcontainers/app/app.jar",
                "-version");

        assertThat(output).contains("OpenJDK").doesNotContain("Unable to map");
    }

    @Test
    void theOperatorsImageHasNoShell() throws Exception {
        assertThat(unpack("operator").root().resolve("bin")).doesNotExist();
    }

    @Test
    void theNodeAgentsImageCarriesItsRuntimeToTheHost() throws Exception {
        ImageTarball image = unpack("node-agent");
        Path runtimes = Files.createDirectories(image.root().resolve("runtimes"));
        Files.createDirectories(runtimes.resolve("0.0.9/jdk"));

        String install = "/opt/agentcontainers/bin/install-runtime";
        runInside(image.root(), install, "/runtimes", "0.1.0");
        runInside(image.root(), install, "/runtimes", "0.1.0");

        assertThat(runtimes).isDirectoryNotContaining(path -> !path.endsWith("0.1.0"));
        assertThat(runtimes.resolve("0.1.0/app/app.jar")).isNotEmptyFile();
        assertThat(runInside(image.root(), "/runtimes/0.1.0/jdk/bin/java", "-version"))
                .contains("OpenJDK");
        assertThat(runInside(image.root(), "/usr/bin/nsenter", "--version")).contains("util-linux");
    }

    private ImageTarball unpack(String module) throws IOException, InterruptedException {
        Path tarball = ROOT.resolve(module).resolve("target/image.tar");
        assumeTrue(Files.exists(tarball), tarball + " is missing: ./mvnw -Pimages verify makes it");
        return ImageTarball.unpack(tarball, scratch);
    }

    /** In a user, PID and mount namespace of its own, with the image's files as its root. */
    private static String runInside(Path root, String... line) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "--user",
                "--map-root-user",
                "--pid",
                "--fork",
                "--mount",
                "sh",
                "-c",
                "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" \"$@\"",
                root.toString()));
        command.addAll(List.of(line));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
