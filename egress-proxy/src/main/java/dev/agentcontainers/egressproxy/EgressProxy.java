package dev.agentcontainers.egressproxy;

import dev.agentcontainers.egressproxy.budget.Budgets;
import dev.agentcontainers.egressproxy.certificates.CertifiedServers;
import dev.agentcontainers.egressproxy.certificates.TrustedServers;
import dev.agentcontainers.egressproxy.confine.SystemCallFilter;
import dev.agentcontainers.egressproxy.control.AcknowledgedOpenings;
import dev.agentcontainers.egressproxy.control.KeptDecisions;
import dev.agentcontainers.egressproxy.control.KeptHttpDecisions;
import dev.agentcontainers.egressproxy.control.KeptTlsDecisions;
import dev.agentcontainers.egressproxy.control.NodeAgentLink;
import dev.agentcontainers.egressproxy.control.NodeAgentLink.LinkTimes;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.listen.DatagramQuestions;
import dev.agentcontainers.egressproxy.listen.StreamQuestions;
import dev.agentcontainers.egressproxy.names.AskedByMessage;
import dev.agentcontainers.egressproxy.names.NameService;
import dev.agentcontainers.egressproxy.relay.AskedNames;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttps;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForTls;
import dev.agentcontainers.egressproxy.relay.RelayLimits;
import dev.agentcontainers.egressproxy.resolved.RememberedOpenings;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.egressproxy.upstream.NettyUpstream;
import dev.agentcontainers.egressproxy.upstream.UpstreamAddress;
import dev.agentcontainers.egressproxy.upstream.UpstreamTimes;
import dev.agentcontainers.protocol.names.NameServer;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The process. Its sockets are open when it starts, as {@link NameServer} says; it serves them until it is killed or the
 * place of the node agent's socket is gone, and outlives the node agent.
 */
public final class EgressProxy {
    private static final Logger LOG = System.getLogger(EgressProxy.class.getName());
    private static final int MOST_DECISIONS = 4096;
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofSeconds(5);

    private EgressProxy() {}

    public static void main(String[] arguments) {
        confine();
        ProxyOptions options = ProxyOptions.parse(arguments);
        EventLoopGroup group = new EpollEventLoopGroup(1);
        EventLoop loop = group.next();
        loop.execute(() -> {
            try {
                serve(options, group, loop);
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "the egress proxy can't serve", e);
                end(1);
            }
        });
    }

    /** Before anything of others is read. */
    private static void confine() {
        try {
            SystemCallFilter.apply();
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.ERROR, "the egress proxy must not run with every system call: {0}", e.getMessage());
            end(1);
        }
    }

    private static void serve(ProxyOptions options, EventLoopGroup group, EventLoop loop) {
        NettyUpstream upstream = new NettyUpstream(loop, UpstreamTimes.DEFAULT);
        KeptDecisions decisions = new KeptDecisions(MOST_DECISIONS);
        KeptTlsDecisions tlsDecisions = new KeptTlsDecisions(MOST_DECISIONS);
        KeptHttpDecisions httpDecisions = new KeptHttpDecisions(MOST_DECISIONS);
        NodeAgentLink link = new NodeAgentLink(
                loop,
                options.control(),
                new Hello(options.build(), options.fence()),
                LinkTimes.DEFAULT,
                decisions,
                tlsDecisions,
                httpDecisions);
        AcknowledgedOpenings acknowledged = new AcknowledgedOpenings(link, System::nanoTime);
        TlsNames tlsNames = new TlsNames(System::nanoTime);
        HttpNames httpNames = HttpNames.plain(System::nanoTime);
        HttpNames httpsNames = HttpNames.insideTls(System::nanoTime);
        CertifiedServers certified = new CertifiedServers(link, System::nanoTime);
        TrustedServers trusted = new TrustedServers();
        NameService service = new NameService(
                upstream,
                new RememberedOpenings(acknowledged, tlsNames, httpNames, httpsNames),
                decisions,
                Clock.systemUTC(),
                System::nanoTime);
        AskedNames asked = new AskedNames(tlsNames, httpNames, httpsNames);
        // A thread of their own: questions don't wait for bytes.
        EventLoop relays = new EpollEventLoopGroup(1).next();
        Budgets budgets = new Budgets(link, relays, System::nanoTime);
        InterceptedConnections intercepted = new InterceptedConnections(
                new ForTls(tlsNames, tlsDecisions::add),
                new ForHttp(httpNames, httpDecisions::add),
                new ForHttps(httpsNames, certified, trusted),
                budgets,
                Clock.systemUTC(),
                RelayLimits.DEFAULT);
        new ServerBootstrap()
                .group(relays)
                .channelFactory(() -> new EpollServerSocketChannel(NameServer.INTERCEPTED_DESCRIPTOR))
                .childHandler(intercepted)
                .register()
                .addListener(done -> endUnless(done.isSuccess(), done.cause()));
        new ServerBootstrap()
                .group(relays)
                .channelFactory(() -> new EpollServerSocketChannel(NameServer.ASKED_DESCRIPTOR))
                .childHandler(intercepted.asked(asked, new AskedByMessage(service, loop)))
                .register()
                .addListener(done -> endUnless(done.isSuccess(), done.cause()));
        new Bootstrap()
                .group(group)
                .channelFactory(() -> new EpollDatagramChannel(NameServer.DATAGRAM_DESCRIPTOR))
                .handler(new DatagramQuestions(service))
                .register()
                .addListener(done -> endUnless(done.isSuccess(), done.cause()));
        new ServerBootstrap()
                .group(group)
                .channelFactory(() -> new EpollServerSocketChannel(NameServer.STREAM_DESCRIPTOR))
                .childHandler(new StreamQuestions(service, SILENCE))
                .register()
                .addListener(done -> endUnless(done.isSuccess(), done.cause()));
        link.start(
                configuration -> {
                    // Before anything is judged by rules with budgets.
                    budgets.configure(configuration);
                    certified.configure(configuration);
                    tlsNames.configure(configuration);
                    httpNames.configure(configuration);
                    httpsNames.configure(configuration);
                    asked.configure(configuration);
                    relays.execute(intercepted::cutRevoked);
                    configure(configuration, service, upstream);
                },
                acknowledged::forget,
                trusted::trust);
        loop.scheduleWithFixedDelay(
                () -> endWithNode(options), LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void configure(Configure configuration, NameService service, NettyUpstream upstream) {
        if (upstream.use(
                configuration.upstreams().stream().map(UpstreamAddress::parse).toList())) {
            service.forgetAnswers();
        }
        service.configure(configuration);
    }

    /** Where the folder of the node agent's socket is gone, the node was removed from its machine. */
    private static void endWithNode(ProxyOptions options) {
        if (!Files.isDirectory(options.control().toAbsolutePath().resolveSibling("."))) {
            end(0);
        }
    }

    private static void endUnless(boolean success, Throwable cause) {
        if (!success) {
            LOG.log(Level.ERROR, "a socket can't be served", cause);
            end(1);
        }
    }

    /** At once: there is nothing to be saved. */
    private static void end(int code) {
        Runtime.getRuntime().halt(code);
    }
}
