package dev.agentcontainers.egressproxy.upstream;

import dev.agentcontainers.egressproxy.names.Resolution;
import dev.agentcontainers.egressproxy.names.Upstream;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/** Resolvers that are reached from the host's network. For the event loop's thread. */
public final class NettyUpstream implements Upstream {
    private final EventLoop loop;
    private final UpstreamTimes times;
    private final RandomGenerator random = new SecureRandom();
    private List<InetSocketAddress> servers = List.of();

    public NettyUpstream(EventLoop loop, UpstreamTimes times) {
        this.loop = loop;
        this.times = times;
    }

    /**
     * Asks these from now on.
     *
     * @return whether they are others than before
     */
    public boolean use(List<InetSocketAddress> others) {
        boolean changed = !servers.equals(others);
        servers = List.copyOf(others);
        return changed;
    }

    @Override
    public CompletableFuture<Resolution> resolve(String name) {
        return new Exchange(loop, servers, times, random, name).start();
    }
}
