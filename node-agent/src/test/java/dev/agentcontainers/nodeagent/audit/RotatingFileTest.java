package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotatingFileTest {
    private static final String LINE = "x".repeat(1023);

    @TempDir
    private Path folder;

    private void write(int lines, AuditSettings settings) throws IOException {
        try (RotatingFile file = new RotatingFile(folder, settings)) {
            for (int i = 0; i < lines; i++) {
                file.write(LINE);
            }
        }
    }

    private Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList().stream();
        }
    }

    @Test
    void keepsSoManyFilesOfThatSize() throws IOException {
        write(64 * 5 + 1, new AuditSettings(64 * 1024, 3, Optional.empty()));
        assertThat(names()).containsExactlyInAnyOrder("egress.jsonl", "egress.jsonl.1", "egress.jsonl.2");
        assertThat(Files.size(folder.resolve("egress.jsonl"))).isEqualTo(1024);
        assertThat(Files.size(folder.resolve("egress.jsonl.1"))).isEqualTo(64 * 1024);
        assertThat(Files.size(folder.resolve("egress.jsonl.2"))).isEqualTo(64 * 1024);
    }

    @Test
    void fewerFilesThanBefore() throws IOException {
        write(64 * 5 + 1, new AuditSettings(64 * 1024, 5, Optional.empty()));
        write(64, new AuditSettings(64 * 1024, 2, Optional.empty()));
        assertThat(names()).containsExactlyInAnyOrder("egress.jsonl", "egress.jsonl.1");
    }

    /** What a full disk cost is all that was taken and is in no file. */
    @Test
    void linesThatTheDiskDidNotTakeAreCounted() throws IOException {
        assumeThat(Path.of("/dev/full")).exists();
        Files.createSymbolicLink(folder.resolve("egress.jsonl"), Path.of("/dev/full"));
        RotatingFile file = new RotatingFile(folder, AuditSettings.DEFAULT);
        file.write(LINE);
        file.write(LINE);
        file.write(LINE);

        assertThatIOException().isThrownBy(file::rest);

        assertThat(file.takeLost()).isEqualTo(3);
        assertThat(file.takeLost()).isZero();
    }

    @Test
    void onlyOneFile() throws IOException {
        write(65, new AuditSettings(64 * 1024, 1, Optional.empty()));
        assertThat(names()).containsExactly("egress.jsonl");
        assertThat(Files.size(folder.resolve("egress.jsonl"))).isEqualTo(1024);
    }

    @Test
    void goesOnWhereAnEarlierProcessEnded() throws IOException {
        write(1, AuditSettings.DEFAULT);
        Files.writeString(folder.resolve("egress.jsonl"), "half a li", java.nio.file.StandardOpenOption.APPEND);
        write(1, AuditSettings.DEFAULT);
        assertThat(Files.readAllLines(folder.resolve("egress.jsonl"))).containsExactly(LINE, "half a li", LINE);
    }

    @Test
    void namesTheSettingThatCannotBe() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AuditSettings(1000, 2, Optional.empty()))
                .withMessage("audit-file-size is 1000 bytes, must be 65536 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AuditSettings(1 << 20, 0, Optional.empty()))
                .withMessage("audit-files is 0, must be 1 to 1000");
    }
}
