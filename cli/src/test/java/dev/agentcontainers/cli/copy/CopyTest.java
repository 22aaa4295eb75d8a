package dev.agentcontainers.cli.copy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both directions by the real tar of this machine, in a folder that plays the agent's. */
@Timeout(120)
class CopyTest {
    private static final CopyOptions USUAL = new CopyOptions(false, true);
    private static final FileTime THEN = FileTime.fromMillis(1_600_000_000_000L);

    @TempDir
    Path folder;

    private final StringWriter said = new StringWriter();
    private Path machine;
    private Path agent;
    private MachinePrograms programs;

    @BeforeEach
    void begin() throws IOException {
        machine = Files.createDirectory(folder.resolve("machine"));
        agent = Files.createDirectory(folder.resolve("agent"));
        programs = new MachinePrograms(agent);
    }

    private interface Work {
        void run(AgentTar tar, CopyReport report) throws Exception;
    }

    private long run(Work work) throws Exception {
        try (CopyReport report = new CopyReport(new PrintWriter(said, true), false)) {
            work.run(new AgentTar(programs, "team/agent"), report);
            report.finish();
            return report.leftOut();
        }
    }

    private long up(String source, String target) throws Exception {
        return up(source, target, USUAL);
    }

    private long up(String source, String target, CopyOptions options) throws Exception {
        return run((tar, report) -> new Upload(tar, options, report)
                .files(GivenPath.ofMachine(machine + "/" + source, '/'), GivenPath.ofAgent(target)));
    }

    private long down(String source, String target) throws Exception {
        return down(source, target, USUAL);
    }

    private long down(String source, String target, CopyOptions options) throws Exception {
        return run((tar, report) -> new Download(tar, options, report)
                .files(GivenPath.ofAgent(source), GivenPath.ofMachine(machine + "/" + target, '/')));
    }

    /** A file {@code f} and a folder {@code d} with {@code d/x} and an empty {@code d/e}. */
    private static void furnish(Path root) throws IOException {
        Files.writeString(root.resolve("f"), "file");
        Files.createDirectories(root.resolve("d/e"));
        Files.writeString(root.resolve("d/x"), "in a folder");
    }

    /** Where it has to be afterwards: '!' and a part of the message where it is refused. */
    private void check(Path root, String expected, ThrowingCopy copy) throws Exception {
        if (expected.startsWith("!")) {
            assertThatThrownBy(copy::run).isInstanceOf(UserException.class).hasMessageContaining(expected.substring(1));
        } else {
            copy.run();
            assertThat(root.resolve(expected)).exists();
            assertThat(Files.readString(root.resolve(expected))).isIn("file", "in a folder");
        }
    }

    private interface ThrowingCopy {
        void run() throws Exception;
    }

    /** The rules of names, as the documentation has them; "there" is a folder, "old" a file, "new" is not there. */
    static final String NAMES = """
            f,    there,    there/f
            f,    there/,   there/f
            f,    there/.,  there/f
            f,    new,      new
            f,    new/,     !no folder
            f,    old,      old
            f,    old/,     !no folder
            f/,   there,    !
            d,    there,    there/d/x
            d/,   there,    there/d/x
            d,    new,      new/x
            d,    new/,     new/x
            d,    old,      !no folder
            d/.,  there,    there/x
            d/.,  new,      new/x
            d/.,  new/,     new/x
            d/.,  old,      !no folder
            f/.,  there,    !
            none, there,    !
            f,    none/new, !
            """;

