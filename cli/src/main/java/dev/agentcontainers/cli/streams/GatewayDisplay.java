package dev.agentcontainers.cli.streams;

import dev.agentcontainers.protocol.client.GatewayHttp;

/** The display of an agent of a cluster, through its gateway. */
public final class GatewayDisplay {
    private final GatewayHttp gateway;
    private final AgentAddress agent;

    /** @param gateway which the caller closes */
    public GatewayDisplay(GatewayHttp gateway, String namespace, String name) {
        this.gateway = gateway;
        this.agent = new AgentAddress(namespace, name);
    }

    /** A connection to it, which the caller closes: RFB, whose server's side is the output. */
    public AgentProgram connect() throws InterruptedException {
        return agent.open(gateway, "display");
    }
}
