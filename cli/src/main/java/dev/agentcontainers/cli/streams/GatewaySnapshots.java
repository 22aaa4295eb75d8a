package dev.agentcontainers.cli.streams;

import dev.agentcontainers.protocol.client.GatewayHttp;

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
        return agent.open(gateway, "snapshot");
    }

    /** Its input is such an archive, whole where it is closed. */
    public AgentProgram restore() throws InterruptedException {
        return agent.open(gateway, "snapshot/restore");
    }
}
