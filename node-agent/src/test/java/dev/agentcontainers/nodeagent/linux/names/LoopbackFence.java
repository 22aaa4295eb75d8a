package dev.agentcontainers.nodeagent.linux.names;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A fence of nothing, whose agents ask on the loopback interface. */
final class LoopbackFence implements Fence, AutoCloseable {
    /** Whom the proxy runs as: of the range of fences that have 127.0.0.0/28. */
    static final long USER = 0x7FF00000L;

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final Map<SandboxId, Attachment> attached = new ConcurrentHashMap<>();
    private final List<ResolvedDestination> opened = new CopyOnWriteArrayList<>();
    private volatile int port;

    /** Where agents ask at present. */
    InetSocketAddress address() {
        return new InetSocketAddress("127.0.0.1", port);
    }

    List<ResolvedDestination> opened() {
        return List.copyOf(opened);
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations)
            throws SandboxException {
        if (!attached.containsKey(id)) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, id + " is not attached");
        }
        opened.addAll(destinations);
    }

    /** Opened by the library that the proxy opens its own with, and never read from here. */
    @Override
    public NameServerSockets nameServerSockets() {
        EpollServerSocketChannel streams = listening();
        EpollServerSocketChannel intercepted = listening();
        EpollServerSocketChannel asked = listening();
        port = streams.localAddress().getPort();
        EpollDatagramChannel datagrams = (EpollDatagramChannel) new Bootstrap()
                .group(group)
                .channel(EpollDatagramChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .handler(new ChannelInboundHandlerAdapter())
                .bind("127.0.0.1", port)
                .syncUninterruptibly()
                .channel();
        return new NameServerSockets() {
            @Override
            public int datagrams() {
                return datagrams.fd().intValue();
            }

            @Override
            public int streams() {
                return streams.fd().intValue();
            }

            @Override
            public int intercepted() {
                return intercepted.fd().intValue();
            }

            @Override
            public int asked() {
                return asked.fd().intValue();
            }

            @Override
            public void close() {
                intercepted.close().syncUninterruptibly();
                asked.close().syncUninterruptibly();
                datagrams.close().syncUninterruptibly();
                streams.close().syncUninterruptibly();
            }
        };
    }

    private EpollServerSocketChannel listening() {
        return (EpollServerSocketChannel) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInboundHandlerAdapter())
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
    }

    /** Holds nobody to anything. */
    @Override
    public long confineProxy(Collection<InetSocketAddress> resolvers) {
        return USER;
    }

    @Override
    public void open(FenceSettings settings) {}

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) {
        return Map.of();
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates) {
        // The first agent is the second address of the loopback network, and so on.
        Attachment attachment = new Attachment("127.0.0." + (attached.size() + 2), group, "hash", 0);
        attached.put(id, attachment);
        return attachment;
    }

    @Override
    public void detach(SandboxId id) {
        attached.remove(id);
    }

    @Override
    public Map<SandboxId, Attachment> attachments() {
        return Map.copyOf(attached);
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) {}

    @Override
    public Condition repair() {
        return Condition.SOUND;
    }

    @Override
    public void onDisturbance(Runnable listener) {}

    @Override
    public boolean destroyUnused() {
        return false;
    }

    @Override
    public void destroy() {}

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
