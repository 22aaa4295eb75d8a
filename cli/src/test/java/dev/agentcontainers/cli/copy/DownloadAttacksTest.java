package dev.agentcontainers.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.SequenceInputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an agent may send where it is asked for {@code /workspace/out}: the attacks on {@code kubectl cp} (CVE-2018-1002100,
 * CVE-2019-1002101, CVE-2019-11246, CVE-2019-11249, CVE-2019-11251) and others.
 */
@Timeout(60)
class DownloadAttacksTest {
    private static final String SECRET = "of the user's own";

    @TempDir
    Path machine;

    private final StringWriter said = new StringWriter();
    private Path target;
    private Path outside;

    @BeforeEach
    void begin() throws IOException {
        target = Files.createDirectory(machine.resolve("target"));
        outside = Files.createDirectory(machine.resolve("outside"));
        Files.writeString(outside.resolve("secret"), SECRET);
    }

    private CopyReport copy(HostileArchive archive) throws Exception {
        return copy(archive.tar());
    }

    private CopyReport copy(byte[] archive) throws Exception {
        return copy(new HostilePrograms(archive), "/workspace/out", target);
    }

    private CopyReport copy(HostilePrograms agent, String source, Path to) throws Exception {
        try (CopyReport report = new CopyReport(new PrintWriter(said, true), false)) {
            new Download(new AgentTar(agent, "team/agent"), new CopyOptions(false, true), report)
                    .files(GivenPath.ofAgent(source), GivenPath.ofMachine(to.toString(), '/'));
            report.finish();
            return report;
        }
    }

    private void assertNothingOutside() throws IOException {
        try (Stream<Path> files = Files.list(outside)) {
            assertThat(files).containsExactly(outside.resolve("secret"));
        }
        assertThat(outside.resolve("secret")).hasContent(SECRET);
        try (Stream<Path> files = Files.list(machine)) {
            assertThat(files).containsExactlyInAnyOrder(target, outside);
        }
    }

