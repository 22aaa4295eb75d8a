package dev.agentcontainers.egressproxy.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.egressproxy.budget.Lender;
import dev.agentcontainers.egressproxy.certificates.Certifier;
import dev.agentcontainers.egressproxy.names.Openings;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.Trust;
import dev.agentcontainers.protocol.names.ProxyMessage.Alive;
import dev.agentcontainers.protocol.names.ProxyMessage.Certify;
import dev.agentcontainers.protocol.names.ProxyMessage.GiveBack;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import dev.agentcontainers.protocol.names.ProxyMessage.Open;
import dev.agentcontainers.protocol.names.ProxyMessage.Spend;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Connects to the node agent's socket, again and again until there is one. For the event loop's thread. */
public final class NodeAgentLink implements Openings, Certifier, Lender {
    private static final Logger LOG = System.getLogger(NodeAgentLink.class.getName());

    private final EventLoop loop;
    private final Path socket;
    private final Hello hello;
    private final LinkTimes times;
    private final KeptDecisions decisions;
    private final KeptTlsDecisions tlsDecisions;
    private final KeptHttpDecisions httpDecisions;
    private final Map<Long, CompletableFuture<Openings.Opened>> requests = new HashMap<>();
    private final Map<Long, CompletableFuture<X509Certificate>> certifications = new HashMap<>();
    private final Map<Long, CompletableFuture<Long>> spendings = new HashMap<>();
    private Consumer<Configure> onConfigure = _ -> {};
    private Runnable onForget = () -> {};
    private Consumer<Trust> onTrust = _ -> {};
    private @Nullable Channel connection;
    private long lastRequest;

    /**
     * @param patience for the kernel's acknowledgement
     * @param pause between two tries to connect
     * @param audit how often decisions are told
     */
    public record LinkTimes(Duration patience, Duration pause, Duration audit) {
        public static final LinkTimes DEFAULT =
                new LinkTimes(Duration.ofSeconds(2), Duration.ofMillis(250), Duration.ofMillis(200));
    }

    public NodeAgentLink(
            EventLoop loop,
            Path socket,
            Hello hello,
            LinkTimes times,
            KeptDecisions decisions,
            KeptTlsDecisions tlsDecisions,
            KeptHttpDecisions httpDecisions) {
        this.loop = loop;
        this.socket = socket;
        this.hello = hello;
        this.times = times;
        this.decisions = decisions;
        this.tlsDecisions = tlsDecisions;
        this.httpDecisions = httpDecisions;
    }

    /**
     * Connects, and tells the listeners what comes.
     *
     * @param forget called when what was opened may be closed by now, which it may be too where the node agent is away
     */
    public void start(Consumer<Configure> listener, Runnable forget, Consumer<Trust> trust) {
        onConfigure = listener;
        onForget = forget;
        onTrust = trust;
        loop.scheduleWithFixedDelay(
                this::tell, times.audit().toMillis(), times.audit().toMillis(), TimeUnit.MILLISECONDS);
        connect();
    }

