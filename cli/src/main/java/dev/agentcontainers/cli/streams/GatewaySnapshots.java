package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.GatewayHttp;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/** The files of an agent of a cluster that rests, through its gateway. */
public final class GatewaySnapshots {
    private final GatewayHttp gateway;
    private final AgentAddress agent;

    /** @param gateway which the caller closes */
    public GatewaySnapshots(GatewayHttp gateway, String namespace, String name) {
        this.gateway = gateway;
        this.agent = new AgentAddress(namespace, name);
    }

    /** Its output is an archive, whole where it ends by itself; what is to be said of it comes as errors. */
    public AgentProgram save() throws InterruptedException {
        return open("snapshot");
    }

    /** Its input is such an archive, whole where it is closed. */
    public AgentProgram restore() throws InterruptedException {
        return open("snapshot/restore");
    }

    private AgentProgram open(String subresource) throws InterruptedException {
        try {
            return new RemoteProcess(gateway.connect(
                    agent.path(subresource, List.of()), StreamFrame.SUBPROTOCOL, StreamFrame.MAXIMUM_LENGTH));
        } catch (RefusedException e) {
            throw new UserException(Printable.text(String.valueOf(e.getMessage())));
        } catch (IOException e) {
            throw new UserException("the gateway could not be reached: "
                    + Printable.text(Objects.requireNonNullElse(e.getMessage(), e.toString())));
        }
    }
}
