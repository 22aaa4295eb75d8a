package dev.agentcontainers.startcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.startcache.Program.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartCacheTest {
    private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    Path folder;

    private Path jdk;
    private Path jar;

    @BeforeEach
    void anInstallation() throws IOException {
        jdk = folder.resolve("jdk");
        write(jdk.resolve("bin/java"), "");
        write(jdk.resolve("lib/modules"), "modules");
        write(jdk.resolve("release"), "JAVA_VERSION=\"25.0.3\"");
        jar = write(folder.resolve("app/app.jar"), "application");
        write(folder.resolve("app/lib/library.jar"), "library");
    }

    @Test
    void aCacheIsFoundWhileNothingChanges() throws IOException {
        Path made = pretend(cache(Role.OPERATOR, "-Xmx1g"));

        assertThat(cache(Role.OPERATOR, "-Xmx1g").find()).contains(made);
        assertThat(cache(Role.OPERATOR, "-Xmx1g").options()).containsExactly("-XX:AOTCache=" + made);
    }

    @Test
    void withoutACacheNothingIsToldToTheJvm() {
        assertThat(cache(Role.OPERATOR).find()).isEmpty();
        assertThat(cache(Role.OPERATOR).options()).isEmpty();
    }

    @Test
    void anotherJarOfTheSameSizeMakesItStale() throws IOException {
        pretend(cache(Role.OPERATOR));
        Files.setLastModifiedTime(jar, FileTime.from(THEN.plusSeconds(1)));

        assertThat(cache(Role.OPERATOR).find()).isEmpty();
    }

    @Test
    void anotherLibraryMakesItStale() throws IOException {
        pretend(cache(Role.OPERATOR));
        write(folder.resolve("app/lib/library.jar"), "another library");

        assertThat(cache(Role.OPERATOR).find()).isEmpty();
    }

    @Test
    void oneLibraryMoreMakesItStale() throws IOException {
        pretend(cache(Role.OPERATOR));
        write(folder.resolve("app/lib/more.jar"), "more");

        assertThat(cache(Role.OPERATOR).find()).isEmpty();
    }

    @Test
    void anotherJdkMakesItStale() throws IOException {
        pretend(cache(Role.OPERATOR));
        write(jdk.resolve("release"), "JAVA_VERSION=\"25.0.4\"");

        assertThat(cache(Role.OPERATOR).find()).isEmpty();
    }

    @Test
    void otherOptionsAndOtherProgramsHaveOtherCaches() throws IOException {
        pretend(cache(Role.OPERATOR, "-XX:+UseSerialGC"));

        assertThat(cache(Role.OPERATOR, "-XX:+UseG1GC").find()).isEmpty();
        assertThat(cache(Role.NODE_AGENT, "-XX:+UseSerialGC").find()).isEmpty();
    }

    @Test
    void aProgramThatIsNotThereHasNone() throws IOException {
        Files.delete(jar);

        assertThat(cache(Role.OPERATOR).find()).isEmpty();
    }

    @Test
    void whatCannotBeRehearsedIsAStartCacheExceptionAndLeavesNothing() throws IOException {
        // The java of this installation is an empty file that can't be run.
        assertThatThrownBy(() -> cache(Role.OPERATOR).make())
                .isInstanceOf(StartCacheException.class)
                .hasMessageContaining("the start of the operator could not be rehearsed");

        try (var files = Files.list(folder.resolve("caches"))) {
            assertThat(files).isEmpty();
        }
    }

    private StartCache cache(Role role, String... options) {
        return new StartCache(
                new Program(role, jdk.resolve("bin/java"), List.of(options), jar), folder.resolve("caches"));
    }

    private Path pretend(StartCache cache) throws IOException {
        return write(
                folder.resolve("caches").resolve(cache.program().role() + "-" + CacheKey.of(cache.program()) + ".aot"),
                "");
    }

    private static Path write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setLastModifiedTime(file, FileTime.from(THEN));
        return file;
    }
}
