package dev.agentcontainers.egressproxy;

import java.nio.file.Path;
import java.util.List;

/**
 * What the process is told at its start.
 *
 * @param control the node agent's socket
 * @param build which build this is, as the node agent calls it
 * @param fence which fence the sockets are of
 */
public record ProxyOptions(Path control, String build, String fence) {
    /** As {@link #parse} reads them. */
    public List<String> arguments() {
        return List.of(control.toString(), build, fence);
    }

    /** @throws IllegalArgumentException where there are not three */
    static ProxyOptions parse(String... arguments) {
        if (arguments.length != 3) {
            throw new IllegalArgumentException(
                    "%d arguments, must be three: the node agent's socket, the build, the fence"
                            .formatted(arguments.length));
        }
        return new ProxyOptions(Path.of(arguments[0]), arguments[1], arguments[2]);
    }
}
