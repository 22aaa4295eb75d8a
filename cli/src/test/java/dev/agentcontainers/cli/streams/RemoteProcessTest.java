package dev.agentcontainers.cli.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.TerminalSize;
import dev.agentcontainers.protocol.client.GatewayHttp;
import dev.agentcontainers.protocol.client.MessageSocket;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The user's end of a stream against a real WebSocket server that plays the gateway. */
class RemoteProcessTest {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();

    @AfterEach
    void close() {
        client.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void passesOnInputOutputAndExitCode() throws Exception {
        try (MessageSocket socket = connect((server, frame) -> {
            switch (frame) {
                case StreamFrame.Input input -> send(server, new StreamFrame.Output(input.data()));
                case StreamFrame.Resize resize ->
                    send(
                            server,
                            new StreamFrame.ErrorOutput(
                                    bytes("width " + resize.size().columns())));
                case StreamFrame.CloseInput ignored -> send(server, new StreamFrame.Result(Statuses.ofExitCode(42)));
                default -> throw new AssertionError(frame);
            }
        })) {
            RemoteProcess process = new RemoteProcess(socket);
            process.resize(new TerminalSize(80, 24));
            process.takeInput(new ByteArrayInputStream(bytes("hello")));

            assertThat(process.await(output, errors)).isEqualTo(42);
            assertThat(output).hasToString("hello");
            assertThat(errors).hasToString("width 80");
        }
    }

    @Test
    void aProgramIsReadAsAStreamToItsExitCode() throws Exception {
        byte[] large = new byte[100_000];
        Arrays.fill(large, (byte) 'x');
        try (MessageSocket socket = connect((server, frame) -> {
            switch (frame) {
                case StreamFrame.Input input -> {
                    send(server, new StreamFrame.ErrorOutput(bytes("!")));
                    send(server, new StreamFrame.Output(new byte[0]));
                    send(server, new StreamFrame.Output(input.data()));
                }
                case StreamFrame.CloseInput ignored -> send(server, new StreamFrame.Result(Statuses.ofExitCode(3)));
                default -> throw new AssertionError(frame);
            }
        })) {
            RemoteProcess process = new RemoteProcess(socket);
            Thread.ofVirtual().start(() -> {
                try (OutputStream input = process.input()) {
                    input.write('a');
                    input.write(large);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });

            InputStream read = process.output(errors);

            assertThat(read.read()).isEqualTo('a');
            assertThat(read.readAllBytes()).isEqualTo(large);
            assertThat(read.read()).isEqualTo(-1);
            assertThat(process.exitCode()).isEqualTo(3);
            assertThat(errors.toString()).matches("!{2,}");
        }
    }

    @Test
    void aProgramThatBreaksOffIsNoEndOfItsOutput() throws Exception {
        try (MessageSocket socket = connect((server, frame) -> {
            send(server, new StreamFrame.Output(bytes("half")));
            server.close();
        })) {
            RemoteProcess process = new RemoteProcess(socket);
            process.input().close();

            InputStream read = process.output(errors);

            assertThat(read.readNBytes(4)).isEqualTo(bytes("half"));
            assertThatThrownBy(read::read).isInstanceOf(UserException.class);
        }
    }

    /** What was written is read, and then that its node has gone, however little or much it was. */
    @Test
    void aFailureIsNoEndOfItsOutput() throws Exception {
        for (String before : List.of("", "half")) {
            try (MessageSocket socket = connect((server, frame) -> {
                send(server, new StreamFrame.Output(bytes(before)));
                send(server, new StreamFrame.Result(Statuses.failure(503, "node 'a' is not connected any more")));
            })) {
                RemoteProcess process = new RemoteProcess(socket);
                process.input().close();

                InputStream read = process.output(errors);

                assertThat(read.readNBytes(before.length())).isEqualTo(bytes(before));
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(read::read)
                            .isInstanceOf(UserException.class)
                            .hasMessage("node 'a' is not connected any more");
                }
            }
        }
    }

    @Test
    void aCommandThatCouldNotBeRunIsTheUsersToMend() throws Exception {
        try (MessageSocket socket = connect((server, frame) ->
                send(server, new StreamFrame.Result(Statuses.failure(503, "node 'a' is not connected"))))) {
            RemoteProcess process = new RemoteProcess(socket);
            process.resize(new TerminalSize(80, 24));

            assertThatThrownBy(() -> process.await(output, errors))
                    .isInstanceOf(UserException.class)
                    .hasMessage("node 'a' is not connected");
        }
    }

    @Test
    void aStreamThatEndsWithoutAResultIsNoSuccess() throws Exception {
        try (MessageSocket socket = connect((server, frame) -> server.close())) {
            RemoteProcess process = new RemoteProcess(socket);
            process.resize(new TerminalSize(80, 24));

            assertThatThrownBy(() -> process.await(output, errors))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("closed the stream before the command ended");
        }
    }

    @Test
    void aGatewayThatIsNotThereIsSaid() throws Exception {
        int unused;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = free.getLocalPort();
        }
        try (GatewayHttp gateway =
                new GatewayHttp(URI.create("http://127.0.0.1:" + unused), SSLContext.getDefault(), Optional.empty())) {
            GatewayPrograms programs = new GatewayPrograms(gateway, "team", "agent");
            assertThatThrownBy(() -> programs.start(List.of("true"), false))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("the gateway could not be reached: ")
                    .hasMessageNotContaining("null");
        }
    }

