package dev.agentcontainers.nodeagent.linux.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wherever it ends, there are all of the earlier directories or all of the fresh ones. */
class ReplacementTest {
    @TempDir
    private Path folder;

    private Opened opened;
    private Replacement replacement;

    @BeforeEach
    void haveTwoPlaces() throws IOException {
        opened = new Opened(
                Files.createDirectories(folder.resolve("shared")),
                Map.of("/part", Files.createDirectories(folder.resolve("part"))));
        replacement = new Replacement(folder);
        for (String path : new String[] {"/a", "/part", "/kept"}) {
            Files.writeString(Files.createDirectory(opened.of(path)).resolve("file"), "earlier");
        }
        for (String path : new String[] {"/a", "/part"}) {
            Files.writeString(replacement.fresh(opened, path).resolve("file"), "fresh");
        }
    }

    private void assertContents(String replaced) throws IOException {
        assertThat(opened.of("/a").resolve("file")).hasContent(replaced);
        assertThat(opened.of("/part").resolve("file")).hasContent(replaced);
        assertThat(opened.of("/kept").resolve("file")).hasContent("earlier");
        assertThat(folder.resolve("shared")).isDirectoryNotContaining("glob:**%f*");
        assertThat(folder.resolve("part")).isDirectoryNotContaining("glob:**%f*");
        assertThat(folder.resolve("replacement.decided")).doesNotExist();
    }

    @Test
    void whatIsDecidedIsInPlaceAndNothingElseIsLeft() throws IOException {
        replacement.decide(opened);
        assertContents("fresh");
    }

    @Test
    void whatIsAbandonedIsGone() throws IOException {
        replacement.abandon(opened);
        assertContents("earlier");
    }

    @Test
    void whatWasNotDecidedBeforeAnEndIsGone() throws IOException {
        new Replacement(folder).settle(opened.stores());
        assertContents("earlier");
    }

    @Test
    void whatWasDecidedBeforeAnEndIsPutInPlaceByTheNext() throws IOException {
        Files.createFile(folder.resolve("replacement.decided"));
        new Replacement(folder).settle(opened.stores());
        assertContents("fresh");
    }

    /** The worst moment: an earlier directory is away and the fresh one not yet there, of another place both are as they were. */
    @Test
    void whatWasPutInPlaceInPartIsPutInPlaceAsAWhole() throws IOException {
        Files.createFile(folder.resolve("replacement.decided"));
        Path former = Files.createDirectory(folder.resolve("shared/%former"));
        Files.move(opened.of("/a"), former.resolve("a"));
        new Replacement(folder).settle(opened.stores());
        assertContents("fresh");
    }

    @Test
    void aPlaceThatWasNotThereIsMade() throws IOException {
        DeepDeletion.delete(opened.of("/a"));
        replacement.decide(opened);
        assertContents("fresh");
    }
}
