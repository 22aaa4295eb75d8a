package dev.agentcontainers.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can't be copied, or not to its end, by the real tar of this machine: what is said then, and what is left. */
@Timeout(120)
class BrokenCopyTest extends CopiedFolders {
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
