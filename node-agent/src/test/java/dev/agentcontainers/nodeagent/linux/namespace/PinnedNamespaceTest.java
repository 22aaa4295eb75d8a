package dev.agentcontainers.nodeagent.linux.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PinnedNamespaceTest {
    private static final int EPERM = 1;

    @TempDir
    private Path folder;

    private final RecordingNamespaces calls = new RecordingNamespaces();
    private Path path;
    private PinnedNamespace pinned;

    @BeforeEach
    void name() {
        pinned = new PinnedNamespace(calls, folder, "fence");
        path = folder.resolve("fence");
    }

    @Test
    void isMadeOnAThreadOfItsOwnAndPinnedBeforeItIsOpened() throws IOException {
        pinned.create();

        assertThat(calls.calls())
                .containsExactly(
                        "share " + folder,
                        "open /proc/thread-self/ns/net",
                        "enter 1",
                        "unshare",
                        "bind /proc/thread-self/ns/net at " + path,
                        "open " + path,
                        "close 1");
    }

    /** Otherwise the first {@code ip netns add} would bury the mount under its own. */
    @Test
    void aPlainFolderIsMountedOnItselfFirst() throws IOException {
        calls.refuse("share " + folder, NamespaceCalls.EINVAL);

        pinned.create();

        assertThat(calls.calls())
                .startsWith(
                        "share " + folder, "bind " + folder + " at " + folder + " with all below", "share " + folder);
    }

    @Test
    void nothingIsOpenedWhereItIsRefused() {
        calls.refuse("unshare", EPERM);

        assertThatThrownBy(pinned::create)
                .isInstanceOfSatisfying(
                        SystemCallException.class,
                        refused -> assertThat(refused.errno()).isEqualTo(EPERM));

        assertThat(calls.calls()).doesNotContain("open " + path).endsWith("close 1");
    }

    @Test
    void aFileWithoutItsNamespaceCountsAsAbsent() throws IOException {
        Files.createFile(path);
        calls.refuse("enter 1", NamespaceCalls.EINVAL);

        assertThat(pinned.open()).isEmpty();
        assertThat(calls.calls()).containsExactly("open " + path, "enter 1", "close 1");
    }

    @Test
    void oneThatMayNotBeEnteredIsNoAbsentOne() throws IOException {
        Files.createFile(path);
        calls.refuse("enter 1", EPERM);

        assertThatThrownBy(pinned::open).isInstanceOf(SystemCallException.class);
        assertThat(calls.calls()).endsWith("close 1");
    }

    @Test
    void oneThatIsThereStaysOpen() throws IOException {
        Files.createFile(path);

        assertThat(pinned.open()).isPresent();
        assertThat(calls.calls()).containsExactly("open " + path, "enter 1");
    }

    @Test
    void isUnmountedBeforeItsFileGoes() throws IOException {
        Files.createFile(path);
        calls.refuse("unmount " + path, EPERM);
        assertThatThrownBy(pinned::remove).isInstanceOf(SystemCallException.class);
        assertThat(path).exists();

        pinned.remove();

        assertThat(path).doesNotExist();
        assertThat(calls.calls()).containsExactly("unmount " + path, "unmount " + path);
        pinned.remove();
        assertThat(calls.calls()).hasSize(2);
    }
}
