package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user is told who asks the machine's service for a run. */
class ServiceRunTest {
    private static final RunObserver OBSERVER = new RunObserver() {
        @Override
        public void output(Stream stream, byte[] data) {}

        @Override
        public void progress(String text) {}

        @Override
        public void warning(String text) {}
    };

    @TempDir
    private Path folder;

    /** A large request does not fit into the socket: the client still writes when it is refused. */
    @ParameterizedTest
    @ValueSource(ints = {10, 4 << 20})
    void aRefusalIsShownWhetherOrNotTheRequestWasRead(int length) throws Exception {
        try (ServerSocketChannel listener = listener()) {
            Thread service = Thread.ofVirtual().start(() -> refuse(listener));

            assertThatThrownBy(() -> run("x".repeat(length)))
                    .isInstanceOf(UserException.class)
                    .hasMessage("all places are taken");
            service.join();
        }
    }

    @Test
    void aServiceThatIsGoneIsNamed() throws IOException {
        listener().close();

        assertThatThrownBy(() -> run("x"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("nobody listens on the socket " + socket())
                .hasMessageContaining("sudo agentctl serve");
    }

    @Test
    void aServiceThatEndsWithoutAWordIsSaidToHaveFailed() throws Exception {
        try (ServerSocketChannel listener = listener()) {
            Thread service = Thread.ofVirtual().start(() -> {
                try {
                    listener.accept().close();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });

            assertThatThrownBy(() -> run("x".repeat(4 << 20)))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("the machine's service failed");
            service.join();
        }
    }

    private void run(String manifest) throws InterruptedException {
        ServiceRun.connect(
                        Map.of("AGENTCTL_SOCKET", socket().toString()),
                        new GivenManifests("default", List.of(new GivenManifests.Text("agent.yaml", manifest))),
                        OBSERVER)
                .await();
    }

    private static void refuse(ServerSocketChannel listener) {
        try (SocketChannel client = listener.accept()) {
            new MessageChannel<>(client, ClientMessage.class, ClientMessage.MAXIMUM_LENGTH)
                    .send(new ServiceMessage.Refused("all places are taken"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private ServerSocketChannel listener() throws IOException {
        Files.deleteIfExists(socket());
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket()));
        return listener;
    }

    private Path socket() {
        return folder.resolve("node.sock");
    }
}
