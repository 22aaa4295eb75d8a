package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes count in one record, and each deletes it now and then. */
class SharedRecordTest {
    private static final int ROUNDS = 300;

    @TempDir
    private Path folder;

    @Test
    void namesAreKeptUntilTheyAreDeletedAndNothingIsLeft() throws IOException {
        SharedRecord record = new SharedRecord(folder.resolve("record"));
        assertThat(record.names()).isEmpty();
        record.alone(() -> {
            record.write(Set.of("eth0", "wlan0"));
            return true;
        });
        assertThat(new SharedRecord(folder.resolve("record")).names()).containsExactly("eth0", "wlan0");
        record.alone(() -> {
            record.delete();
            return true;
        });
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void processesThatDeleteTheLockAreNeverInsideAtOnce() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Contender.class.getName(),
                            folder.toString())
                    .redirectErrorStream(true)
                    .start());
        }
        for (Process process : processes) {
            String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(said).isZero();
        }
    }

    /** Makes a file that nobody else may have made meanwhile. */
    static final class Contender {
        private Contender() {}

        public static void main(String[] arguments) throws IOException {
            Path folder = Path.of(arguments[0]);
            SharedRecord record = new SharedRecord(folder.resolve("record"));
            Path inside = folder.resolve("inside");
            for (int round = 0; round < ROUNDS; round++) {
                record.alone(() -> {
                    Files.createFile(inside);
                    record.write(Set.of("eth0"));
                    Files.delete(inside);
                    record.delete();
                    return true;
                });
            }
        }
    }
}
