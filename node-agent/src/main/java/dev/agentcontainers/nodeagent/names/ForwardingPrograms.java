package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Programs that leave everything to others. What extends them changes some of it. */
public abstract class ForwardingPrograms implements ProxyPrograms {
    protected final ProxyPrograms programs;

    protected ForwardingPrograms(ProxyPrograms programs) {
        this.programs = programs;
    }

    @Override
    public ServerSocketChannel listen(long user) throws IOException {
        return programs.listen(user);
    }

    @Override
    public boolean isProxy(SocketChannel peer) throws IOException {
        return programs.isProxy(peer);
    }

    @Override
    public String build() throws IOException {
        return programs.build();
    }

    @Override
    public String fence() throws IOException {
        return programs.fence();
    }

    @Override
    public boolean isRunning() throws IOException {
        return programs.isRunning();
    }

    @Override
    public void start(NameServerSockets sockets, long user) throws IOException {
        programs.start(sockets, user);
    }

    @Override
    public void kill() throws IOException, InterruptedException {
        programs.kill();
    }
}
