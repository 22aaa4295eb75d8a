package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real files, whose times of change are the kernel's. */
class RememberedHostTreeTest {
    @TempDir
    private Path folder;

    private final CountingTree counted = new CountingTree();
    /** Long after every change of the test. */
    private Instant now = Instant.now().plusSeconds(60);

    private final RememberedHostTree tree = new RememberedHostTree(counted, () -> now);

    private static final class CountingTree implements HostTree {
        private final HostTree real = new LinuxHostTree();
        private final List<String> looks = new ArrayList<>();

        @Override
        public Optional<Entry> look(String path) {
            looks.add(path);
            return real.look(path);
        }

        @Override
        public List<String> children(String path) {
            looks.add(path + "/");
            return real.children(path);
        }

        @Override
        public Optional<Instant> changedAt(String path) {
            return real.changedAt(path);
        }
    }

    @BeforeEach
    void makeFiles() throws Exception {
        Files.writeString(folder.resolve("file"), "content");
        Files.createSymbolicLink(folder.resolve("link"), Path.of("file"));
    }

    private List<String> children() {
        return tree.now().children(folder.toString());
    }

    private Optional<HostTree.Entry> look(String name) {
        return tree.now().look(folder + "/" + name);
    }

    @Test
    void whatHasNotChangedIsLookedAtOnce() {
        for (int plan = 0; plan < 3; plan++) {
            assertThat(children()).containsExactly("file", "link");
            assertThat(look("link")).contains(new HostTree.Entry(HostTree.Kind.LINK, true, "file"));
            assertThat(look("missing")).isEmpty();
        }
        assertThat(counted.looks).containsExactly(folder + "/", folder + "/link", folder + "/missing");
    }

    @Test
    void everyChangeOfADirectoryIsSeen() throws Exception {
        assertThat(children()).containsExactly("file", "link");
        look("link");
        Files.delete(folder.resolve("link"));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/etc/shadow"));
        assertThat(look("link")).contains(new HostTree.Entry(HostTree.Kind.LINK, true, "/etc/shadow"));
        Files.move(folder.resolve("file"), folder.resolve("moved"));
        assertThat(children()).containsExactly("link", "moved");
        assertThat(look("file")).isEmpty();
    }

    @Test
    void whatHasJustChangedIsNotRemembered() {
        now = Instant.now();
        children();
        children();
        assertThat(counted.looks).hasSize(2);
    }

    @Test
    void permissionsAreLookedAtAgainAfterAMinute() throws Exception {
        assertThat(look("file").orElseThrow().readable()).isTrue();
        Files.setPosixFilePermissions(folder.resolve("file"), PosixFilePermissions.fromString("rw-------"));
        now = now.plusSeconds(61);
        assertThat(look("file").orElseThrow().readable()).isFalse();
    }

    @Test
    void aDirectoryThatIsNotThereIsLookedForAgain() throws Exception {
        assertThat(tree.now().children(folder + "/later")).isEmpty();
        Files.createDirectory(folder.resolve("later"));
        Files.writeString(folder.resolve("later/file"), "");
        assertThat(tree.now().children(folder + "/later")).containsExactly("file");
    }
}
