package dev.agentcontainers.egressproxy;

import dev.agentcontainers.egressproxy.listen.DatagramQuestions;
import dev.agentcontainers.egressproxy.listen.StreamQuestions;
import dev.agentcontainers.egressproxy.names.NameService;
import dev.agentcontainers.egressproxy.names.Openings;
import dev.agentcontainers.egressproxy.upstream.NettyUpstream;
import dev.agentcontainers.egressproxy.upstream.UpstreamTimes;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The service at sockets of the loopback interface, with a node agent that does what a test wants. */
public final class TestProxy implements AutoCloseable {
    private static final UpstreamTimes TIMES =
            new UpstreamTimes(Duration.ofMillis(300), Duration.ofMillis(1000), Duration.ofSeconds(5), 2);

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final EventLoop loop = group.next();
    private final AtomicLong ahead = new AtomicLong();
    private final NettyUpstream upstream;
    private final List<Opening> openings = new CopyOnWriteArrayList<>();
    private final List<NameDecision> decisions = new CopyOnWriteArrayList<>();
    private final NameService service;
    private final InetSocketAddress address;
    private volatile Openings nodeAgent =
            (_, _, addresses, _) -> CompletableFuture.completedFuture(Openings.Opened.of(addresses));

    /** What the node agent was asked to open. */
    public record Opening(String agent, String name, List<String> addresses, int seconds) {}

    public TestProxy(InetSocketAddress resolver) throws InterruptedException {
        this(resolver, TIMES);
    }

    public TestProxy(InetSocketAddress resolver, UpstreamTimes times) throws InterruptedException {
        upstream = new NettyUpstream(loop, times);
        service = new NameService(
                upstream,
                (agent, name, addresses, seconds) -> {
                    openings.add(new Opening(agent, name, addresses, seconds));
                    return nodeAgent.open(agent, name, addresses, seconds);
                },
                decisions::add,
                Clock.systemUTC(),
                () -> System.nanoTime() + ahead.get());
        loop.submit(() -> upstream.use(List.of(resolver))).sync();
        address = (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new StreamQuestions(service, Duration.ofSeconds(10)))
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
        new Bootstrap()
                .group(group)
                .channel(EpollDatagramChannel.class)
                .handler(new DatagramQuestions(service))
                .bind(address)
                .sync();
    }

    /** Allows an agent these names alone. */
    public TestAgent agent(String from, String... names) throws InterruptedException {
        return agent(NameLimits.DEFAULT, from, names);
    }

    public TestAgent agent(NameLimits limits, String from, String... names) throws InterruptedException {
        configure(limits, Map.of(from, List.of(names)));
        return new TestAgent(from, address);
    }

    public void configure(NameLimits limits, Map<String, List<String>> namesOfAgents) throws InterruptedException {
        Map<String, String> groups = new HashMap<>();
        namesOfAgents.keySet().forEach(agent -> groups.put(agent, "group of " + agent));
        Map<String, List<String>> names = new HashMap<>();
        namesOfAgents.forEach((agent, list) -> names.put("group of " + agent, list));
        loop.submit(() -> service.configure(new Configure(groups, names, Map.of(), List.of(), limits)))
                .sync();
    }

    public InetSocketAddress address() {
        return address;
    }

    public void opens(Openings how) {
        nodeAgent = how;
    }

    /** Has time go on for answers and limits; not for sockets. */
    public void later(Duration duration) {
        ahead.addAndGet(duration.toNanos());
    }

    public List<Opening> openings() {
        return List.copyOf(openings);
    }

    public List<NameDecision> decisions() {
        return List.copyOf(decisions);
    }

    public void run(Runnable action) throws InterruptedException {
        loop.submit(action).sync();
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
