package dev.agentcontainers.cli.run;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.standalone.RunEnd;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import dev.agentcontainers.nodeagent.standalone.service.ServiceSettings;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Map;
import java.util.Optional;

/** A run by the machine's service, for a user who is not root. */
final class ServiceRun implements AgentRun {
    private static final String SOCKET = "AGENTCTL_SOCKET";

    private final MessageChannel<ServiceMessage> service;
    private final RunObserver observer;
    private boolean outputRefused;
    private Optional<IOException> unsent = Optional.empty();

    private ServiceRun(SocketChannel channel, RunObserver observer) {
        this.service = new MessageChannel<>(channel, ServiceMessage.class, ServiceMessage.MAXIMUM_LENGTH);
        this.observer = observer;
    }

    /** Whether the machine's service is what this user's runs are to go to: the user names it, or it is there and lets the user in. */
    static boolean isMeant(Map<String, String> environment) {
        return environment.containsKey(SOCKET) || Files.isWritable(socket(environment));
    }

    private static Path socket(Map<String, String> environment) {
        return Path.of(environment.getOrDefault(SOCKET, ServiceSettings.SOCKET.toString()));
    }

    /** Connects to the service and asks for the run, or says what to do. */
    static ServiceRun connect(Map<String, String> environment, GivenManifests manifests, RunObserver observer) {
        Path socket = socket(environment);
        SocketChannel channel;
        try {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new UserException(
                    "the agent is to be run by this machine's service, and %s. Run it by yourself (--rootless) or with sudo, or %s"
                            .formatted(problem(socket), remedy(socket)),
                    RunCommand.NOT_RUN);
        }
        ServiceRun run = new ServiceRun(channel, observer);
        run.ask(request(manifests));
        return run;
    }

    private void ask(ClientMessage.Run request) {
        try {
            service.send(request);
        } catch (IOException e) {
            // A service that takes no more requests says why before it ends the connection: await() reads that.
            unsent = Optional.of(e);
        }
    }

    private static ClientMessage.Run request(GivenManifests manifests) {
        return new ClientMessage.Run(
                manifests.namespace(),
                manifests.texts().stream()
                        .map(text -> new ClientMessage.Manifest(text.origin(), text.yaml()))
                        .toList());
    }

    private static String problem(Path socket) {
        if (!Files.exists(socket)) {
            return "there is no socket %s (AGENTCTL_SOCKET names another)".formatted(socket);
        }
        return Files.isWritable(socket)
                ? "nobody listens on the socket %s".formatted(socket)
                : "you may not use its socket %s".formatted(socket);
    }

    private static String remedy(Path socket) {
        return Files.exists(socket) && !Files.isWritable(socket)
                ? "have an administrator add you to the group %s (usermod -aG %s USER) and log in again"
                        .formatted(group(socket), group(socket))
                : "have an administrator start the service: sudo agentctl serve, or a node agent with"
                        + " AGENTCONTAINERS_NODE_LOCAL_SOCKET=" + socket;
    }

    /** The one that the service was told to let in. */
    private static String group(Path socket) {
        try {
            return Files.readAttributes(socket, PosixFileAttributes.class)
                    .group()
                    .getName();
        } catch (IOException e) {
            return ServiceSettings.GROUP;
        }
    }

    @Override
    public RunEnd await() throws InterruptedException {
        try (service) {
            while (true) {
                ServiceMessage message =
                        service.receive().orElseThrow(() -> new IOException("it ended the connection"));
                switch (message) {
                    case ServiceMessage.Output output -> pass(RunObserver.Stream.OUTPUT, output.data());
                    case ServiceMessage.ErrorOutput output -> pass(RunObserver.Stream.ERROR_OUTPUT, output.data());
                    case ServiceMessage.Progress progress -> observer.progress(progress.text());
                    case ServiceMessage.Warning warning -> observer.warning(warning.text());
                    case ServiceMessage.Refused refused -> throw new UserException(refused.text(), RunCommand.NOT_RUN);
                    case ServiceMessage.Ended ended -> {
                        return new RunEnd(
                                Optional.ofNullable(ended.exitCode()),
                                Optional.ofNullable(ended.problem()),
                                ended.deniedPackets());
                    }
                }
            }
        } catch (IOException e) {
            throw new UserException(
                    "the machine's service failed, and the run with it: "
                            + unsent.orElse(e).getMessage(),
                    RunCommand.NOT_RUN);
        }
    }

    private void pass(RunObserver.Stream stream, byte[] data) {
        if (outputRefused) {
            return;
        }
        try {
            observer.output(stream, data);
        } catch (IOException e) {
            // As a run by this process does: nobody takes the output, so it need not go on.
            outputRefused = true;
            stop();
        }
    }

    @Override
    public void stop() {
        send(new ClientMessage.Stop());
    }

    @Override
    public void kill() {
        send(new ClientMessage.Kill());
    }

    private void send(ClientMessage message) {
        try {
            service.send(message);
        } catch (IOException e) {
            observer.warning("the machine's service can't be told: " + e.getMessage());
        }
    }
}
