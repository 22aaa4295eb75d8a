package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** An agent's output as a whole. */
public final class AgentLog {
    private AgentLog() {}

    /**
     * What the agent wrote so far, through the cluster's gateway.
     *
     * @param user configuration with the credential of the user who asks
     */
    public static String read(Config user, String operatorNamespace, String namespace, String name) {
        try (GatewayHttp gateway = GatewayAccess.open(user, operatorNamespace);
                InputStream log = gateway.get(new AgentAddress(namespace, name).path("log", List.of()))) {
            return new String(log.readAllBytes(), StandardCharsets.UTF_8);
        } catch (RefusedException e) {
            throw new UserException("the log of " + namespace + "/" + name + " can't be had: " + e.getMessage());
        } catch (IOException e) {
            throw new UserException("the gateway could not be reached: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("interrupted while reading the log of " + namespace + "/" + name, 130);
        }
    }
}
