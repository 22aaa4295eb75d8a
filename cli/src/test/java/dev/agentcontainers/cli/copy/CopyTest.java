package dev.agentcontainers.cli.copy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both directions by the real tar of this machine. */
@Timeout(120)
class CopyTest extends CopiedFolders {
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
}
