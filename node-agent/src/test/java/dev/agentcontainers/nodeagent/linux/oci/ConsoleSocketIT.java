package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who can reach the socket by which crun hands a terminal over, while crun itself is held up. */
@Tag("node")
@Timeout(120)
class ConsoleSocketIT {
    private static final String SOCKETS = "exec-*.tty";

    @TempDir
    private Path folder;

    /**
     * Connects to a socket of the agent's own, which must go; then to the runtime's by each way that the agent's processes
     * know, and says which went. Goes to each directory first: the whole path may be longer than that of a socket.
     */
    private static final String CONNECTING = """
            sub reach {
                my ($directory, $name) = @_;
                chdir($directory) or return "$!";
                socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
                return connect($socket, pack_sockaddr_un("./$name")) ? "reached" : "$!";
            }
            mkdir("/tmp/own") and chdir("/tmp/own") or die "own: $!";
            socket(my $listening, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
            bind($listening, pack_sockaddr_un("./own")) and listen($listening, 1) or die "listen: $!";
            print "own: ", reach("/tmp/own", "own"), "\\n";
            my ($bundle, $name) = @ARGV;
            print "$bundle: ", reach($bundle, $name), "\\n";
            for my $process (glob("/proc/[0-9]*")) {
                for my $directory ("$process/root$bundle", "$process/cwd") {
                    print "$directory: reached\\n" if reach($directory, $name) eq "reached";
                }
            }
            """;

    private static String perl() {
        Optional<Program> perl = Program.find("perl");
        assumeTrue(perl.isPresent(), "needs perl");
        return perl.get().path().toString();
    }

    /** By a program in the sandbox. */
    private static String saidInside(TestNode node, SandboxSpec spec, String... command) throws Exception {
        try (ExecSession session = node.driver().exec(spec.id(), new ExecRequest(List.of(command), false, false))) {
            return new String(session.standardOutput().readAllBytes(), UTF_8);
        }
    }

    /** The real crun, which at "exec" waits for a file. */
    private Path waitingFor(Path file) throws Exception {
        Optional<Program> crun = Program.find("crun");
        assumeTrue(crun.isPresent(), "needs crun");
        Path script = folder.resolve("crun");
        Files.writeString(script, """
            #!/bin/sh
            for argument; do
                if [ "$argument" = exec ]; then
                    until [ -e %s ]; do sleep 0.05; done
                fi
            done
            exec %s "$@"
            """.formatted(file, crun.get().path()));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    private static Path only(Path directory) throws IOException {
        try (DirectoryStream<Path> sockets = Files.newDirectoryStream(directory, SOCKETS)) {
            return sockets.iterator().next();
        }
    }

    private static Path bundle(TestNode node, SandboxSpec spec) throws Exception {
        SandboxFiles files = new SandboxFiles(node.settings(), spec.id());
        return SandboxFiles.through(
                Long.parseLong(Files.readString(files.shimPid()).strip()), files.bundle());
    }

    @Test
    void nobodyButTheRuntimeIsHeardAndNoAgentSeesIt() throws Exception {
        try (TestNode node = TestNode.start()) {
            Path go = folder.resolve("go");
            OciDriver driver = node.driverWith(waitingFor(go), OciSettings.PATIENCE);
            SandboxSpec spec = TestNode.shell("sleep 1000");
            node.begin(spec);
            try (ExecSession session =
                    driver.exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", "echo out"), true, false))) {
                Path socket = only(bundle(node, spec));
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                        .isEqualTo("rw-------");

                // On the host's own paths it is not there either, nor can the agent name it by any of its processes.
                Path theirs = new SandboxFiles(node.settings(), spec.id()).bundle();
                assertThat(theirs).doesNotExist();
                String script = "ls -a %s; find / -name '%s' 2>/dev/null; for p in /proc/[0-9]*; do ls $p/root%s; done;"
                                .formatted(theirs, SOCKETS, theirs)
                        + " echo looked";
                assertThat(saidInside(node, spec, "/bin/sh", "-c", script)).isEqualTo("looked\n");
                String name = Objects.requireNonNull(socket.getFileName()).toString();
                assertThat(saidInside(node, spec, perl(), "-MSocket", "-e", CONNECTING, theirs.toString(), name))
                        .isEqualTo("own: reached\n" + theirs + ": No such file or directory\n");

                // Root of the host can; it is not heard, and keeps nobody from being heard.
                try (SocketChannel other = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                    other.connect(UnixDomainSocketAddress.of(shortened(socket)));
                    other.write(ByteBuffer.wrap("me".getBytes(UTF_8)));
                    assertThat(other.read(ByteBuffer.allocate(1))).isEqualTo(-1);
                } catch (IOException e) {
                    // Closed before it was sent, or with what was sent unread.
                    assertThat(e).hasMessageFindingMatch("Broken pipe|reset");
                }
                Files.createFile(go);
                assertThat(new String(session.standardOutput().readAllBytes(), UTF_8))
                        .isEqualTo("out\r\n");
                assertThat(session.awaitExit()).isZero();
            }
            Path bundle = bundle(node, spec);
            await().untilAsserted(() -> assertThat(bundle).isDirectoryNotContaining("glob:**/exec-*"));
        }
    }

    /** A link of few bytes to a directory of many. */
    private Path shortened(Path socket) throws IOException {
        Path link = folder.resolve("b");
        Files.createSymbolicLink(link, Objects.requireNonNull(socket.getParent()));
        return link.resolve(Objects.requireNonNull(socket.getFileName()));
    }

    /** A socket's path may have 107 bytes, which neither this process nor the runtime must keep to. */
    @Test
    void aNodeWithLongPathsHasTerminals() throws Exception {
        Path directory = Files.createDirectories(folder.resolve("a".repeat(100)));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        try (TestNode node = TestNode.at(directory.resolve("state"), directory.resolve("run"), HostRoot.DEFAULT)) {
            SandboxSpec spec = TestNode.shell("sleep 1000");
            node.begin(spec);
            try (ExecSession session =
                    node.driver().exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", "echo out"), true, false))) {
                assertThat(new String(session.standardOutput().readAllBytes(), UTF_8))
                        .isEqualTo("out\r\n");
            }
        }
    }
}