    private List<String> inTarget() throws IOException {
        try (Stream<Path> files = Files.walk(target)) {
            return files.filter(file -> !file.equals(target))
                    .map(file -> target.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "out/../../outside/secret",
                "./out/../../../outside/new",
                "../outside/secret",
                "out/x/..",
                "..",
                "/out/x",
                "//out/x"
            })
    void cve20181002100AndCve201911249NoNameLeadsOutOfTheTarget(String name) throws Exception {
        HostileArchive archive =
                new HostileArchive().folder("out/").file(name, "evil").file("out/after", "evil");

        assertThatThrownBy(() -> copy(archive))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("was not asked for")
                .hasMessageContaining(name);
        assertNothingOutside();
        assertThat(inTarget()).as("nothing more is taken of it").containsExactly("out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"other", "./outer", "OUT", "x/out", "."})
    void nothingIsTakenThatIsNotInWhatWasAskedFor(String name) throws Exception {
        assertThatThrownBy(() -> copy(new HostileArchive().file("out/a", "a").file(name, "evil")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is not in '/workspace/out'");
        assertThat(inTarget()).containsExactly("out", "out/a");
    }

    /** By an absolute link to a folder, and a file behind it. */
    @Test
    void cve20191002101NothingIsWrittenThroughALinkOfTheArchive() throws Exception {
        CopyReport report = copy(new HostileArchive()
                .folder("out/")
                .link("out/door", outside.toString())
                .file("out/door/secret", "evil"));

        assertNothingOutside();
        assertThat(report.leftOut()).isEqualTo(1);
        assertThat(said.toString()).contains("left out 'door'").contains("leads out of what is copied");
        assertThat(target.resolve("out/door"))
                .isDirectory()
                .satisfies(door -> assertThat(Files.isSymbolicLink(door)).isFalse());
        assertThat(target.resolve("out/door/secret")).hasContent("evil");
    }

    /** Links that stay within are made, though not before everything else, so that they lead nothing astray. */
    @Test
    void cve201911246NoChainOfLinksLeadsOut() throws Exception {
        HostileArchive archive = new HostileArchive()
                .folder("out/")
                .folder("out/d/")
                .folder("out/d/e/")
                .link("out/d/e/up", "../..")
                .link("out/chain", "d/e/up/..")
                .link("out/further", "d/e/up/../../outside")
                .link("out/deep", "d/../../outside")
                .file("out/chain2/x", "kept");

        CopyReport report = copy(archive);

        assertNothingOutside();
        assertThat(report.leftOut()).isEqualTo(3);
        assertThat(target.resolve("out/d/e/up")).isSymbolicLink();
        assertThat(target.resolve("out/d/e/up").toRealPath())
                .isEqualTo(target.resolve("out").toRealPath());
        assertThat(target.resolve("out/chain")).doesNotExist();
        assertThat(target.resolve("out/further")).doesNotExist();
        assertThat(target.resolve("out/deep")).doesNotExist();
    }

    @Test
    void cve201911246AFileBehindALinkThatStaysWithinIsNotWrittenThroughItEither() {
        HostileArchive archive = new HostileArchive()
                .folder("out/")
                .folder("out/real/")
                .link("out/door", "real")
                .file("out/door/x", "evil");

        assertThatThrownBy(() -> copy(archive))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("out/door' is a folder here");
        assertThat(target.resolve("out/real")).isEmptyDirectory();
    }

    /** First a link, then a file by its name: the link is not written through, it is replaced. */
    @Test
    void cve201911251AFileTakesTheLinksPlaceAndNotItsTargets() throws Exception {
        copy(new HostileArchive()
                .folder("out/")
                .link("out/x", "y")
                .file("out/y", "kept")
                .file("out/x", "new"));

        assertThat(target.resolve("out/y")).hasContent("kept");
        assertThat(target.resolve("out/x")).isRegularFile().hasContent("new");
        assertThat(Files.isSymbolicLink(target.resolve("out/x"))).isFalse();
    }

    @Test
    void aLinkThatWasHereIsReplacedAndNotFollowed() throws Exception {
        Files.createDirectory(target.resolve("out"));
        Files.createSymbolicLink(target.resolve("out/x"), outside.resolve("secret"));

        copy(new HostileArchive().file("out/x", "evil"));

        assertNothingOutside();
        assertThat(Files.isSymbolicLink(target.resolve("out/x"))).isFalse();
        assertThat(target.resolve("out/x")).hasContent("evil");
    }

    @Test
    void aLinkToAFolderThatWasHereIsNoWayOut() throws Exception {
        Files.createDirectory(target.resolve("out"));
        Files.createSymbolicLink(target.resolve("out/door"), outside);

        assertThatThrownBy(() -> copy(new HostileArchive().file("out/door/secret", "evil")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is a link, which is not followed");
        assertThatThrownBy(() -> copy(new HostileArchive().folder("out/door/")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is a link, which is not followed");
        assertNothingOutside();
    }

    @Test
    void theFolderItselfIsNotReachedByALinkThatWasHere() throws Exception {
        Files.createSymbolicLink(target.resolve("out"), outside);

        assertThatThrownBy(() -> copy(new HostileArchive().folder("out/").file("out/secret", "evil")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is a link, which is not followed");
        assertNothingOutside();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "..", "../..", "../outside/secret", "a/../../outside", "./../x", ""})
    void linksThatLeadOutAreLeftOut(String to) throws Exception {
        CopyReport report =
                copy(new HostileArchive().folder("out/").link("out/x", to).file("out/y", "kept"));

        assertThat(report.leftOut()).isEqualTo(1);
        assertThat(Files.exists(target.resolve("out/x"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
        assertThat(target.resolve("out/y")).hasContent("kept");
    }

    @Test
    void furtherNamesAreOnlyOfFilesOfTheSameArchive() throws Exception {
        Files.createDirectory(target.resolve("out"));
        Files.writeString(target.resolve("out/own"), SECRET);

        CopyReport report = copy(new HostileArchive()
                .file("out/a", "a")
                .hardLink("out/b", "out/a")
                .hardLink("out/a", "out/a")
                .hardLink("out/stolen", "out/own")
                .link("out/l", "own")
                .hardLink("out/m", "out/l"));

        assertThat(target.resolve("out/b")).hasContent("a");
        assertThat(target.resolve("out/a")).hasContent("a");
        assertThat(target.resolve("out/stolen")).doesNotExist();
        assertThat(target.resolve("out/m")).doesNotExist();
        assertThat(report.leftOut()).isEqualTo(2);
        assertThatThrownBy(() -> copy(new HostileArchive().hardLink("out/s", "out/../../outside/secret")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("has '..'");
        assertThatThrownBy(() -> copy(new HostileArchive().hardLink("out/s", "/etc/passwd")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is absolute");
    }

    /** Longer than any system takes; others know no links at all, or do not let everybody make them. */
    @Test
    void whereALinkCanNotBeMadeWhatIsThereStaysAndTheRestIsCopied() throws Exception {
        Files.createDirectory(target.resolve("out"));
        Files.writeString(target.resolve("out/x"), "mine");

        CopyReport report = copy(new HostileArchive()
                .folder("out/")
                .link("out/x", "a/".repeat(3000) + "a")
                .link("out/y", "z")
                .file("out/z", "kept"));

        assertThat(report.leftOut()).isEqualTo(1);
        assertThat(said.toString()).contains("left out 'x': a symbolic link, which can't be made here");
        assertThat(target.resolve("out/x")).hasContent("mine");
        assertThat(inTarget()).as("no other name of it").containsExactly("out", "out/x", "out/y", "out/z");
        assertThat(target.resolve("out/y")).isSymbolicLink();
    }

    @Test
    void linksTakeThePlaceOfWhatIsThere() throws Exception {
        Files.createDirectory(target.resolve("out"));
        Files.writeString(target.resolve("out/b"), "mine");
        Files.writeString(target.resolve("out/l"), "mine");
        HostileArchive archive = new HostileArchive()
                .file("out/a", "a")
                .hardLink("out/b", "out/a")
                .hardLink("out/b", "out/a")
                .link("out/l", "a");
        byte[] twice = archive.tar();

        assertThat(copy(twice).leftOut()).isZero();
        assertThat(copy(twice).leftOut()).isZero();

        assertThat(inTarget()).containsExactly("out", "out/a", "out/b", "out/l");
        assertThat(Files.isSameFile(target.resolve("out/a"), target.resolve("out/b")))
                .isTrue();
        assertThat(target.resolve("out/l")).isSymbolicLink().hasContent("a");
    }

    @ParameterizedTest
    @ValueSource(bytes = {TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO, 'Z'})
    void devicesAndPipesAreLeftOut(byte type) throws Exception {
        CopyReport report = copy(new HostileArchive().special("out/x", type).file("out/y", "kept"));

        assertThat(report.leftOut()).isEqualTo(1);
        assertThat(inTarget()).containsExactly("out", "out/y");
    }

    /** A name of the user's that is a device stays one, whoever may replace it. */
    @Test
    void aPipeThatIsHereIsNeitherWrittenNorReplaced() throws Exception {
        Files.createDirectory(target.resolve("out"));
        assertThat(new ProcessBuilder("mkfifo", target.resolve("out/x").toString())
                        .start()
                        .waitFor())
                .isZero();

        assertThatThrownBy(() -> copy(new HostileArchive().file("out/x", "evil")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is a device, pipe or socket here");
        assertThatThrownBy(() -> copy(
                        new HostilePrograms(
                                new HostileArchive().file("out", "evil").tar()),
                        "/workspace/out",
                        Path.of("/dev/null")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'/dev/null' is no file");
    }

    @Test
    void noModeAboveTheNineBitsIsKept() throws Exception {
        copy(new HostileArchive()
                .folder("out/")
                .file("out/x", "#!/bin/sh", 07755)
                .file("out/none", "x", 0));

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target.resolve("out/x"))))
                .startsWith("rwx");
        assertThat((int) Files.getAttribute(target.resolve("out/x"), "unix:mode") & 07000)
                .isZero();
        assertThat(Files.getPosixFilePermissions(target.resolve("out/none")))
                .containsExactly(PosixFilePermission.OWNER_READ);
    }

    @Test
    void aFolderIsNotReplacedByAFileNorAFileByAFolder() throws Exception {
        Files.createDirectories(target.resolve("out/x"));
        assertThatThrownBy(() -> copy(new HostileArchive().file("out/x", "evil")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is a folder here");
        Files.writeString(target.resolve("out/y"), "mine");
        assertThatThrownBy(() -> copy(new HostileArchive().file("out/y/z", "evil")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is no folder here");
        assertThat(target.resolve("out/y")).hasContent("mine");
    }

    @Test
    void whatMovesATerminalIsNeverShown() {
        String name = "out/\u001b]0;owned\u0007\n\r\u009b31m\u202egpj";
        assertThatThrownBy(() -> copy(new HostileArchive().file("../" + name, "evil")))
                .isInstanceOf(UserException.class)
                .message()
                .doesNotContainPattern("[\\p{Cntrl}\u0080-\u009f\u202e]");
    }

    @Test
    void aWarningShowsNoControlCharactersAndAFloodOfThemIsCounted() throws Exception {
        HostileArchive archive = new HostileArchive().folder("out/");
        for (int i = 0; i < 500; i++) {
            archive.special("out/\u001b[2J\u009b1m" + i, TarConstants.LF_FIFO);
        }

        assertThat(copy(archive).leftOut()).isEqualTo(500);

        assertThat(said.toString()).doesNotContain("\u001b").doesNotContain("\u009b");
        assertThat(said.toString().lines()).hasSize(21).last().isEqualTo("agentctl: left out 480 more");
    }

    @Test
    void whatWasLeftOutIsCountedAlsoWhereTheCopyBreaksOff() {
        HostileArchive archive = new HostileArchive().folder("out/");
        for (int i = 0; i < 50; i++) {
            archive.special("out/" + i, TarConstants.LF_FIFO);
        }

        assertThatThrownBy(() -> copy(archive.file("../x", "evil"))).isInstanceOf(UserException.class);

        assertThat(said.toString().lines()).hasSize(21).last().isEqualTo("agentctl: left out 30 more");
    }

    /** The size that a header tells is the size that is read, and less is no file. */
    @Test
    void aFileThatEndsBeforeItsSizeIsNotThere() throws Exception {
        byte[] whole = new HostileArchive()
                .file("out/a", "a")
                .file("out/big", "x".repeat(100_000))
                .tar();

        assertThatThrownBy(() -> copy(Arrays.copyOf(whole, 50_000)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("can't be read");
        assertThat(inTarget()).as("neither by its name nor by another").containsExactly("out", "out/a");
    }

    @Test
    void anArchiveThatStopsBetweenFilesIsNoSuccess() {
        byte[] whole =
                new HostileArchive().file("out/a", "a").file("out/b", "b").tar();

        assertThatThrownBy(() -> copy(Arrays.copyOf(whole, 1024)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("ends before its end");
        assertThatThrownBy(() -> copy(new byte[0]))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("ends before its end");
    }

    @Test
    void whatIsNoArchiveIsSaid() {
        byte[] noise = new byte[2048];
        Arrays.fill(noise, (byte) 'x');
        assertThatThrownBy(() -> copy(noise)).isInstanceOf(UserException.class).hasMessageContaining("can't be read");
    }

    /** A record of zeros ends an archive; zeros without an end are nobody's. */
    @Test
    void anArchiveWithoutEndEnds() {
        InputStream zeros = new InputStream() {
            @Override
            public int read() {
                return 0;
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                return length;
            }
        };
        InputStream endless = new SequenceInputStream(
                new ByteArrayInputStream(new HostileArchive().file("out/a", "a").tar()), zeros);
        assertThatThrownBy(() -> copy(new HostilePrograms(endless), "/workspace/out", target))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("goes on behind its end");
    }

    @Test
    void aNameThatThereCanNotBeIsLeftOut() throws Exception {
        CopyReport report = copy(new HostileArchive()
                .file("out/" + "n".repeat(300), "x")
                .file("out/a\uFFFDb", "x")
                .file("out/y", "kept"));

        assertThat(report.leftOut()).isEqualTo(2);
        assertThat(inTarget()).containsExactly("out", "out/y");
    }

    @Test
    void aSourceThatIsALinkIsNotGuessedAbout() throws Exception {
        assertThatThrownBy(() -> copy(new HostileArchive().link("out", "/etc/\u001bpasswd")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'/workspace/out' in team/agent is a symbolic link to '/etc/?passwd': give -L");
        assertThat(inTarget()).isEmpty();
    }
}