    @Test
    void theLongestCommandIsSentAndALongerOneIsRefusedHere() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        int port = vertx.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(0)
                        .setMaxInitialLineLength(GatewayPaths.LONGEST_LINE)
                        .addWebSocketSubProtocol(StreamFrame.SUBPROTOCOL))
                .webSocketHandler(server -> {
                    asked.add(server.uri());
                    send(server, new StreamFrame.Result(Statuses.ofExitCode(0)));
                })
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .get()
                .actualPort();
        try (GatewayHttp gateway =
                new GatewayHttp(URI.create("http://127.0.0.1:" + port), SSLContext.getDefault(), Optional.empty())) {
            GatewayPrograms programs = new GatewayPrograms(gateway, "team", "agent");
            String address = new AgentAddress("team", "agent")
                    .path(
                            "exec",
                            List.of(
                                    new AgentAddress.Parameter("command", "true"),
                                    new AgentAddress.Parameter("command", "")));
            String longest = "x".repeat(GatewayPaths.LONGEST_LINE - "GET  HTTP/1.1".length() - address.length());

            try (AgentProgram program = programs.start(List.of("true", longest), false)) {
                assertThat(program.output(errors).read()).isEqualTo(-1);
                assertThat(program.exitCode()).isZero();
            }
            assertThatThrownBy(() -> programs.start(List.of("true", longest + "x"), false))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("the command has 16385 bytes as it is sent, percent-encoded");
            // Of three bytes each, as three characters each.
            programs.start(List.of("tar", "-c", "-h", "-f", "-", "-C", "\u65e5".repeat(1365)), false)
                    .close();

            assertThat(asked).hasSize(2).first().asString().endsWith(longest);
        }
    }

    @Test
    void whatMovesATerminalIsNotShownOfAReason() throws Exception {
        try (MessageSocket socket = connect(
                (server, frame) -> send(server, new StreamFrame.Result(Statuses.failure(503, "no \u001b[2Jnode"))))) {
            RemoteProcess process = new RemoteProcess(socket);
            process.input().close();

            assertThatThrownBy(() -> process.await(output, errors)).hasMessage("no ?[2Jnode");
        }
    }

    @Test
    void addressesAreEscaped() {
        AgentAddress address = new AgentAddress("team-a", "researcher");
        assertThat(address.path(
                        "exec",
                        List.of(
                                new AgentAddress.Parameter("command", "sh"),
                                new AgentAddress.Parameter("command", "a b&c=ü/+"))))
                .isEqualTo(
                        "/v1/namespaces/team-a/agentcontainers/researcher/exec?command=sh&command=a%20b%26c%3D%C3%BC%2F%2B");
    }

    private static void send(ServerWebSocket server, StreamFrame frame) {
        server.writeBinaryMessage(Buffer.buffer(frame.encoded()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private MessageSocket connect(BiConsumer<ServerWebSocket, StreamFrame> gateway) throws Exception {
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        int port = vertx.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(0)
                        .addWebSocketSubProtocol(StreamFrame.SUBPROTOCOL))
                .webSocketHandler(server -> server.binaryMessageHandler(message -> {
                    try {
                        gateway.accept(server, StreamFrame.decode(message.getBytes()));
                    } catch (Exception e) {
                        failures.add(e);
                        server.close((short) 1011, String.valueOf(e.getMessage()));
                    }
                }))
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .get()
                .actualPort();
        return MessageSocket.connect(
                client,
                URI.create("ws://127.0.0.1:" + port),
                StreamFrame.SUBPROTOCOL,
                Map.of(),
                StreamFrame.MAXIMUM_LENGTH,
                Duration.ofSeconds(10));
    }
}
