package dev.agentcontainers.nodeagent.linux.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.LeftOut;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Origin;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.LayerSupport;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.snapshot.SnapshotUnpacker.Place;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real files, as root: what hostile files and archives come to is told by what is in an archive, or on the disk, afterwards. */
class SnapshotTest {
    private static final Instant TIME = Instant.parse("2026-01-02T03:04:05.678901200Z");
    private static final IdRange IDS = new IdRange(200_000, IdRange.PER_SANDBOX);
    private static final IdRange OTHER_IDS = new IdRange(400_000, IdRange.PER_SANDBOX);
    private static final Origin ORIGIN = new Origin("team/researcher", Optional.of("debian:13"), TIME);
    private static final String MANIFEST =
            "{\"format\":\"agentcontainers-snapshot/1\",\"mounts\":[{\"path\":\"/w\",\"folder\":\"w\"}]}";

    @TempDir
    private Path folder;

    private Path agent;
    private Path restored;
    private Path outside;

    @BeforeEach
    void makeFolders() throws IOException {
        LayerSupport.assume(folder);
        agent = Files.createDirectory(folder.resolve("agent"));
        restored = Files.createDirectory(folder.resolve("restored"));
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("shadow"), "root:secret");
    }

    @AfterEach
    void nothingHappenedOutside() throws IOException {
        if (outside != null) {
            try (Stream<Path> files = Files.list(outside)) {
                assertThat(files).containsExactly(outside.resolve("shadow"));
            }
            assertThat(outside.resolve("shadow")).hasContent("root:secret");
            assertThat(Files.getAttribute(outside.resolve("shadow"), "unix:nlink"))
                    .isEqualTo(1);
            DeepDeletion.delete(agent);
            DeepDeletion.delete(restored);
        }
    }

    private byte[] save() throws IOException {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        contents = new SnapshotWriter(IDS).write(ORIGIN, new TreeMap<>(Map.of("/w", agent)), archive);
        return archive.toByteArray();
    }

    private Contents contents = new Contents(0, 0, Map.of());

    private Contents restore(byte[] archive) throws IOException {
        return new SnapshotUnpacker(
                        OTHER_IDS,
                        path -> path.equals("/w")
                                ? Optional.of(new Place(restored, Optional.empty()))
                                : Optional.empty())
                .unpack(new ByteArrayInputStream(archive));
    }

    private static byte[] archive(TestLayer entries) {
        return TestLayer.gzip(entries.tar());
    }

    private static TestLayer begun() {
        return new TestLayer().file(Manifest.NAME, MANIFEST);
    }

    private void assertRefused(TestLayer entries, String message) {
        assertThatThrownBy(() -> restore(archive(entries))).hasMessageContaining(message);
    }

    private static void own(Path path, int user, int group, String mode) throws IOException {
        Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
        if (!mode.isEmpty()) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
        }
    }

    @Test
    void everyKindOfFileComesBackAsItWas() throws Exception {
        Path directory = Files.createDirectory(agent.resolve("a directory"));
        Path file = Files.writeString(directory.resolve("größer"), "content");
        own(file, 200_007, 200_008, "rw-r-----");
        Files.setLastModifiedTime(file, FileTime.from(TIME));
        Files.createLink(agent.resolve("same"), file);
        Files.createSymbolicLink(agent.resolve("link"), Path.of("../../etc/shadow"));
        own(agent.resolve("link"), 200_001, 200_001, "");
        Path late = directory;
        for (int i = 0; i < 30; i++) {
            late = Files.createDirectory(late.resolve("d".repeat(100)));
        }
        Files.writeString(late.resolve("deep"), "deep");
        try (RandomAccessFile sparse =
                new RandomAccessFile(agent.resolve("sparse").toFile(), "rw")) {
            sparse.seek(40 << 20);
            sparse.write(7);
            sparse.setLength(80 << 20);
        }
        Program.find("mkfifo")
                .orElseThrow()
                .run(
                        Duration.ofSeconds(10),
                        List.of("-m", "622", agent.resolve("pipe").toString()));
        own(agent, 200_000, 200_000, "rwxr-x---");
        Files.setLastModifiedTime(directory, FileTime.from(TIME));

        byte[] archive = save();
        assertThat(archive.length).isLessThan(1 << 20);
        assertThat(contents.files()).isEqualTo(restore(archive).files());

        assertThat(attributes(restored)).containsExactly(400_000, 400_000, 0750);
        Path back = restored.resolve("a directory/größer");
        assertThat(back).hasContent("content");
        assertThat(attributes(back)).containsExactly(400_007, 400_008, 0640);
        assertThat(Files.getLastModifiedTime(back).toInstant()).isEqualTo(TIME);
        assertThat(Files.getLastModifiedTime(restored.resolve("a directory")).toInstant())
                .isEqualTo(TIME);
        assertThat(Files.getAttribute(back, "unix:ino"))
                .isEqualTo(Files.getAttribute(restored.resolve("same"), "unix:ino"));
        assertThat(Files.readSymbolicLink(restored.resolve("link"))).isEqualTo(Path.of("../../etc/shadow"));
        assertThat(attributes(restored.resolve("link"))).startsWith(400_001, 400_001);
        assertThat(restored.resolve(agent.relativize(late)).resolve("deep")).hasContent("deep");
        assertThat(Files.mismatch(agent.resolve("sparse"), restored.resolve("sparse")))
                .isEqualTo(-1);
        assertThat(onDisk(restored.resolve("sparse"))).isLessThan(1 << 20);
        assertThat((int) Files.getAttribute(restored.resolve("pipe"), "unix:mode") & 0xffff)
                .isEqualTo(0x1000 | 0622);
    }

    private static List<Integer> attributes(Path path) throws IOException {
        return List.of(
                (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS),
                (int) Files.getAttribute(path, "unix:gid", LinkOption.NOFOLLOW_LINKS),
                (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777);
    }

    private static long onDisk(Path file) throws Exception {
        return Long.parseLong(Program.find("stat")
                        .orElseThrow()
                        .run(Duration.ofSeconds(10), List.of("-c", "%b", file.toString()))
                        .output()
                        .strip())
                * 512;
    }

    /** By GNU's tar, which knows nothing of this. */
    @Test
    void everyTarReadsIt() throws Exception {
        Files.writeString(agent.resolve("x".repeat(200)), "long");
        Path archive = Files.write(folder.resolve("saved.tar.gz"), save());
        try {
            String listed = Program.find("tar")
                    .orElseThrow()
                    .run(Duration.ofSeconds(20), List.of("-tzf", archive.toString()))
                    .output();
            assertThat(listed.strip().lines())
                    .containsExactly("agentcontainers-snapshot.json", "files/w/", "files/w/" + "x".repeat(200));
        } finally {
            Files.delete(archive);
        }
    }

    @Test
    void attackALinkToTheHostsFilesIsNotFollowedWhenItIsSaved() throws IOException {
        Files.createSymbolicLink(agent.resolve("shadow"), outside.resolve("shadow"));
        Files.createSymbolicLink(agent.resolve("host"), outside);
        assertThat(new String(
                        new java.util.zip.GZIPInputStream(new ByteArrayInputStream(save())).readAllBytes(), UTF_8))
                .doesNotContain("root:secret")
                .contains(outside.toString());
        assertThat(contents.files()).isEqualTo(3);
    }

    /** Deeper than any path of an archive may be: saved as far as an archive has names for it. */
    @Test
    void attackDirectoriesWithoutEndAreNoEndOfIt() throws IOException, InterruptedException {
        Program.find("python3").orElseThrow().run(Duration.ofSeconds(60), List.of("-c", """
                        import os, sys
                        os.chdir(sys.argv[1])
                        for _ in range(400):
                            os.mkdir("directory")
                            os.chdir("directory")
                        """, agent.toString()));
        restore(save());
        assertThat(contents.leftOut()).isEqualTo(Map.of(LeftOut.NAME, 1L));
        assertThat(contents.files()).isBetween(300L, 399L);
    }

    @Test
    void whatNoArchiveCanHaveIsCounted() throws Exception {
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(agent.resolve("socket")));
            Program.find("python3").orElseThrow().run(Duration.ofSeconds(20), List.of("-c", """
                            import os, sys
                            os.chdir(sys.argv[1].encode())
                            open(b"\\xff", "w").close()
                            os.symlink(b"\\xff", b"link")
                            os.mknod("zero", 0o020666, os.makedev(0, 0))
                            """, agent.toString()));
            save();
        }
        assertThat(contents.leftOut()).isEqualTo(Map.of(LeftOut.SOCKET, 1L, LeftOut.DEVICE, 1L, LeftOut.NAME, 2L));
    }

    @Test
    void attackNamesThatLeadOutWriteNothingOutside() {
        assertRefused(begun().file("files/w/../../outside/x", "x"), "has '..'");
        assertRefused(begun().file("../outside/x", "x"), "has '..'");
        assertRefused(begun().file(outside + "/x", "x"), "is in no folder");
        assertRefused(begun().file("x", "x"), "is in no folder");
        assertRefused(begun().file("files/other/x", "x"), "is in no folder");
    }

    @Test
    void attackLinksThatLeadOutWriteNothingOutside() {
        assertRefused(
                begun().link("files/w/out", outside.toString()).file("files/w/out/x", "x"),
                "is in a link that leads nowhere");
        assertRefused(
                begun().link("files/w/up", "../outside").file("files/w/up/x", "x"), "is in a link that leads nowhere");
        assertRefused(
                begun().hardLink("files/w/shadow", outside.resolve("shadow").toString()), "is in no folder");
        assertRefused(begun().hardLink("files/w/shadow", "files/w/../../outside/shadow"), "has '..'");
    }

    /** What stands there is replaced, and what the link leads to is not written to. */
    @Test
    void attackAFileInPlaceOfALinkIsNotWrittenThroughIt() throws IOException {
        restore(archive(begun().link("files/w/shadow", outside.resolve("shadow").toString())
                .file("files/w/shadow", "mine")));
        assertThat(restored.resolve("shadow")).isRegularFile().hasContent("mine");
        assertThat(Files.isSymbolicLink(restored.resolve("shadow"))).isFalse();
    }

    @Test
    void attackDevicesAreNotMadeAndForeignIdsRefused() throws IOException {
        Contents made = restore(archive(begun().special("files/w/null", TarConstants.LF_CHR)
                .special("files/w/disk", TarConstants.LF_BLK)
                .file("files/w/set-id", new byte[0], 06755)));
        assertThat(made.leftOut()).isEqualTo(Map.of(LeftOut.DEVICE, 2L));
        try (Stream<Path> files = Files.list(restored)) {
            assertThat(files).containsExactly(restored.resolve("set-id"));
        }
        // Never the host's root: the agent could have made it itself.
        assertThat(attributes(restored.resolve("set-id"))).containsExactly(400_000, 400_000, 06755);
        assertRefused(begun().file("files/w/x", "x", entry -> entry.setUserId(65_536)), "belongs to the user 65536");
    }

    @Test
    void attackWhatIsCutIsNoSnapshot() throws IOException {
        byte[] tar = begun().file("files/w/x", "x".repeat(5000)).tar();
        byte[] whole = TestLayer.gzip(tar);
        assertThatThrownBy(() -> restore(Arrays.copyOf(whole, whole.length - 1)))
                .hasMessageContaining("is not whole");
        assertThatThrownBy(() -> restore(TestLayer.gzip(Arrays.copyOf(tar, 4096))))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> restore(tar)).hasMessageContaining("not compressed with gzip");
        assertThatThrownBy(() -> restore(TestLayer.gzip(new byte[0]))).hasMessageContaining("it is no snapshot");
        byte[] damaged = whole.clone();
        damaged[whole.length - 6] ^= 1;
        assertThatThrownBy(() -> restore(damaged)).hasMessageContaining("the archive is damaged: what was compressed");
    }

    @Test
    void attackAHoleWithoutEndIsEnded() {
        assertRefused(
                begun().hole(Integer.MAX_VALUE).entry("files/w/hole", TarConstants.LF_SYMLINK, new byte[0], entry -> {
                    entry.setLinkName("x");
                }),
                "sparse file in an entry that can have no content");
    }

    @Test
    void attackAManifestThatIsAHoleIsNotKeptInMemory() {
        assertRefused(
                new TestLayer().hole(Integer.MAX_VALUE).file(Manifest.NAME, MANIFEST),
                "its first file is not agentcontainers-snapshot.json of at most 262144 bytes");
    }

    @Test
    void whatTheManifestSaysIsChecked() {
        assertRefused(new TestLayer().file("files/w/x", "x"), "its first file is not agentcontainers-snapshot.json");
        assertRefused(
                new TestLayer().file(Manifest.NAME, MANIFEST.replace("/1", "/2")),
                "format is 'agentcontainers-snapshot/2'");
        assertRefused(new TestLayer().file(Manifest.NAME, "{"), "can't be read");
        assertRefused(
                new TestLayer().file(Manifest.NAME, MANIFEST.replace("\"/w\"", "\"/data\"")), "has files of /data");
        assertRefused(new TestLayer().file(Manifest.NAME, MANIFEST.replace("\"w\"", "\"../w\"")), "a name without '/'");
    }

    @Test
    void anInterruptEndsBoth() throws IOException {
        Files.writeString(agent.resolve("file"), "content");
        byte[] whole = save();
        Thread.currentThread().interrupt();
        assertThatThrownBy(this::save).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        assertThatThrownBy(() -> restore(whole)).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }
}
