package dev.agentcontainers.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launcher of a checkout, with a Java that only pretends. */
class LauncherTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path LAUNCHER = Path.of(System.getProperty("user.dir")).resolveSibling("agentctl");

    @TempDir
    private Path checkout;

    private Path target;

    @BeforeEach
    void makeCheckout() throws IOException {
        target = Files.createDirectories(checkout.resolve("cli/target"));
        Files.writeString(target.resolve("agentctl.jar"), "");
        Files.copy(LAUNCHER, checkout.resolve("agentctl"));
        program("scripts/java-home", "echo " + checkout.resolve("jdk"));
        Files.createDirectories(checkout.resolve("jdk"));
        Files.writeString(checkout.resolve("jdk/release"), "25");
    }

    private void program(String name, String text) throws IOException {
        Path file = checkout.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A Java that makes a cache where it is told to, and then does as told. */
    private void java(String whenMaking) throws IOException {
        program("jdk/bin/java", """
                case $1 in
                    -XX:AOTCacheOutput=*) echo cache >"${1#*=}"; %s ;;
                    *) echo "$@" ;;
                esac""".formatted(whenMaking));
    }

    private Process launch() throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder("sh", checkout.resolve("agentctl").toString(), "version");
        builder.environment().put("AGENTCTL_NO_BUILD", "1");
        builder.environment().remove("AGENTCTL_START_CACHE");
        return builder.redirectErrorStream(true).start();
    }

    private List<String> caches() throws IOException {
        try (Stream<Path> files = Files.list(target)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.contains(".aot"))
                    .toList();
        }
    }

    @Test
    void itMakesItsStartCacheOnceAndStartsFromIt() throws Exception {
        java("exit 0");
        assertThat(output(launch())).contains("-XX:AOTCache=").contains("agentctl.jar version");
        assertThat(caches()).singleElement().asString().endsWith(".aot");
    }

    @ParameterizedTest(name = "LC_ALL={0} LANG={1}")
    @CsvSource({
        "'', '', C.UTF-8",
        "'', C, C.UTF-8",
        "POSIX, de_DE.UTF-8, C.UTF-8",
        "'', de_DE.UTF-8, ''",
        "de_DE, C, de_DE"
    })
    void namesOfFilesAreInUtf8WhereTheLocaleSaysNothing(String all, String lang, String expected) throws Exception {
        program("jdk/bin/java", "echo \"<$LC_ALL>\"");
        ProcessBuilder builder = new ProcessBuilder(
                "env",
                "-u",
                "LC_ALL",
                "-u",
                "LC_CTYPE",
                "-u",
                "LANG",
                "AGENTCTL_NO_BUILD=1",
                "AGENTCTL_START_CACHE=off");
        Map.of("LC_ALL", all, "LANG", lang).forEach((name, value) -> {
            if (!value.isEmpty()) {
                builder.command().add(name + "=" + value);
            }
        });
        builder.command().addAll(List.of("sh", checkout.resolve("agentctl").toString(), "version"));

        assertThat(output(builder.redirectErrorStream(true).start()).strip()).isEqualTo("<" + expected + ">");
    }

    @Test
    void nothingIsLeftOfACacheWhoseMakingIsInterrupted() throws Exception {
        java("trap 'exit 143' TERM; sleep 60 & wait");
        Process launcher = launch();
        await().atMost(PATIENCE).until(() -> !caches().isEmpty());
        launcher.destroy();
        assertThat(launcher.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(launcher.exitValue()).isEqualTo(130);
        assertThat(caches()).isEmpty();
    }

    @Test
    void whatAKilledLauncherLeftGoesWithTheNextCache() throws Exception {
        java("exit 0");
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Files.writeString(target.resolve("agentctl-1-2.aot." + ended.pid()), "");
        Files.writeString(target.resolve("agentctl-1-2.aot." + ended.pid() + ".config"), "");
        String ofAnother = "agentctl-1-2.aot." + ProcessHandle.current().pid();
        Files.writeString(target.resolve(ofAnother), "");
        output(launch());
        assertThat(caches()).hasSize(2).contains(ofAnother);
    }

    private static String output(Process process) throws IOException, InterruptedException {
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
