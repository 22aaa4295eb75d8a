package dev.agentcontainers.nodeagent.linux.rootless;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubordinateIdsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "by name|alice:100000:65536|100000",
                "by number|1000:200000:65536|200000",
                "the first that is large enough|alice:1:100,alice:300000:65536,alice:400000:70000|300000",
                "others' and lines without sense passed over|bob:1:65536,alice:x:65536,alice,alice:500000:65536|500000"
            })
    void findsTheUsersOwn(String what, String lines, long first) throws IOException {
        assertThat(read(lines)).isEqualTo(new SubordinateIds(first, 65_536));
    }

    @Test
    void saysWhatToDoWhereThereAreNone() {
        assertThatThrownBy(() -> read("bob:100000:65536"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("gives the user alice no ids, and 65536 in one line are needed")
                .hasMessageContaining("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 alice");
    }

    @Test
    void saysThatThereAreTooFew() {
        assertThatThrownBy(() -> read("alice:100000:65535,alice:300000:1"))
                .hasMessageContaining("gives the user alice too few ids");
    }

    @Test
    void aMachineWithoutTheFileGivesNobodyAny() {
        assertThatThrownBy(() -> SubordinateIds.atLeast(1, folder.resolve("none"), "alice", 1000))
                .hasMessageContaining("no ids");
    }

    private SubordinateIds read(String lines) throws IOException {
        Path file = folder.resolve("subuid");
        Files.writeString(file, lines.replace(",", "\n") + "\n");
        return SubordinateIds.atLeast(65_536, file, "alice", 1000);
    }
}
