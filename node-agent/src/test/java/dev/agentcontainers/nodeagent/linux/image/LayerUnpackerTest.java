package dev.agentcontainers.nodeagent.linux.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With real files, as root: hostile archives are told from others by what is on the disk afterwards. */
class LayerUnpackerTest {
    private static final UnpackLimits LIMITS = new UnpackLimits(1000, 1 << 20);
    private static final Optional<Program> PYTHON = Program.find("python3");

    @TempDir
    Path folder;

    private Path layer;
    private Path outside;
    private boolean prepared;

    @BeforeEach
    void prepare() throws IOException {
        layer = folder.resolve("layer");
        outside = folder.resolve("outside");
        LayerSupport.assume(folder);
        Files.createDirectory(layer);
        Files.createDirectory(outside);
        Files.writeString(outside.resolve("secret"), "secret");
        prepared = true;
    }

    @AfterEach
    void nothingHappenedOutside() throws IOException {
        if (!prepared) {
            return;
        }
        try (Stream<Path> files = Files.list(outside)) {
            assertThat(files).containsExactly(outside.resolve("secret"));
        }
        assertThat(outside.resolve("secret")).hasContent("secret");
        assertThat(Files.getAttribute(outside.resolve("secret"), "unix:nlink")).isEqualTo(1);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactlyInAnyOrder(layer, outside);
        }
        DeepDeletion.delete(layer);
    }

    /** Counts, and says that the disk is full where it has enough. */
    private static final class Counted implements LayerFiles.Taking {
        private final long most;
        private long content;
        private long files;

        Counted(long most) {
            this.most = most;
        }

        @Override
        public void content(long bytes) throws IOException {
            content += bytes;
            if (content > most) {
                throw new ImageException(Kind.NO_ROOM, "full");
            }
        }

        @Override
        public void file() {
            files++;
        }
    }

    private void unpack(TestLayer archive) throws IOException {
        unpack(archive.tar());
    }

    private void unpack(byte[] archive) throws IOException {
        unpack(archive, new Counted(Long.MAX_VALUE));
    }

    private void unpack(byte[] archive, LayerFiles.Taking taking) throws IOException {
        new LayerUnpacker(LIMITS).unpack(new ByteArrayInputStream(archive), layer, taking);
    }

    private void assertRefused(TestLayer archive, String message) {
        assertThatThrownBy(() -> unpack(archive))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNUSABLE))
                .hasMessageContaining(message);
    }

    private Object attribute(String name, String attribute) throws IOException {
        return Files.getAttribute(layer.resolve(name), "unix:" + attribute, LinkOption.NOFOLLOW_LINKS);
    }

    private boolean isWhiteout(String name) throws IOException {
        return ((Integer) attribute(name, "mode") & 0xf000) == 0x2000
                && attribute(name, "rdev").equals(0L);
    }

    private boolean isOpaque(String name) throws IOException {
        return attributesOf(name).equals("{'trusted.overlay.opaque': b'y'}");
    }

    /** Java knows none but those of users. */
    private String attributesOf(String name) throws IOException {
        Process python = new ProcessBuilder(
                        PYTHON.orElseThrow().path().toString(),
                        "-c",
                        "import os,sys; print({a: os.getxattr(sys.argv[1], a) for a in os.listxattr(sys.argv[1])})",
                        layer.resolve(name).toString())
                .redirectErrorStream(true)
                .start();
        return new String(python.getInputStream().readAllBytes(), UTF_8).strip();
    }

    @Test
    void filesHaveWhatTheArchiveSays() throws IOException {
        unpack(new TestLayer()
                .directory("./", 0755)
                .directory("etc/", 01777)
                .entry("etc/program", TarConstants.LF_NORMAL, "run".getBytes(UTF_8), entry -> {
                    entry.setMode(04755);
                    entry.setUserId(1000);
                    entry.setGroupId(65_535);
                })
                .file("/absolute", "1")
                .file("implied/deep/file", "2")
                .link("link", "/outside/secret")
                .hardLink("etc/again", "etc/program"));

        assertThat(layer.resolve("etc/program")).hasContent("run");
        assertThat((Integer) attribute("etc/program", "mode") & 07777).isEqualTo(04755);
        assertThat(attribute("etc/program", "uid")).isEqualTo(1000);
        assertThat(attribute("etc/program", "gid")).isEqualTo(65_535);
        assertThat(Files.getLastModifiedTime(layer.resolve("etc/program")).toMillis())
                .isEqualTo(1_600_000_000_000L);
        assertThat((Integer) attribute("etc", "mode") & 07777).isEqualTo(01777);
        assertThat(Files.getLastModifiedTime(layer.resolve("etc")).toMillis()).isEqualTo(1_600_000_000_000L);
        assertThat(layer.resolve("absolute")).hasContent("1");
        assertThat(layer.resolve("implied/deep/file")).hasContent("2");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(layer.resolve("implied/deep"))))
                .isEqualTo("rwxr-xr-x");
        assertThat(Files.readSymbolicLink(layer.resolve("link"))).isEqualTo(Path.of("/outside/secret"));
        assertThat(attribute("etc/again", "ino")).isEqualTo(attribute("etc/program", "ino"));
    }

    @Test
    void longNamesOfBothKindsAreWhole() throws IOException {
        String directory = "d".repeat(200) + "/" + "e".repeat(200) + "/";
        unpack(new TestLayer().file(directory + "pax-é", "1"));
        unpack(new TestLayer().asGnu().file(directory + "gnu", "2"));

        assertThat(layer.resolve(directory + "pax-é")).hasContent("1");
        assertThat(layer.resolve(directory + "gnu")).hasContent("2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../outside/new", "a/../../outside/new", "/../outside/new", "..", "a/.."})
    void aNameThatLeadsUpIsRefused(String name) {
        assertRefused(new TestLayer().file(name, "x"), "has '..'");
        assertRefused(new TestLayer().link(name, "x"), "has '..'");
        assertRefused(new TestLayer().file("own", "x").hardLink("other", name), "has '..'");
    }

    /** What is made through a link is made where it leads inside of the layer, or not at all. */
    @ParameterizedTest
    @ValueSource(strings = {"../outside", "../../../../../../../..", "/proc/self/root", "/", "."})
    void aLinkLeadsNowhereElse(String target) throws IOException {
        String outsideName = outside.toString().substring(1);
        TestLayer archive = new TestLayer()
                .link("link", target)
                .file("link/" + outsideName + "/new", "x")
                .file("link/new", "x");
        try {
            unpack(archive);
        } catch (ImageException e) {
            assertThat(e).hasMessageContaining("link");
        }
        assertThat(Path.of("/new")).doesNotExist();
    }

    @Test
    void aLinkToAbsolutelyElsewhereLeadsNowhereElse() {
        assertRefused(
                new TestLayer().link("link", outside.toString()).file("link/new", "x"), "in a link that leads nowhere");
        assertRefused(
                new TestLayer().link("a", "b").link("b", "a").file("a/new", "x"), "is not a directory of the archive");
        assertRefused(new TestLayer().file("file", "1").file("file/new", "x"), "is not a directory of the archive");
    }

    @Test
    void aLinkInTheLayerIsFollowedInTheLayer() throws IOException {
        unpack(new TestLayer()
                .directory("usr/lib/", 0755)
                .link("lib", "/usr/lib")
                .file("lib/new", "x"));

        assertThat(layer.resolve("usr/lib/new")).hasContent("x");
    }

    @Test
    void aLinkIsReplacedAndNotWrittenThrough() throws IOException {
        unpack(new TestLayer()
                .link("file", outside.resolve("secret").toString())
                .file("file", "new")
                .link("directory", outside.toString())
                .directory("directory/", 0700)
                .file("directory/secret", "mine"));

        assertThat(layer.resolve("file")).hasContent("new");
        assertThat(Files.isSymbolicLink(layer.resolve("file"))).isFalse();
        assertThat(layer.resolve("directory/secret")).hasContent("mine");
    }

    @Test
    void aHardLinkLeadsToNothingElse() {
        String secret = outside.resolve("secret").toString();
        assertRefused(new TestLayer().hardLink("mine", secret), "hard link to");
        assertRefused(new TestLayer().link("way", outside.toString()).hardLink("mine", "way/secret"), "hard link to");
        assertRefused(new TestLayer().directory("d/", 0755).hardLink("mine", "d"), "hard link to");
        assertRefused(new TestLayer().file(".wh.gone", "").hardLink("mine", "gone"), "hard link to");
        assertRefused(new TestLayer().file("self", "1").hardLink("self", "self"), "hard link to");
    }

    /** A hard link to a symbolic link is another name of that link, not of what it leads to. */
    @Test
    void aHardLinkToALinkIsThatLink() throws IOException {
        unpack(new TestLayer()
                .link("link", outside.resolve("secret").toString())
                .hardLink("again", "link")
                .file("again", "overwritten"));

        assertThat(layer.resolve("again")).hasContent("overwritten");
        assertThat(Files.isSymbolicLink(layer.resolve("link"))).isTrue();
    }

    @Test
    void deviceFilesAndPipesAreLeftOut() throws IOException {
        unpack(new TestLayer()
                .special("null", TarConstants.LF_CHR)
                .special("disk", TarConstants.LF_BLK)
                .special("pipe", TarConstants.LF_FIFO)
                .file("after", "1"));

        try (Stream<Path> files = Files.list(layer)) {
            assertThat(files).containsExactly(layer.resolve("after"));
        }
    }

    @Test
    void whiteoutsAreWhatAnOverlayTakesForThem() throws IOException {
        assumeTrue(PYTHON.isPresent(), "needs python3 to read extended attributes");
        unpack(new TestLayer()
                .file("a/.wh.gone", "")
                .directory("hidden/", 0755)
                .file("hidden/.wh..wh..opq", "")
                .file("hidden/kept", "1")
                .file(".wh..wh.plnk", "")
                .file(".wh..wh.aufs", ""));

        assertThat(isWhiteout("a/gone")).isTrue();
        assertThat(isOpaque("hidden")).isTrue();
        assertThat(layer.resolve("hidden/kept")).hasContent("1");
        try (Stream<Path> files = Files.list(layer)) {
            assertThat(files).containsExactlyInAnyOrder(layer.resolve("a"), layer.resolve("hidden"));
        }
    }

    /** What the layer itself has by a removed name is seen, and nothing of what is below. */
    @Test
    void whiteoutsHideNothingOfTheirOwnLayer() throws IOException {
        assumeTrue(PYTHON.isPresent(), "needs python3 to read extended attributes");
        unpack(new TestLayer()
                .file("before", "1")
                .file(".wh.before", "")
                .file(".wh.after", "")
                .file("after", "2")
                .directory("old/", 0755)
                .file("old/mine", "3")
                .file(".wh.old", "")
                .file(".wh.new", "")
                .directory("new/", 0755));

        assertThat(layer.resolve("before")).hasContent("1");
        assertThat(layer.resolve("after")).hasContent("2");
        assertThat(layer.resolve("old/mine")).hasContent("3");
        assertThat(isOpaque("old")).isTrue();
        assertThat(isOpaque("new")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {".wh.", ".wh..", ".wh...", "a/.wh..."})
    void whiteoutsOfNoNameAreRefused(String name) {
        assertRefused(new TestLayer().file(name, ""), "removes no name");
    }

    @Test
    void extendedAttributesAreLeftOut() throws IOException {
        assumeTrue(PYTHON.isPresent(), "needs python3 to read extended attributes");
        unpack(new TestLayer().file("program", "1", entry -> {
            entry.addPaxHeader("SCHILY.xattr.security.capability", "x");
            entry.addPaxHeader("SCHILY.xattr.trusted.overlay.redirect", "/outside");
            entry.addPaxHeader("SCHILY.xattr.user.own", "x");
        }));

        assertThat(attributesOf("program")).isEqualTo("{}");
    }

    @Test
    void theLaterOfTwoEntriesCounts() throws IOException {
        unpack(new TestLayer()
                .file("file", "1")
                .file("file", "2")
                .directory("directory/", 0700)
                .file("directory/inner", "3")
                .directory("directory/", 0755)
                .directory("empty/", 0755)
                .file("empty", "4"));

        assertThat(layer.resolve("file")).hasContent("2");
        assertThat((Integer) attribute("directory", "mode") & 07777).isEqualTo(0755);
        assertThat(layer.resolve("directory/inner")).hasContent("3");
        assertThat(layer.resolve("empty")).hasContent("4");
        assertRefused(
                new TestLayer().file("full/inner", "1").link("full", outside.toString()),
                "take the place of a directory that has something in it");
    }

    @Test
    void idsThatNoAgentHasAreRefused() {
        for (long id : new long[] {65_536, 1L << 31, 1L << 40}) {
            assertRefused(new TestLayer().file("a", "", entry -> entry.setUserId(id)), "belongs to the user " + id);
            assertRefused(new TestLayer().file("a", "", entry -> entry.setGroupId(id)), "belongs to the group " + id);
        }
    }

    @Test
    void theTopIsADirectory() {
        assertRefused(new TestLayer().file("./", "x", entry -> entry.setName(".")), "take the place of what it is in");
        assertRefused(new TestLayer().link("/", outside.toString()), "take the place of what it is in");
    }

    @Test
    void limitsAreKept() {
        TestLayer many = new TestLayer();
        for (int i = 0; i <= 1000; i++) {
            many.file("f" + i, "");
        }
        assertRefused(many, "more than 1000 entries");
        TestLayer large = new TestLayer();
        for (int i = 0; i < 9; i++) {
            large.file("f" + i, new byte[(1 << 20) / 8], 0644);
        }
        assertRefused(large, "more than 1048576 bytes");
        assertRefused(new TestLayer().hole(Integer.MAX_VALUE).file("hole", ""), "more than 1048576 bytes");
    }

    @Test
    void directoriesThatNoEntryIsForCountToo() {
        TestLayer deep = new TestLayer();
        for (int i = 0; i < 400; i++) {
            deep.file("a" + i + "/b/c", "");
        }
        assertRefused(deep, "more than 1000 entries");
    }

    /** A few bytes of an archive would keep a node busy for years. */
    @Test
    void holesThatNobodyWantsAreNotPassedOver() {
        String message = "a sparse file in an entry that can have no content";
        assertRefused(
                new TestLayer().hole(Integer.MAX_VALUE).file(".wh.gone", "").file("after", ""), message);
        assertRefused(
                new TestLayer().hole(Integer.MAX_VALUE).link("link", "there").file("after", ""), message);
        assertRefused(
                new TestLayer()
                        .hole(Integer.MAX_VALUE)
                        .special("null", TarConstants.LF_CHR)
                        .file("after", ""),
                message);
    }

    @Test
    void whatIsTakenOfTheMachineIsTold() throws IOException {
        byte[] archive = new TestLayer()
                .file("a/b/c", "12345")
                .hole(100_000)
                .file("hole", "")
                .tar();
        Counted counted = new Counted(Long.MAX_VALUE);
        unpack(archive, counted);

        assertThat(counted.content).isEqualTo(100_005);
        assertThat(counted.files).isEqualTo(4);
        assertThatThrownBy(() -> unpack(archive, new Counted(50_000)))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NO_ROOM));
    }

    @Test
    void aThreadThatIsInterruptedStops() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> unpack(new TestLayer().file("a", "b"))).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(layer.resolve("a")).doesNotExist();
    }

    @Test
    void freeFilesAreThoseOfTheFilesystem() throws IOException {
        LayerFiles files = new LayerUnpacker(LIMITS);
        assertThat(files.freeFiles(folder)).isPositive();
        assertThatThrownBy(() -> files.freeFiles(folder.resolve("none"))).hasMessageContaining("none");
    }

    /** A few kilobytes, compressed, would have it keep gigabytes in memory. */
    @Test
    void headersOfAnyLengthAreNotKept() {
        byte[] name = new byte[(1 << 20) + 512];
        Arrays.fill(name, (byte) 'a');
        assertRefused(
                new TestLayer().entry("x", TarConstants.LF_GNUTYPE_LONGNAME, name, _ -> {}), "headers of more than");
        byte[] attribute = name.clone();
        byte[] begin = (name.length + " comment=").getBytes(UTF_8);
        System.arraycopy(begin, 0, attribute, 0, begin.length);
        attribute[attribute.length - 1] = '\n';
        assertRefused(
                new TestLayer().entry("x", TarConstants.LF_PAX_EXTENDED_HEADER_LC, attribute, _ -> {}),
                "headers of more than");
    }

    @Test
    void namesThatLinuxCannotHaveAreRefused() {
        assertRefused(new TestLayer().file("x".repeat(256), ""), "more than 255 bytes");
        assertRefused(new TestLayer().file("x/".repeat(2100) + "y", ""), "longer than 4095 bytes");
        assertRefused(new TestLayer().link("a", "b\0c".repeat(50)), "leads to no name");
    }

    @Test
    void sparseFilesHaveTheirHoles() throws Exception {
        Path sparse = Files.createDirectory(folder.resolve("sparse"));
        try {
            Process tar = new ProcessBuilder(
                            "sh",
                            "-c",
                            "cd \"$1\" && truncate -s 300000 hole && printf end >> hole && tar --sparse -c hole",
                            "sh",
                            sparse.toString())
                    .start();
            byte[] archive = tar.getInputStream().readAllBytes();
            assertThat(tar.waitFor()).isZero();
            assertThat(archive.length).isLessThan(100_000);
            unpack(archive);
        } finally {
            DeepDeletion.delete(sparse);
        }

        assertThat(layer.resolve("hole")).hasSize(300_003);
        assertThat(Files.readString(layer.resolve("hole"))).endsWith("end");
    }

    @Test
    void whatIsNoArchiveIsRefused() {
        for (byte[] archive : new byte[][] {
            "not an archive".repeat(100).getBytes(UTF_8),
            Arrays.copyOf(new TestLayer().file("a", new byte[5000], 0644).tar(), 2000)
        }) {
            assertThatThrownBy(() -> unpack(archive))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CORRUPT));
        }
    }

    @Test
    void namesOfStrangersAreShownWithoutControlCharacters() {
        assertThatThrownBy(() -> unpack(new TestLayer().file("\u001b[2J/..", "")))
                .hasMessageContaining("'?[2J/..'");
    }
}
