package dev.agentcontainers.localcluster.process;

import dev.agentcontainers.localcluster.PortInUseException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** TCP ports on 127.0.0.1. */
public final class LoopbackPorts {

    /** Below the range from which Linux takes the local ports of outgoing connections (32768 to 60999). */
    private static final int FIRST = 20_000;

    private static final int LAST = 32_000;
    private static final int ATTEMPTS = 1_000;
    private static final int CONNECT_MILLISECONDS = 1_000;

    private LoopbackPorts() {}

    /** That many different ports that nobody listens on now. */
    public static int[] free(int count) {
        int[] ports = IntStream.generate(() -> RandomGenerator.getDefault().nextInt(FIRST, LAST))
                .limit(ATTEMPTS)
                .distinct()
                .filter(LoopbackPorts::isFree)
                .limit(count)
                .toArray();
        if (ports.length < count) {
            throw new PortInUseException("no %d free TCP ports on 127.0.0.1 between %d and %d: stop what listens there"
                    .formatted(count, FIRST, LAST));
        }
        return ports;
    }

    public static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            // Connections of an earlier listener in TIME_WAIT don't matter; the servers set this too.
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether somebody listens; unlike {@link #isFree} this never takes the port from one who is about to. */
    public static boolean accepts(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), CONNECT_MILLISECONDS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Checks that nobody listens on the port.
     *
     * @param purpose who needs it, for the message
     */
    public static void requireFree(int port, String purpose) {
        if (!isFree(port)) {
            throw inUse(port, purpose);
        }
    }

    /** Who listens on the port, as far as this user may see it. */
    public static String holder(int port) {
        return PortHolder.of(port).map(PortHolder::toString).orElse("another process");
    }

    public static PortInUseException inUse(int port, String purpose) {
        String holder = holder(port);
        return new PortInUseException("127.0.0.1:%d, which %s needs, is in use by %s: stop it, or choose another port"
                .formatted(port, purpose, holder));
    }
}
