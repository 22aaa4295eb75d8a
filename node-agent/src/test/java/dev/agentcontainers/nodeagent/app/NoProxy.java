package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A machine where no proxy runs or can be started. */
final class NoProxy implements ProxyPrograms {
    @Override
    public ServerSocketChannel listen(long user) throws IOException {
        throw new IOException("this machine has no proxy");
    }

    @Override
    public boolean isProxy(SocketChannel peer) {
        return false;
    }

    @Override
    public String build() {
        return "none";
    }

    @Override
    public String fence() {
        return "none";
    }

    @Override
    public boolean isRunning() {
        return false;
    }

    @Override
    public void start(NameServerSockets sockets, long user) throws IOException {
        throw new IOException("this machine has no proxy");
    }

    @Override
    public void kill() {}
}
