package dev.agentcontainers.nodeagent.linux.names;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.names.ForwardingPrograms;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import java.io.IOException;

/** Programs that are started in another network than this process's, for hosts that are namespaces of a machine. Thread-safe as they are. */
public final class ProgramsOfNamespace extends ForwardingPrograms {
    private final NamespaceThread namespace;

    /** @param namespace of the network; the caller's to close, after these are killed */
    public ProgramsOfNamespace(ProxyPrograms programs, NamespaceThread namespace) {
        super(programs);
        this.namespace = namespace;
    }

    @Override
    public void start(NameServerSockets sockets, long user) throws IOException {
        namespace.call(() -> {
            programs.start(sockets, user);
            return true;
        });
    }
}
