package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/** Programs in an agent of a cluster, through its gateway. */
public final class GatewayPrograms implements AgentPrograms {
    private final GatewayHttp gateway;
    private final AgentAddress agent;

    /** @param gateway which the caller closes */
    public GatewayPrograms(GatewayHttp gateway, String namespace, String name) {
        this.gateway = gateway;
        this.agent = new AgentAddress(namespace, name);
    }

    @Override
    public AgentProgram start(List<String> command, boolean stdin) throws InterruptedException {
        return start(command, stdin, false);
    }

    /** @param tty with a terminal, in which standard output and standard error are one */
    RemoteProcess start(List<String> command, boolean stdin, boolean tty) throws InterruptedException {
        try {
            return new RemoteProcess(agent.exec(gateway, command, stdin, tty));
        } catch (RefusedException e) {
            throw new UserException(Printable.text(String.valueOf(e.getMessage())));
        } catch (IOException e) {
            throw new UserException("the gateway could not be reached: "
                    + Printable.text(Objects.requireNonNullElse(e.getMessage(), e.toString())));
        }
    }
}
