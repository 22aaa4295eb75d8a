package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.process.RecordingHandovers;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Who is heard, in which order the kernel is asked, and that every descriptor is given back; real terminals in ExecIT. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class ConsoleSocketTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int PID = 4711;
    private static final int EMFILE = 24;
    private static final int EBADMSG = 74;
    private static final int ECONNRESET = 104;

    @TempDir
    private Path folder;

    private final RecordingHandovers calls = new RecordingHandovers();
    private final Readiness readiness = new Readiness(ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine());
    private final CompletableFuture<Integer> end = new CompletableFuture<>();

    private ConsoleSocket recorded() throws Exception {
        return ConsoleSocket.listen(calls, readiness, Mounts.ofThisMachine(), folder, "tty");
    }

    private ConsoleSocket real(Path path) throws Exception {
        Path directory = Objects.requireNonNull(path.getParent());
        return ConsoleSocket.listen(HandoverCalls.ofThisMachine(), readiness, Mounts.ofThisMachine(), directory, "tty");
    }

    private static SocketChannel connect(Path path) throws Exception {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(path));
        return channel;
    }

    @Test
    void aTerminalOfTheRuntimeIsTaken() throws Exception {
        calls.answer("accept at 0", 7);
        calls.answer("peer of 7", PID);
        calls.answer("receive from 7", 9);
        try (ConsoleSocket socket = recorded()) {
            assertThat(socket.receive(PID, end, PATIENCE)).hasValue(9);
        }
        assertThat(calls.calls().subList(1, calls.calls().size()))
                .containsExactly("accept at 0", "peer of 7", "receive from 7", "close 7", "close 0");
    }

    @Test
    void anotherProcessIsNotHeard() throws Exception {
        calls.answer("accept at 0", 6, 7);
        calls.answer("peer of 6", PID + 1);
        calls.answer("peer of 7", PID);
        calls.answer("receive from 7", 9);
        try (ConsoleSocket socket = recorded()) {
            assertThat(socket.receive(PID, end, PATIENCE)).hasValue(9);
        }
        assertThat(calls.calls()).doesNotContain("receive from 6").contains("close 6", "close 7");
    }

    @Test
    void aProcessWhosePeerIsNotKnownIsNotHeard() throws Exception {
        calls.answer("accept at 0", 6, HandoverCalls.NOTHING_YET);
        calls.answer("peer of 6", -107);
        end.complete(0);
        try (ConsoleSocket socket = recorded()) {
            assertThat(socket.receive(PID, end, PATIENCE)).isEmpty();
        }
        assertThat(calls.calls()).doesNotContain("receive from 6").contains("close 6");
    }

    /** What it did before its end counts: it may have ended by the time that anybody looks. */
    @Test
    void aTerminalOfARuntimeThatHasEndedIsTaken() throws Exception {
        calls.answer("accept at 0", 7);
        calls.answer("peer of 7", PID);
        calls.answer("receive from 7", 9);
        end.complete(0);
        try (ConsoleSocket socket = recorded()) {
            assertThat(socket.receive(PID, end, PATIENCE)).hasValue(9);
        }
    }

    @Test
    void aRuntimeThatEndsWithoutATerminalIsNotWaitedFor() throws Exception {
        Path path = folder.resolve("tty");
        try (ConsoleSocket socket = real(path)) {
            Thread.ofVirtual().start(() -> end.complete(1));
            assertThat(socket.receive(PID, end, PATIENCE)).isEmpty();
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void aRuntimeThatConnectsAndEndsIsNotWaitedFor() throws Exception {
        Path path = folder.resolve("tty");
        try (ConsoleSocket socket = real(path);
                SocketChannel _ = connect(path)) {
            end.complete(1);
            assertThat(socket.receive(ProcessHandle.current().pid(), end, PATIENCE))
                    .isEmpty();
        }
    }

    @Test
    void somethingElseThanATerminalIsRefused() throws Exception {
        Path path = folder.resolve("tty");
        try (ConsoleSocket socket = real(path);
                SocketChannel channel = connect(path)) {
            channel.write(ByteBuffer.wrap("no descriptor".getBytes(UTF_8)));
            assertThatThrownBy(() -> socket.receive(ProcessHandle.current().pid(), end, PATIENCE))
                    .hasMessage("the runtime handed over something else than a terminal")
                    .cause()
                    .hasMessageContaining("receive a terminal")
                    .hasMessageContaining(Integer.toString(EBADMSG));
        }
    }

    /** As a runtime that fails in between, whose own word of it is what its user must read. */
    @Test
    void aConnectionThatEndsWithoutATerminalCountsForNothing() throws Exception {
        calls.answer("accept at 0", 6, 7);
        calls.answer("peer of 6", PID);
        calls.answer("receive from 6", -ECONNRESET);
        calls.answer("peer of 7", PID);
        calls.answer("receive from 7", 9);
        try (ConsoleSocket socket = recorded()) {
            assertThat(socket.receive(PID, end, PATIENCE)).hasValue(9);
        }
        assertThat(calls.calls()).containsOnlyOnce("close 6", "close 7");
    }

    @Test
    void theEndIsWaitedForWhereAConnectionHasEnded() throws Exception {
        Path path = folder.resolve("tty");
        try (ConsoleSocket socket = real(path)) {
            connect(path).close();
            CompletableFuture<OptionalInt> received = CompletableFuture.supplyAsync(() -> {
                try {
                    return socket.receive(ProcessHandle.current().pid(), end, PATIENCE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            await().during(Duration.ofMillis(300)).until(() -> !received.isDone());
            end.complete(1);
            assertThat(received.get()).isEmpty();
        }
    }

    /** Nor does it come to name a path of the node. */
    @Test
    void whoHasTooManyFilesOpenIsToldSo() throws Exception {
        calls.answer("accept at 0", -EMFILE);
        try (ConsoleSocket socket = recorded()) {
            assertThatThrownBy(() -> socket.receive(PID, end, PATIENCE))
                    .hasMessage("the node has too many files open to take a terminal from the runtime")
                    .cause()
                    .hasMessageContaining(folder.toString());
        }
        calls.answer("accept at 0", 7);
        calls.answer("peer of 7", PID);
        calls.answer("receive from 7", -EMFILE);
        try (ConsoleSocket socket = recorded()) {
            assertThatThrownBy(() -> socket.receive(PID, end, PATIENCE))
                    .hasMessage("the node has too many files open to take a terminal from the runtime");
        }
        assertThat(calls.calls()).contains("close 7");
    }

    /** By the real kernel's word of who it is. */
    @Test
    void aConnectionOfAnotherProcessIsClosed() throws Exception {
        Path path = folder.resolve("tty");
        try (ConsoleSocket socket = real(path);
                SocketChannel channel = connect(path)) {
            end.complete(0);
            assertThat(socket.receive(1, end, PATIENCE)).isEmpty();
            assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void aTerminalThatDoesNotComeIsNotWaitedForForEver() throws Exception {
        try (ConsoleSocket socket = real(folder.resolve("tty"))) {
            assertThatThrownBy(() -> socket.receive(PID, end, Duration.ofSeconds(1)))
                    .hasMessage("the runtime handed over no terminal within 1 s");
        }
    }

    /** A socket's own path may have 107 bytes. */
    @Test
    void itIsOfThisUserAloneHoweverLongItsPathIs() throws Exception {
        Path deep = Files.createDirectories(folder.resolve("d".repeat(120)));
        Path path = deep.resolve("tty");
        try (ConsoleSocket _ = real(path)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void aPathThatExistsIsNotTaken() throws Exception {
        Path path = Files.writeString(folder.resolve("tty"), "other");
        assertThatThrownBy(() -> real(path))
                .hasMessage("the node can't take a terminal from the runtime")
                .cause()
                .hasMessageContaining("listen at " + path);
        assertThat(path).hasContent("other");
    }
}
