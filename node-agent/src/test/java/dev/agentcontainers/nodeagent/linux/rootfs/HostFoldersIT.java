package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Folders of the host, taken hold of while somebody moves them about, by the kernel's own calls. */
@Tag("node")
@Timeout(60)
class HostFoldersIT {
    private static final int TRIES = 2000;

    @TempDir
    Path host;

    private final Mounts mounts = Mounts.ofThisMachine();
    private Path given;
    private HostFolders folders;

    @BeforeEach
    void makeFolders() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        given = Files.createDirectory(host.resolve("given"));
        folders = HostFolders.of(List.of(given + ":rw"));
    }

    /** What is in a folder that was taken hold of. */
    private List<String> content(HostFolders folders, Path path) throws IOException {
        int mount = folders.open(mounts, path.toString(), false);
        try (var entries = Files.list(Path.of("/proc/self/fd/" + mount))) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        } finally {
            mounts.close(mount);
        }
    }

    @Test
    void whoSwapsAFolderForALinkMeanwhileGetsNothingElse() throws Exception {
        Path outside = Files.createDirectory(host.resolve("outside"));
        Files.createDirectory(outside.resolve("inner"));
        Files.createFile(outside.resolve("inner/secret"));
        Path place = Files.createDirectory(given.resolve("place"));
        Files.createDirectory(place.resolve("inner"));
        Files.createFile(place.resolve("inner/own"));
        AtomicBoolean end = new AtomicBoolean();
        Thread swapping = Thread.ofPlatform().start(() -> swap(place, outside, end));
        int taken = 0;
        int refused = 0;
        try {
            for (int i = 0; i < TRIES; i++) {
                try {
                    assertThat(content(folders, place.resolve("inner"))).containsExactly("own");
                    taken++;
                } catch (IOException e) {
                    refused++;
                }
            }
        } finally {
            end.set(true);
            swapping.join();
        }
        assertThat(taken).isPositive();
        assertThat(refused).isPositive();
    }

    private static void swap(Path place, Path outside, AtomicBoolean end) {
        Path aside = place.resolveSibling("aside");
        try {
            while (!end.get()) {
                Files.move(place, aside);
                Files.createSymbolicLink(place, outside);
                Files.delete(place);
                Files.move(aside, place);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatIsMountedBelowIsNotSeenAndMustBeNamedItself() throws Exception {
        Path below = Files.createDirectory(given.resolve("below"));
        new MountNamespace(mounts).inNew(() -> {
            new RootfsBuilder(mounts).mountMemory(below, "mode=0777");
            Files.createFile(below.resolve("mounted"));
            assertThat(content(folders, given)).containsExactly("below");
            int mount = folders.open(mounts, given.toString(), false);
            try {
                Path seen = Path.of("/proc/thread-self/fd/" + mount + "/below");
                assertThat(seen.resolve("mounted")).doesNotExist();
                assertThatThrownBy(() -> Files.createFile(seen.resolve("written")))
                        .isInstanceOf(FileSystemException.class)
                        .hasMessageContaining("Read-only");
            } finally {
                mounts.close(mount);
            }
            assertThatThrownBy(() -> content(folders, below)).hasMessageContaining("another filesystem on the way");
            assertThat(content(HostFolders.of(List.of(below.toString())), below))
                    .containsExactly("mounted");
            return true;
        });
    }

    /** A folder of the node agent's is that under any name. */
    @Test
    void noNameOfAFolderThatIsNeverGivenIsGiven() throws Exception {
        Path state = Files.createDirectories(host.resolve("disk/state"));
        Files.createDirectory(state.resolve("inner"));
        Path alias = Files.createDirectory(host.resolve("alias"));
        Path link = Files.createSymbolicLink(host.resolve("link"), state);
        HostFolders ofAlias = HostFolders.of(List.of(alias + ":rw")).without(List.of(state));
        new MountNamespace(mounts).inNew(() -> {
            assertThat(mounts.mount(state.toString(), alias.toString(), "none", Mounts.MS_BIND, ""))
                    .isZero();
            assertThatThrownBy(() -> content(ofAlias, alias)).hasMessageContaining("which no agent gets");
            assertThatThrownBy(() -> content(ofAlias, alias.resolve("inner")))
                    .hasMessageContaining("which no agent gets");
            return true;
        });
        new MountNamespace(mounts).inNew(() -> {
            assertThat(mounts.mount(host.resolve("disk").toString(), alias.toString(), "none", Mounts.MS_BIND, ""))
                    .isZero();
            assertThatThrownBy(() -> content(ofAlias, alias)).hasMessageContaining("which no agent gets");
            assertThatThrownBy(() -> content(ofAlias, alias.resolve("state/inner")))
                    .hasMessageContaining("which no agent gets");
            return true;
        });
        assertThatThrownBy(() -> content(
                        HostFolders.of(List.of(host.resolve("disk").toString())).without(List.of(link)), state))
                .hasMessageContaining("which no agent gets");
    }

    @Test
    void theKernelsOwnFilesystemsAreNotGivenUnderAnotherName() throws Exception {
        new MountNamespace(mounts).inNew(() -> {
            assertThat(mounts.mount("/proc", given.toString(), "none", Mounts.MS_BIND, ""))
                    .isZero();
            assertThatThrownBy(() -> content(folders, given.resolve("1"))).hasMessageContaining("no agent gets");
            return true;
        });
    }

    @Test
    void whatIsBehindADirectoryThatIsClosedToOthersIsNotGiven() throws Exception {
        Path closed = Files.createDirectory(
                given.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createDirectory(closed.resolve("open"));
        assertThatThrownBy(() -> content(folders, closed.resolve("open")))
                .hasMessageContaining("is behind " + closed + ", which only some may pass (mode 700)");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx--x--x"));
        assertThat(content(folders, closed.resolve("open"))).isEmpty();
    }
}
