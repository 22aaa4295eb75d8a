package dev.agentcontainers.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is remembered of an archive that has any number of entries. */
@Timeout(60)
class LocalTreeTest {
    private static final FileTime THEN = FileTime.fromMillis(1_600_000_000_000L);

    /** Bytes; for a few entries with short names. */
    private static final long FEW = 1000;

    @TempDir
    Path top;

    private final StringWriter said = new StringWriter();
    private final CopyReport report = new CopyReport(new PrintWriter(said, true), false);
    private final int[] given = new int[1];

    private static ReceivedName name(String... parts) {
        return new ReceivedName(List.of(parts));
    }

    private LocalTree tree() {
        return new LocalTree(top, true, report, FEW);
    }

    private void file(LocalTree tree, ReceivedName name) throws Exception {
        given[0] = 0;
        tree.file(name, 0644, THEN, target -> {
            target[0] = 'x';
            return given[0]++ == 0 ? 1 : -1;
        });
    }

    @Test
    void furtherNamesOfFilesThatWereForgottenAreNotSaidToBeOfFilesThatWereNotCopied() throws Exception {
        LocalTree tree = tree();
        for (int i = 0; i < 10; i++) {
            file(tree, name("d", "f" + i));
        }

        tree.hardLink(name("d", "first"), name("d", "f0"));
        tree.hardLink(name("d", "last"), name("d", "f9"));
        tree.finish();

        assertThat(top.resolve("d/first")).hasContent("x");
        assertThat(top.resolve("d/last")).doesNotExist();
        assertThat(report.leftOut()).isEqualTo(1);
        assertThat(said.toString())
                .contains("left out 'd/last': another name of 'd/f9', of which is not known any more")
                .doesNotContain("was not copied");
    }

    /** However few characters they have. */
    @Test
    void linksAreCountedWithWhatEachTakes() {
        LocalTree tree = tree();
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10; i++) {
                        tree.link(name("l" + i), "f");
                    }
                })
                .isInstanceOf(UserException.class)
                .hasMessageContaining("more symbolic links than are copied at once");
    }

    @Test
    void foldersThatAreForgottenAreMadeAllTheSame() throws Exception {
        LocalTree tree = tree();
        for (int i = 0; i < 10; i++) {
            tree.folder(name("d" + i), 0755, THEN);
            file(tree, name("d" + i, "f"));
        }
        tree.finish();

        assertThat(Files.getLastModifiedTime(top.resolve("d0"))).isEqualTo(THEN);
        assertThat(Files.getLastModifiedTime(top.resolve("d9"))).isGreaterThan(THEN);
        assertThat(top.resolve("d9/f")).hasContent("x");
        assertThat(report.leftOut()).isZero();
    }

    @Test
    void namesAreTheSameAfterTheyWereText() {
        for (ReceivedName name : List.of(name(), name("a"), name("a", "b", "c"), name("...", " "))) {
            assertThat(ReceivedName.ofText(name.toString())).isEqualTo(name);
        }
    }
}
