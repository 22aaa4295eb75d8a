package dev.agentcontainers.localcluster.selection;

import java.io.IOException;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds a container engine by its socket; a command alone (docker, podman) tells nothing. */
final class ContainerEngine {

    private ContainerEngine() {}

    /** The address of an engine that Testcontainers would find too. */
    static Optional<String> find(Map<String, String> variables) {
        Optional<String> configured =
                Optional.ofNullable(variables.get("DOCKER_HOST")).filter(value -> !value.isBlank());
        if (configured.isPresent()) {
            return configured.filter(address -> !address.startsWith("unix:") || accepts(URI.create(address)));
        }
        Stream<Path> sockets = Stream.concat(
                Stream.of(Path.of("/var/run/docker.sock")),
                Stream.ofNullable(variables.get("XDG_RUNTIME_DIR"))
                        .map(folder -> Path.of(folder).resolve("docker.sock")));
        return sockets.map(socket -> URI.create("unix://" + socket))
                .filter(ContainerEngine::accepts)
                .map(URI::toString)
                .findFirst();
    }

    private static boolean accepts(URI address) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(address.getPath()))) {
            return channel.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