    private void connect() {
        new Bootstrap()
                .group(loop)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        new LengthFieldBasedFrameDecoder(
                                                NodeMessage.MAXIMUM_LENGTH, 0, Integer.BYTES, 0, Integer.BYTES),
                                        new LengthFieldPrepender(Integer.BYTES),
                                        new Messages());
                    }
                })
                .connect(new DomainSocketAddress(socket.toFile()))
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        later();
                    }
                });
    }

    private void later() {
        loop.schedule(this::connect, times.pause().toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public CompletableFuture<Openings.Opened> open(String agent, String name, List<String> addresses, int seconds) {
        if (connection == null) {
            return CompletableFuture.failedFuture(new IOException("the node agent is away"));
        }
        long request = ++lastRequest;
        CompletableFuture<Openings.Opened> answer = new CompletableFuture<>();
        requests.put(request, answer);
        send(new Open(request, agent, name, addresses, seconds));
        refuseLater(request, answer);
        return answer;
    }

    /** From any thread. */
    @Override
    public CompletableFuture<X509Certificate> certify(String agent, String name, PublicKey key) {
        CompletableFuture<X509Certificate> answer = new CompletableFuture<>();
        loop.execute(() -> {
            if (connection == null) {
                answer.completeExceptionally(new IOException("the node agent is away"));
                return;
            }
            long request = ++lastRequest;
            certifications.put(request, answer);
            send(new Certify(request, agent, name, Base64.getEncoder().encodeToString(key.getEncoded())));
            refuseLater(request, answer);
        });
        return answer;
    }

    private void refuseLater(long request, CompletableFuture<?> answer) {
        ScheduledFuture<?> patience = loop.schedule(
                () -> refuse(request, "the node agent gives no answer"),
                times.patience().toMillis(),
                TimeUnit.MILLISECONDS);
        answer.whenComplete((_, _) -> patience.cancel(false));
    }

    /** Waits for as long as the node agent is there: what is granted counts as used, and would be lost. */
    @Override
    public CompletableFuture<Long> spend(String spender, String rule, long bytes) {
        CompletableFuture<Long> answer = new CompletableFuture<>();
        loop.execute(() -> {
            if (connection == null) {
                answer.completeExceptionally(new IOException("the node agent is away"));
                return;
            }
            long request = ++lastRequest;
            spendings.put(request, answer);
            send(new Spend(request, spender, rule, bytes));
        });
        return answer;
    }

    @Override
    public CompletableFuture<Boolean> giveBack(String spender, String rule, long bytes) {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        loop.execute(() -> {
            boolean there = connection != null;
            send(new GiveBack(spender, rule, bytes));
            told.complete(there);
        });
        return told;
    }

    private void granted(NodeMessage.Granted granted) {
        CompletableFuture<Long> answer = spendings.remove(granted.request());
        if (answer != null) {
            answer.complete(granted.bytes());
        }
    }

    private void certified(NodeMessage.Certified certified) {
        CompletableFuture<X509Certificate> answer = certifications.remove(certified.request());
        if (answer == null) {
            return;
        }
        try {
            answer.complete((X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(
                            new ByteArrayInputStream(Base64.getDecoder().decode(certified.certificate()))));
        } catch (CertificateException | IllegalArgumentException e) {
            answer.completeExceptionally(e);
        }
    }

    private void opened(NodeMessage.Opened opened) {
        CompletableFuture<Openings.Opened> answer = requests.remove(opened.request());
        if (answer != null) {
            Map<String, Set<Integer>> intercepted = new HashMap<>();
            opened.intercepted().forEach((address, ports) -> intercepted.put(address, Set.copyOf(ports)));
            answer.complete(new Openings.Opened(opened.addresses(), intercepted));
        }
    }

    private void refuse(long request, String why) {
        CompletableFuture<X509Certificate> certification = certifications.remove(request);
        if (certification != null) {
            certification.completeExceptionally(new IOException(why));
        }
        CompletableFuture<Openings.Opened> answer = requests.remove(request);
        if (answer != null) {
            answer.completeExceptionally(new IOException(why));
        }
        CompletableFuture<Long> spending = spendings.remove(request);
        if (spending != null) {
            spending.completeExceptionally(new IOException(why));
        }
    }

    private void tell() {
        while (connection != null && connection.isWritable()) {
            var audit = decisions.take();
            var tlsAudit = tlsDecisions.take();
            var httpAudit = httpDecisions.take();
            if (audit.isEmpty() && tlsAudit.isEmpty() && httpAudit.isEmpty()) {
                return;
            }
            audit.ifPresent(this::send);
            tlsAudit.ifPresent(this::send);
            httpAudit.ifPresent(this::send);
        }
    }

    private void send(Object message) {
        if (connection != null) {
            connection.writeAndFlush(Unpooled.wrappedBuffer(Json.bytes(message)));
        }
    }

    private final class Messages extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            connection = context.channel();
            send(hello);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) throws JsonProcessingException {
            switch (Json.parse(frame.toString(StandardCharsets.UTF_8), NodeMessage.class)) {
                case Configure configure -> onConfigure.accept(configure);
                case NodeMessage.Opened opened -> opened(opened);
                case NodeMessage.Forget _ -> onForget.run();
                case NodeMessage.Certified certified -> certified(certified);
                case NodeMessage.Trust trust -> onTrust.accept(trust);
                case NodeMessage.Granted granted -> granted(granted);
                case NodeMessage.Ask _ -> send(new Alive());
                case NodeMessage.Refused refused -> refuse(refused.request(), refused.reason());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            connection = null;
            onForget.run();
            List.copyOf(requests.keySet()).forEach(request -> refuse(request, "the node agent is away"));
            List.copyOf(certifications.keySet()).forEach(request -> refuse(request, "the node agent is away"));
            List.copyOf(spendings.keySet()).forEach(request -> refuse(request, "the node agent is away"));
            later();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.log(Level.WARNING, "the connection to the node agent failed: {0}", cause.getMessage());
            context.close();
        }
    }
}
