package dev.agentcontainers.cli.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.cli.fleet.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An installation that is interrupted leaves the old or the new program, and nothing in between. */
class NodeServiceTest {
    @TempDir
    private Path folder;

    private NodeService service;

    @BeforeEach
    void makeFolders() throws IOException {
        service = new NodeService(Files.createDirectory(folder.resolve("units")), folder.resolve("programs"));
    }

    private Programs build(String name, String text) throws IOException {
        Path target = Files.createDirectories(folder.resolve(name).resolve("node-agent/target/lib"));
        Files.writeString(target.resolveSibling("node-agent-runner.jar"), text);
        Files.writeString(target.resolve("library.jar"), text);
        return new Programs(folder.resolve(name), Path.of("/usr/bin/java"));
    }

    private List<Path> installed() throws IOException {
        try (Stream<Path> files = Files.list(service.programs())) {
            return files.toList();
        }
    }

    @Test
    void aNewProgramStandsBesideTheOneThatRunsUntilThatIsNotNeeded() throws IOException {
        Programs old = service.copyProgram(build("old", "old"));
        Programs recent = service.copyProgram(build("new", "newer"));
        assertThat(old.root()).isNotEqualTo(recent.root());
        assertThat(jar(old)).hasContent("old");
        assertThat(jar(recent)).hasContent("newer");
        assertThat(recent.nodeAgent()).contains("-jar", jar(recent).toString());

        service.removeOthersThan(recent);
        assertThat(installed()).containsExactly(recent.root());
    }

    @Test
    void theSameProgramIsCopiedOnce() throws IOException {
        Programs build = build("build", "same");
        Path copy = service.copyProgram(build).root();
        Files.writeString(copy.resolve("mark"), "");
        assertThat(service.copyProgram(build).root()).isEqualTo(copy);
        assertThat(copy.resolve("mark")).exists();
    }

    @Test
    void whatAnInterruptedCopyLeftIsNotTakenForAProgram() throws IOException {
        Path half = service.programs().resolve("incomplete/node-agent/target");
        Files.createDirectories(half);
        Files.writeString(half.resolve("node-agent-runner.jar"), "ha");
        Programs copy = service.copyProgram(build("build", "half"));
        assertThat(jar(copy)).hasContent("half");
        assertThat(installed()).containsExactly(copy.root());
    }

    @Test
    void theUnitIsReplacedAtOnce() throws IOException {
        Path unit = service.units().resolve(NodeUnit.NAME);
        service.writeUnit("first");
        Files.writeString(service.units().resolve("." + NodeUnit.NAME + ".new"), "[Unit]\nDescr and more than before");
        service.writeUnit("second");
        assertThat(unit).hasContent("second");
        try (Stream<Path> files = Files.list(service.units())) {
            assertThat(files).containsExactly(unit);
        }
    }

    private static Path jar(Programs programs) {
        return programs.root().resolve("node-agent/target/node-agent-runner.jar");
    }
}
