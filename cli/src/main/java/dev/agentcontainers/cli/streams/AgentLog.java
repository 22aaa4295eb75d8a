package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.fleet.Pause;
import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * An agent's output as a whole, through the cluster's gateway.
 *
 * @param user configuration with the credential of the user who asks
 */
public record AgentLog(Config user, String operatorNamespace, String namespace, String name) {
    /** What waiting does not change. */
    private static final Set<Integer> FINAL = Set.of(
            HttpURLConnection.HTTP_BAD_REQUEST,
            HttpURLConnection.HTTP_UNAUTHORIZED,
            HttpURLConnection.HTTP_FORBIDDEN,
            HttpURLConnection.HTTP_NOT_FOUND);

    /**
     * What the agent wrote so far. Where the gateway or the node's connection to it is not there at once, after a restart
     * of the operator for example, it is waited for.
     *
     * @throws UserException where it can't be had, or not within the time
     */
    public String read(Duration within) {
        Instant end = Instant.now().plus(within);
        while (true) {
            try {
                return read();
            } catch (RefusedException e) {
                if (FINAL.contains(e.code()) || Instant.now().isAfter(end)) {
                    throw new UserException(
                            "the log of " + namespace + "/" + name + " can't be had: " + e.getMessage());
                }
            } catch (IOException e) {
                if (Instant.now().isAfter(end)) {
                    throw new UserException("the gateway could not be reached: " + e.getMessage());
                }
            }
            Pause.briefly();
        }
    }

    private String read() throws IOException {
        try (GatewayHttp gateway = GatewayAccess.open(user, operatorNamespace);
                InputStream log = gateway.get(new AgentAddress(namespace, name).path("log", List.of()))) {
            return new String(log.readAllBytes(), StandardCharsets.UTF_8);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("interrupted while reading the log of " + namespace + "/" + name, 130);
        }
    }
}
