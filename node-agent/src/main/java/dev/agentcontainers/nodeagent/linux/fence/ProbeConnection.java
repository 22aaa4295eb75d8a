package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.AgentConnection;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/**
 * A connection from the fence's namespace to an agent, for probes. Its packets are the only ones of a process that the fence lets
 * go to an agent without being asked first: they have a mark that takes CAP_NET_ADMIN to give, and so none of the egress proxy.
 * What an agent sends to the fence passes as an answer to it and not otherwise.
 */
final class ProbeConnection implements AgentConnection {
    /** Of packets, while they are in the fence. */
    static final int MARK = 0x61637062;

    private static final DescriptorCalls DESCRIPTORS = DescriptorCalls.ofThisMachine();
    private static final Readiness READINESS = new Readiness(ProcessCalls.ofThisMachine(), DESCRIPTORS);

    private final SocketCalls calls;
    private final Ipv4 address;
    private final int port;
    private final Descriptor descriptor;

    private ProbeConnection(SocketCalls calls, Ipv4 address, int port, int descriptor) {
        this.calls = calls;
        this.address = address;
        this.port = port;
        this.descriptor = new Descriptor(DESCRIPTORS, READINESS, descriptor);
    }

    /**
     * @param fence a thread in the fence's namespace
     * @param networkInterface the agent's: its address may be another's by the time that it answers
     */
    static ProbeConnection begin(
            NamespaceThread fence, SocketCalls calls, Ipv4 address, int port, String networkInterface)
            throws IOException {
        int descriptor =
                fence.call(() -> calls.connecting(AddressPlan.NEXT_HOP, address, port, networkInterface, MARK));
        return new ProbeConnection(calls, address, port, descriptor);
    }

    @Override
    public String address() {
        return address.toString();
    }

    @Override
    public void await() throws IOException {
        Optional<SystemCallException> failure = descriptor.whenWritable(calls::failure);
        if (failure.isPresent()) {
            throw new IOException(
                    "port " + port + " of the agent can't be reached: "
                            + failure.get().getMessage(),
                    failure.get());
        }
    }

    @Override
    public InputStream input() {
        return descriptor.input();
    }

    @Override
    public OutputStream output() {
        return descriptor.output();
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
