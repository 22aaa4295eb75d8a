package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Other programs, of which a test changes what it names. */
public class ForwardingPrograms implements ProxyPrograms {
    protected final ProxyPrograms programs;

    public ForwardingPrograms(ProxyPrograms programs) {
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