    @ParameterizedTest
    @CsvSource(textBlock = NAMES)
    void namesInTheAgentAreThoseOfTheRules(String source, String target, String expected) throws Exception {
        furnish(machine);
        Files.createDirectory(agent.resolve("there"));
        Files.writeString(agent.resolve("old"), "old");

        check(agent, expected, () -> up(source, target));
        if (!expected.equals("old")) {
            assertThat(agent.resolve("old")).hasContent("old");
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = NAMES)
    void namesOfThisMachineAreThoseOfTheRules(String source, String target, String expected) throws Exception {
        furnish(agent);
        Files.createDirectory(machine.resolve("there"));
        Files.writeString(machine.resolve("old"), "old");

        check(machine, expected, () -> down(source, target));
        if (!expected.equals("old")) {
            assertThat(machine.resolve("old")).hasContent("old");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"with space", "-rf", "--help", "a\nb", "ü€\u65e5", "*", "$(id)", "'\"", "a:b", ".hidden"})
    void anyNameComesOverBothWays(String name) throws Exception {
        Assumptions.assumeTrue(
                name.chars().allMatch(c -> c < 0x80)
                        || System.getProperty("sun.jnu.encoding").equals("UTF-8"),
                "needs a locale in UTF-8");
        Files.createDirectories(machine.resolve(name).resolve(name));
        Files.writeString(machine.resolve(name).resolve("-" + name), "content");

        assertThat(up(name, ".")).isZero();
        assertThat(agent.resolve(name).resolve(name)).isEmptyDirectory();
        assertThat(agent.resolve(name).resolve("-" + name)).hasContent("content");

        assertThat(down(name, "back")).isZero();
        assertThat(machine.resolve("back").resolve(name)).isEmptyDirectory();
        assertThat(down(name + "/-" + name, "file")).isZero();
        assertThat(machine.resolve("file")).hasContent("content");
    }

    @Test
    void longNamesAndManyFilesComeOver() throws Exception {
        String part = "n".repeat(200);
        Path deep =
                Files.createDirectories(machine.resolve("many").resolve(part).resolve(part));
        for (int i = 0; i < 500; i++) {
            Files.writeString(deep.resolve(part + i), "" + i);
        }

        assertThat(up("many", ".")).isZero();
        assertThat(down("many", "back")).isZero();

        try (Stream<Path> files =
                Files.list(machine.resolve("back").resolve(part).resolve(part))) {
            assertThat(files)
                    .hasSize(500)
                    .allSatisfy(file -> assertThat(file)
                            .hasContent(file.getFileName().toString().substring(200)));
        }
    }

    /** Larger than all that is kept on the way. */
    @Test
    void aLargeFileIsTheSameAfterwards() throws Exception {
        Path large = machine.resolve("large");
        byte[] block = new byte[1 << 20];
        try (OutputStream out = Files.newOutputStream(large)) {
            Random random = new Random(1);
            for (int i = 0; i < 100; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }

        up("large", "there");
        down("there", "back");

        assertThat(Files.mismatch(large, agent.resolve("there"))).isEqualTo(-1);
        assertThat(Files.mismatch(large, machine.resolve("back"))).isEqualTo(-1);
    }

    /** Told in each of the ways of GNU's tar, of which bsdtar's is the last. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "--format=gnu",
                "--format=posix --sparse-version=0.0",
                "--format=posix --sparse-version=0.1",
                "--format=posix --sparse-version=1.0"
            })
    void filesWithHolesComeOverWhole(String form) throws Exception {
        furnish(agent);
        try (FileChannel file =
                FileChannel.open(agent.resolve("d/holes"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int i = 0; i < 30; i++) {
                file.write(ByteBuffer.wrap("data".getBytes(UTF_8)), i * 200_000L);
            }
            file.write(ByteBuffer.wrap(new byte[1]), 10_000_000);
        }
        programs.by("sh", "-c", "shift; exec tar --sparse %s \"$@\"".formatted(form), "sh");

        assertThat(down("d", "back")).isZero();

        assertThat(Files.mismatch(agent.resolve("d/holes"), machine.resolve("back/holes")))
                .isEqualTo(-1);
        assertThat(machine.resolve("back/x")).hasContent("in a folder");
    }

    @Test
    void holesWithoutEndAreNotFilled() throws Exception {
        furnish(agent);
        try (FileChannel file =
                FileChannel.open(agent.resolve("d/holes"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {1}), Download.MOST_SPARSE);
        }
        programs.by("sh", "-c", "shift; exec tar --sparse --format=gnu \"$@\"", "sh");

        assertThatThrownBy(() -> down("d", "back"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holes' in team/agent is a file with holes, of which 4.0 GiB are copied at once");
        assertThat(machine.resolve("back/holes")).doesNotExist();
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void modesAndTimesAreKeptAndOwnersAndWhatIsAboveAreNot() throws Exception {
        Files.createDirectory(machine.resolve("d"));
        Path script = Files.writeString(machine.resolve("d/run"), "#!/bin/sh");
        assertThat(new ProcessBuilder("chmod", "4750", script.toString())
                        .start()
                        .waitFor())
                .isZero();
        Files.setLastModifiedTime(script, THEN);
        Files.setLastModifiedTime(machine.resolve("d"), THEN);

        up("d", "there");
        down("there", "back");

        for (Path copy : new Path[] {agent.resolve("there"), machine.resolve("back")}) {
            assertThat(mode(copy.resolve("run"))).isEqualTo("rwxr-x---");
            assertThat((int) Files.getAttribute(copy.resolve("run"), "unix:mode") & 07000)
                    .isZero();
            assertThat(Files.getLastModifiedTime(copy.resolve("run"))).isEqualTo(THEN);
            assertThat(Files.getLastModifiedTime(copy)).isEqualTo(THEN);
        }

        CopyOptions plain = new CopyOptions(false, false);
        up("d", "plain", plain);
        down("plain", "plain-back", plain);
        for (Path copy : new Path[] {agent.resolve("plain"), machine.resolve("plain-back")}) {
            assertThat(mode(copy.resolve("run"))).startsWith("rwx").endsWith("r-x");
            assertThat(Files.getLastModifiedTime(copy.resolve("run"))).isGreaterThan(THEN);
        }
    }

    @Test
    void linksAreCopiedAsLinksOrFollowed() throws Exception {
        furnish(machine);
        Files.createSymbolicLink(machine.resolve("d/near"), Path.of("x"));
        Files.createSymbolicLink(machine.resolve("d/up"), Path.of("e"));
        Files.createSymbolicLink(machine.resolve("d/far"), Path.of("/etc/hostname"));

        assertThat(up("d", "links")).isZero();
        assertThat(Files.readSymbolicLink(agent.resolve("links/far"))).isEqualTo(Path.of("/etc/hostname"));
        assertThat(down("links", "back")).as("one leads out").isEqualTo(1);
        assertThat(Files.readSymbolicLink(machine.resolve("back/near"))).isEqualTo(Path.of("x"));
        assertThat(machine.resolve("back/far")).doesNotExist();

        Files.delete(machine.resolve("d/far"));
        Files.createSymbolicLink(machine.resolve("d/e/loop"), Path.of(".."));
        assertThat(up("d", "followed", new CopyOptions(true, true)))
                .as("what is in itself is left out")
                .isEqualTo(2);
        assertThat(agent.resolve("followed/near")).isRegularFile().hasContent("in a folder");
        assertThat(Files.isSymbolicLink(agent.resolve("followed/up"))).isFalse();
    }

    @Test
    void aSourceThatIsALinkNeedsToBeToldToFollowIt() throws Exception {
        furnish(machine);
        furnish(agent);
        Files.createSymbolicLink(machine.resolve("l"), Path.of("d"));
        Files.createSymbolicLink(agent.resolve("l"), Path.of("d"));

        assertThatThrownBy(() -> up("l", "new")).hasMessageContaining("is a symbolic link: give -L");
        assertThatThrownBy(() -> down("l", "new")).hasMessageContaining("is a symbolic link to 'd': give -L");
        up("l/", "slash");
        down("l/", "slash");
        up("l", "dash", new CopyOptions(true, true));
        down("l", "dash", new CopyOptions(true, true));
        for (Path root : new Path[] {machine, agent}) {
            assertThat(root.resolve("slash/x")).hasContent("in a folder");
            assertThat(root.resolve("dash/x")).hasContent("in a folder");
        }
    }

    @Test
    void furtherNamesOfAFileAreThatHereToo() throws Exception {
        furnish(agent);
        Files.createLink(agent.resolve("d/y"), agent.resolve("d/x"));

        assertThat(down("d", "back")).isZero();

        assertThat(Files.isSameFile(machine.resolve("back/x"), machine.resolve("back/y")))
                .isTrue();
    }

    @Test
    void whatIsHereIsAddedToAndFilesAreReplaced() throws Exception {
        furnish(agent);
        Files.createDirectories(machine.resolve("d/e"));
        Files.writeString(machine.resolve("d/x"), "old");
        Files.writeString(machine.resolve("d/own"), "own");
        Files.setPosixFilePermissions(machine.resolve("d"), PosixFilePermissions.fromString("rwx------"));

        down("d", ".");

        assertThat(machine.resolve("d/x")).hasContent("in a folder");
        assertThat(machine.resolve("d/own")).hasContent("own");
        assertThat(mode(machine.resolve("d"))).as("a folder stays as it is").isEqualTo("rwx------");
    }

    @Test
    void aTargetThatIsALinkToAFileIsWrittenWhereItLeads() throws Exception {
        furnish(agent);
        Files.writeString(machine.resolve("real"), "old");
        Files.createSymbolicLink(machine.resolve("link"), Path.of("real"));
        Files.createSymbolicLink(machine.resolve("dangling"), Path.of("nowhere"));

        down("f", "link");

        assertThat(machine.resolve("link")).isSymbolicLink();
        assertThat(machine.resolve("real")).hasContent("file");
        assertThatThrownBy(() -> down("f", "dangling")).hasMessageContaining("is a link that leads nowhere");
    }

    @Test
    void archivesPassAsTheyAre() throws Exception {
        furnish(agent);
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        run((tar, report) -> new Download(tar, USUAL, report).archive(GivenPath.ofAgent("d"), archive));
        Files.createDirectory(agent.resolve("there"));
        run((tar, report) -> new Upload(tar, USUAL, report)
                .archive(new ByteArrayInputStream(archive.toByteArray()), GivenPath.ofAgent("there")));

        assertThat(agent.resolve("there/d/x")).hasContent("in a folder");
        assertThatThrownBy(() -> run((tar, report) -> new Upload(tar, USUAL, report)
                        .archive(new ByteArrayInputStream("no archive".getBytes(UTF_8)), GivenPath.ofAgent("there"))))
                .hasMessageContaining(
                        "tar in team/agent ended with exit code 2:\n  tar: This does not look like a tar archive");
    }

    @Test
    void whatTarSaysIsSaid() throws Exception {
        furnish(machine);
        assertThatThrownBy(() -> down("none", "."))
                .hasMessageContaining("tar in team/agent ended with exit code 2:\n  tar: ./none");
        assertThatThrownBy(() -> up("f", "none/new"))
                .hasMessageContaining("ended with exit code 2")
                .hasMessageContaining("none");
    }

    /** Root may read everything, so that tar's word is all there is of it. */
    @ParameterizedTest
    @ValueSource(strings = {"Cannot open: Permission denied", "Kann nicht aufgerufen werden: Keine Berechtigung"})
    void whatTheAgentsUserMayNotReadIsNotTakenForNothing(String why) throws Exception {
        furnish(machine);
        Files.createDirectory(agent.resolve("there"));
        programs.by(
                "sh",
                "-c",
                "case \"$2\" in -c) echo 'tar: ./there: %s' >&2; exit 2;; *) exec \"$@\";; esac".formatted(why),
                "sh");

        assertThatThrownBy(() -> up("f", "there"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(why);

        assertThat(agent.resolve("there")).isEmptyDirectory();
    }

    @Test
    void aSocketIsNotReplacedAndNotCopiedAndThatIsSaid() throws Exception {
        furnish(machine);
        Files.createDirectory(agent.resolve("d"));
        Files.writeString(agent.resolve("d/x"), "x");
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            // A socket's name can't be long.
            Path made = Files.createTempDirectory("s").resolve("s");
            socket.bind(UnixDomainSocketAddress.of(made));
            Files.move(made, agent.resolve("d/s"));
            Files.delete(made.getParent());

            assertThatThrownBy(() -> up("f", "d/s"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("'d/s' in team/agent is neither a file nor a folder");
            assertThat(down("d", "back")).isEqualTo(1);
            assertThat(run((tar, report) -> new Download(tar, USUAL, report)
                            .archive(GivenPath.ofAgent("d"), OutputStream.nullOutputStream())))
                    .isEqualTo(1);
        }

        assertThat(machine.resolve("back/x")).hasContent("x");
        assertThat(machine.resolve("back/s")).doesNotExist();
        assertThat(said.toString()).contains("agentctl: left out in team/agent: tar: ./d/s: socket ignored");
    }

    @Test
    void anArchiveThatBreaksOffHasTheReasonOfItsEnd() throws Exception {
        Files.write(agent.resolve("large"), new byte[100_000]);
        programs.by("sh", "-c", "\"$@\" | head -c 50000; echo 'the node has no memory' >&2; exit 137", "sh");

        assertThatThrownBy(() -> down("large", "."))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("ended with exit code 137")
                .hasMessageContaining("the node has no memory")
                .hasMessageNotContaining("damaged");

        assertThat(machine.resolve("large")).doesNotExist();
    }

    /** The device that is always full is what no user may be, root or not. */
    @Test
    void anAgentWithoutRoomSaysSo() throws Exception {
        Files.writeString(machine.resolve("f"), "x".repeat(100_000));
        programs.by("sh", "-c", "case \"$2\" in -x) exec tar -x -f - -O > /dev/full;; *) exec \"$@\";; esac", "sh");

        assertThatThrownBy(() -> up("f", "new"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("No space left on device");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "executable file `tar` not found in $PATH: No such file or directory",
                "exec failed: unable to start container process: exec: \\\"tar\\\": executable file not found in $PATH",
                "error finding executable \\\"tar\\\" in PATH [/bin]: no such file or directory"
            })
    void anImageWithoutTarIsSaid(String message) throws Exception {
        furnish(machine);
        programs.by(
                "sh",
                "-c",
                "printf '%s\\n' \"" + message.replace("`", "\\`").replace("$", "\\$") + "\" >&2; exit 1",
                "sh");

        assertThatThrownBy(() -> down("f", "new")).hasMessageContaining("team/agent has no program tar");
        assertThatThrownBy(() -> up("f", "new")).hasMessageContaining("team/agent has no program tar");
        assertThat(machine.resolve("new")).doesNotExist();
    }

    @Test
    void anInputThatCanNotBeReadEndsTheCopyAndTheAgentsTar() throws Exception {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the disk is gone");
            }
        };

        assertThatThrownBy(() ->
                        run((tar, report) -> new Upload(tar, USUAL, report).archive(broken, GivenPath.ofAgent("."))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("standard input can't be read: the disk is gone");
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(programs::haveEnded);
    }

    @Test
    void aFaultOfOurOwnEndsTheCopyAndTheAgentsTarToo() throws Exception {
        InputStream broken = new InputStream() {
            @Override
            public int read() {
                throw new IllegalStateException("a fault");
            }
        };

        assertThatThrownBy(() ->
                        run((tar, report) -> new Upload(tar, USUAL, report).archive(broken, GivenPath.ofAgent("."))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("by a fault of agentctl");
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(programs::haveEnded);
    }

    /** By whoever else writes to it, after it was begun. */
    @Test
    void aFileThatBecomesShorterEndsTheCopy() throws Exception {
        Path shrinking = machine.resolve("shrinking");
        Files.write(shrinking, new byte[1 << 20]);
        OutputStream out = new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                try (FileChannel file = FileChannel.open(shrinking, StandardOpenOption.WRITE)) {
                    file.truncate(100);
                }
            }
        };

        assertThatThrownBy(
                        () -> run((tar, report) -> new Packer(out, false, true, report).pack(shrinking, "shrinking")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("shrinking' became shorter while it was copied");
    }

    @Test
    void filesThatTellNoSizeOrAnotherAreCopiedAsTheyAre() throws Exception {
        Path processor = Path.of("/proc/version");
        Path page = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        Assumptions.assumeTrue(Files.isReadable(processor));
        assertThat(Files.size(processor)).isZero();

        run((tar, report) -> new Upload(tar, USUAL, report)
                .files(GivenPath.ofMachine(processor.toString(), '/'), GivenPath.ofAgent("version")));

        assertThat(agent.resolve("version")).hasSameTextualContentAs(processor);
        if (Files.isReadable(page)) {
            assertThat(Files.size(page)).isEqualTo(4096);
            run((tar, report) -> new Upload(tar, USUAL, report)
                    .files(GivenPath.ofMachine(page.toString(), '/'), GivenPath.ofAgent("page")));
            assertThat(agent.resolve("page")).hasSameTextualContentAs(page);
        }
    }

    @Test
    void whatAnAgentsTarTakesForEmptyInProcIsNotCopiedAsEmpty() throws Exception {
        Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/version")));

        assertThat(down("/proc/version", "version")).isEqualTo(1);

        assertThat(machine.resolve("version")).doesNotExist();
        assertThat(said.toString()).contains("tells no size: copy it by 'agentctl exec AGENT -- cat FILE'");
    }

    @Test
    void aLinkThatLeadsNowhereIsLeftOutWhereLinksAreFollowed() throws Exception {
        furnish(machine);
        Files.createSymbolicLink(machine.resolve("d/dangling"), Path.of("nowhere"));
        Files.createSymbolicLink(machine.resolve("d/self"), Path.of("self"));

        assertThat(up("d", "there", new CopyOptions(true, true))).isEqualTo(2);

        assertThat(said.toString()).contains("dangling': a link that leads nowhere");
        assertThat(agent.resolve("there/x")).hasContent("in a folder");
        assertThat(agent.resolve("there/e")).isEmptyDirectory();
    }

    @Test
    void whatIsNeitherFileNorFolderIsLeftOut() throws Exception {
        furnish(machine);
        assertThat(new ProcessBuilder("mkfifo", machine.resolve("d/pipe").toString())
                        .start()
                        .waitFor())
                .isZero();

        assertThat(up("d", "there")).isEqualTo(1);

        assertThat(said.toString()).contains("it is a device, pipe or socket");
        assertThat(agent.resolve("there/x")).exists();
        assertThatThrownBy(() -> up("d/pipe", "there")).hasMessageContaining("is neither a file nor a folder");
    }

    @Test
    void noProgramIsLeftWhenSomethingWasOnlyLookedAt() throws Exception {
        furnish(machine);
        byte[] block = new byte[8 << 20];
        Files.write(agent.resolve("large"), block);

        up("f", "large");

        assertThat(agent.resolve("large")).hasContent("file");
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(programs::haveEnded);
    }
}
