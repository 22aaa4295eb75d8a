package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;

/**
 * Where attached agents are, remembered: who asks one waits neither for what the fence does meanwhile nor for the kernel to list
 * them all. What is remembered of one that has gone leads nowhere, since its interface has gone too. Thread-safe.
 */
final class ReachableAgents implements AutoCloseable {
    private final NamespaceThread thread;
    private final SocketCalls sockets;
    /** By the agents' interfaces. */
    private final Map<String, Ipv4> addresses = new ConcurrentHashMap<>();

    /** @param thread in the fence's namespace, with nothing else to do; closed with this */
    ReachableAgents(NamespaceThread thread, SocketCalls sockets) {
        this.thread = thread;
        this.sockets = sockets;
    }

    /** These and no others. */
    void are(Map<String, Ipv4> byInterface) {
        addresses.keySet().retainAll(byInterface.keySet());
        addresses.putAll(byInterface);
    }

    void add(String networkInterface, Ipv4 address) {
        addresses.put(networkInterface, address);
    }

    void remove(String networkInterface) {
        addresses.remove(networkInterface);
    }

    /**
     * Begins a connection.
     *
     * @throws SandboxException where the agent is not attached, or the fence was closed
     */
    ProbeConnection connect(SandboxId id, int port) throws IOException, SandboxException {
        String name = Names.agentInterface(id);
        Ipv4 address = addresses.get(name);
        if (address == null) {
            throw new SandboxException(
                    Step.FENCE, Kind.TRANSIENT, "sandbox " + id.value() + " is not attached to the fence");
        }
        try {
            return ProbeConnection.begin(thread, sockets, address, port, name);
        } catch (RejectedExecutionException e) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the fence was closed", e);
        }
    }

    /** Begins no more connections; those that have begun go on. */
    @Override
    public void close() {
        thread.close();
    }
}
