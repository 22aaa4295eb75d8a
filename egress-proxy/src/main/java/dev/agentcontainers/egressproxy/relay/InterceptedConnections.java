package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Budgets;
import dev.agentcontainers.egressproxy.budget.Purse;
import dev.agentcontainers.egressproxy.certificates.CertifiedServers;
import dev.agentcontainers.egressproxy.certificates.TrustedServers;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.http.HttpNames.Decryptable;
import dev.agentcontainers.egressproxy.names.NameLookup;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.egressproxy.tls.ClientHello;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Takes connections that the fence has handed over: reads how each begins, and relays it where that is TLS for what its address was
 * resolved for, or hands it on to where each of its requests of HTTP is looked at. For the event loop's thread.
 */
public final class InterceptedConnections extends ChannelInitializer<EpollSocketChannel> {
    /** First byte of TLS; no method of HTTP begins with it. */
    private static final byte HANDSHAKE = 22;

    /** By which a client begins that knows without being told that the server has HTTP/2 (RFC 9113, 3.3 and 3.4). */
    private static final byte[] HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final TlsNames names;
    private final Consumer<TlsDecision> decisions;
    private final ForHttp http;
    private final ForHttps https;
    private final Budgets budgets;
    private final Clock clock;
    private final RelayLimits limits;
    private final UnaryOperator<InetSocketAddress> destination;
    private final Places places;
    private final Map<String, Integer> decryptedOfAgents = new HashMap<>();
    private final Set<Passing> passing = new HashSet<>();
    private final AgentCounts http2;
    private final Http2Shares shares;
    private int allDecrypted;

    /**
     * What may pass as TLS.
     *
     * @param decisions must not wait
     */
    public record ForTls(TlsNames names, Consumer<TlsDecision> decisions) {}

    /**
     * Which requests of HTTP may pass.
     *
     * @param decisions must not wait
     */
    public record ForHttp(HttpNames names, Consumer<HttpDecision> decisions) {}

    /**
     * Which requests of HTTP inside TLS may pass; they are told as those without.
     *
     * @param certified what this process is for the agents
     * @param trusted by whom the servers have to be certified
     */
    public record ForHttps(HttpNames names, CertifiedServers certified, TrustedServers trusted) {}

    /**
     * What an agent has asked this process for.
     *
     * @param served whether it still would be, as of now
     */
    record StillServed(AskedOnward where, BooleanSupplier served) {}

    public InterceptedConnections(
            ForTls tls, ForHttp http, ForHttps https, Budgets budgets, Clock clock, RelayLimits limits) {
        this(tls, http, https, budgets, clock, limits, UnaryOperator.identity());
    }

    /** @param destination where tests have what an agent's connection is meant for */
    InterceptedConnections(
            ForTls tls,
            ForHttp http,
            ForHttps https,
            Budgets budgets,
            Clock clock,
            RelayLimits limits,
            UnaryOperator<InetSocketAddress> destination) {
        this.budgets = budgets;
        this.names = tls.names();
        this.decisions = tls.decisions();
        this.http = http;
        this.https = https;
        this.clock = clock;
        this.limits = limits;
        this.http2 = new AgentCounts(limits.http2().most(), limits.http2().mostOfAgent());
        this.shares = Http2Shares.of(limits.http2());
        this.places = new Places(limits.most(), limits.mostOfAgent());
        this.destination = destination;
    }

    @Override
    protected void initChannel(EpollSocketChannel channel) {
        InetSocketAddress from = channel.remoteAddress();
        InetSocketAddress to = channel.localAddress();
        if (from == null || to == null) {
            Relay.Resets.reset(channel);
            return;
        }
        Beginning beginning = new Beginning(channel, from.getAddress().getHostAddress(), destination.apply(to));
        if (!places.areLeft(beginning.agent)) {
            beginning.record(TlsVerdict.TOO_MANY);
            Relay.Resets.reset(channel);
            return;
        }
        beginning.place.holds(channel);
        Onward.prepareAccepted(channel);
        channel.pipeline().addLast(beginning);
    }

    /**
     * For connections to this process itself, as a proxy.
     *
     * @param served what is served so
     * @param lookup by which names are looked up as if the agent had asked for them
     */
    public ChannelInitializer<EpollSocketChannel> asked(AskedNames served, NameLookup lookup) {
        return new AskedConnections(
                this, new AskedConnections.Served(served, lookup, destination), http, clock, limits, places);
    }

    /**
     * Takes a connection that has said where it is to go.
     *
     * @param instead what has read that, and is in the pipeline no more
     * @param asked where, and whether that is still served
     * @param way to an address that was opened for it, intercepted
     * @param rest what came behind what was for this process; is released
     */
    void takeAsked(
            SocketChannel front, ChannelHandler instead, Places.Place place, StillServed asked, Way way, ByteBuf rest) {
        Beginning beginning = new Beginning(front, place, way, Optional.of(asked.where()));
        front.closeFuture().addListener(_ -> way.letGo());
        front.pipeline().replace(instead, null, beginning);
        beginning.await();
        Passing waiting = beginning.untilItHasSpoken(asked.served());
        beginning.passes(waiting);
        if (!waiting.holds()) {
            // Since it was connected.
            waiting.cut();
            rest.release();
            return;
        }
        front.config().setAutoRead(true);
        front.pipeline().fireChannelRead(rest);
        if (front.isInputShutdown() && front.pipeline().context(beginning) != null) {
            // It was told before there was anybody here to hear it.
            front.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    /** Whether it is so by now, whatever was opened. */
    boolean isClosed(InetSocketAddress to) {
        return names.isClosed(to.getAddress().getHostAddress());
    }

    /**
     * What pays for a tunnel to there before it is known what is sent; free where rules that decrypt may let it pass too.
     *
     * @param name as the agent has asked for it
     */
    Purse purseOfTunnel(String agent, InetSocketAddress to, String name) {
        String address = to.getAddress().getHostAddress();
        boolean decryptable =
                https.names().connects(agent, address, to.getPort(), name).isPresent();
        return !decryptable
                        && names.connects(agent, address, to.getPort(), name)
                                instanceof TlsNames.Result.Permitted(Permit _, List<String> rules)
                ? budgets.purse(agent, rules)
                : Purse.FREE;
    }

    /** To be called after names were taken back or addresses were closed: cuts what passed by them. */
    public void cutRevoked() {
        List<Passing> revoked = passing.stream().filter(each -> !each.holds()).toList();
        revoked.forEach(Passing::cut);
    }

    /** A connection until it is known whether it may pass. */
    private final class Beginning extends ChannelInboundHandlerAdapter {
        private final SocketChannel front;
        private final String agent;
        private final Way way;
        private final InetSocketAddress to;
        private final long began = System.nanoTime();
        /** Whoever goes on with the connection takes it, and frees what it holds. */
        private final ByteBuf received = Unpooled.buffer(512, ClientHello.LONGEST + (1 << 16));

        private boolean hasSpoken;
        private boolean beginsHttp2;
        private @Nullable String serverName;
        private final Places.Place place;
        private final Optional<AskedOnward> asked;
        private @Nullable ScheduledFuture<?> patience;
        private boolean decided;
        private boolean hasHttp2;

        Beginning(SocketChannel front, String agent, InetSocketAddress to) {
            this(front, places.of(agent), Way.to(to), Optional.empty());
        }

        /** @param asked by what the agent has said where it is to go; nothing else may pass */
        Beginning(SocketChannel front, Places.Place place, Way way, Optional<AskedOnward> asked) {
            this.front = front;
            this.agent = place.agent();
            this.place = place;
            this.way = way;
            this.to = way.to();
            this.asked = asked;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            await();
        }

        void await() {
            patience = front.eventLoop()
                    .schedule(
                            () -> {
                                if (!decided) {
                                    refuse(TlsVerdict.INCOMPLETE);
                                }
                            },
                            limits.hello().toMillis(),
                            TimeUnit.MILLISECONDS);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            try {
                if (decided && !front.isOpen()) {
                    return;
                }
                hasSpoken |= bytes.isReadable();
                received.writeBytes(bytes);
            } finally {
                bytes.release();
            }
            if (!decided) {
                judge();
            }
        }

        private void judge() {
            if (isHttp()) {
                beginsHttp2 = isHttp2SoFar();
                if (!beginsHttp2) {
                    goOnAsHttp();
                } else if (received.readableBytes() >= HTTP2.length) {
                    goOnAsHttp2();
                }
                return;
            }
            switch (ClientHello.read(received.nioBuffer())) {
                case ClientHello.Incomplete _ -> {}
                case ClientHello.Refused(TlsVerdict why) -> refuse(why);
                case ClientHello.Named(String name) -> {
                    serverName = name;
                    if (asked.isPresent() && !DomainName.asked(name).equals(asked.map(AskedOnward::name))) {
                        refuse(TlsVerdict.OTHER_NAME);
                        return;
                    }
                    switch (names.connects(agent, address(), to.getPort(), name)) {
                        case TlsNames.Result.Refused(TlsVerdict why) -> decryptOr(why, name);
                        case TlsNames.Result.Permitted(Permit permit, List<String> rules) ->
                            pay(permit, purse(rules), name);
                    }
                }
            }
        }

        /** Rules only add to each other: what a rule with tls alone lets pass is never decrypted. */
        private void decryptOr(TlsVerdict otherwise, String name) {
            Optional<Decryptable> decryptable = https.names().connects(agent, address(), to.getPort(), name);
            if (decryptable.isEmpty()) {
                refuse(otherwise);
            } else if (allDecrypted >= limits.mostDecrypted()
                    || decryptedOfAgents.getOrDefault(agent, 0) >= limits.mostDecryptedOfAgent()) {
                refuse(TlsVerdict.TOO_MANY);
            } else {
                decrypt(decryptable.get());
            }
        }

        private void decrypt(Decryptable decryptable) {
            decide();
            front.config().setAutoRead(false);
            countDecrypted();
            boolean offersHttp2 = http2.take(agent);
            if (offersHttp2) {
                front.closeFuture().addListener(_ -> giveBackHttp2());
                hasHttp2 = true;
            }
            https.certified()
                    .of(agent, decryptable.name())
                    .whenComplete((certified, failure) -> front.eventLoop().execute(() -> {
                        if (!front.isActive()) {
                            return;
                        }
                        if (failure != null) {
                            refuse(TlsVerdict.NOT_CERTIFIED);
                        } else if (!https.names().holds(agent, address(), decryptable.permit())) {
                            revoked(front);
                        } else {
                            Requests.Tls inside = new Requests.Tls(
                                    decryptable.name(),
                                    certified.offering(offersHttp2),
                                    https.trusted()::context,
                                    decryptable.permit(),
                                    () -> record(TlsVerdict.NOT_AGREED));
                            agreeOn(
                                    new Requests(
                                            agent,
                                            way,
                                            https.names(),
                                            Optional.of(inside),
                                            http.decisions(),
                                            clock,
                                            Optional.empty(),
                                            this::purse),
                                    inside);
                        }
                    }));
        }

        /** One of the places there are for HTTP/2. */
        private void giveBackHttp2() {
            if (hasHttp2) {
                hasHttp2 = false;
                http2.giveBack(agent);
            }
        }

        private void agreeOn(Requests requests, Requests.Tls inside) {
            Agreement agreement =
                    new Agreement(front, requests, inside, limits, place::holds, shares, this::giveBackHttp2);
            passes(agreement);
            front.pipeline().remove(this);
            agreement.begin(received);
        }

        private void passes(Passing what) {
            passing.add(what);
            front.closeFuture().addListener(_ -> passing.remove(what));
        }

        private void countDecrypted() {
            allDecrypted++;
            decryptedOfAgents.merge(agent, 1, Integer::sum);
            front.closeFuture().addListener(_ -> {
                allDecrypted--;
                decryptedOfAgents.computeIfPresent(agent, (_, count) -> count == 1 ? null : count - 1);
            });
        }

        /** A tunnel is for TLS alone; a request for a whole address is none. */
        private boolean isHttp() {
            return asked.map(where -> !where.tunnel())
                    .orElseGet(() -> received.isReadable()
                            && received.getByte(received.readerIndex()) != HANDSHAKE
                            && isForHttp());
        }

        private boolean isForHttp() {
            return http.names().has(agent, to.getPort());
        }

        /** A request for a whole address is never of HTTP/2. */
        private boolean isHttp2SoFar() {
            int known = Math.min(HTTP2.length, received.readableBytes());
            return asked.isEmpty()
                    && known > 0
                    && ByteBufUtil.equals(received, received.readerIndex(), Unpooled.wrappedBuffer(HTTP2), 0, known);
        }

        private void goOnAsHttp2() {
            decide();
            if (!http2.take(agent)) {
                recordHttp(HttpVerdict.TOO_MANY);
                Relay.Resets.reset(front);
                return;
            }
            front.closeFuture().addListener(_ -> http2.giveBack(agent));
            Requests requests = new Requests(
                    agent, way, http.names(), Optional.empty(), http.decisions(), clock, Optional.empty(), this::purse);
            Http2Relay relay = new Http2Relay(front, requests, limits, place::holds, shares);
            passes(relay);
            front.pipeline().remove(this);
            relay.begin(received);
        }

        private void goOnAsHttp() {
            byte first = received.getByte(received.readerIndex());
            decide();
            // A request may have empty lines before it.
            if ((first < 'A' || first > 'Z') && first != '\r' && first != '\n') {
                recordHttp(HttpVerdict.NOT_HTTP);
                Relay.Resets.reset(front);
                return;
            }
            Optional<String> only = asked.map(AskedOnward::name);
            goOn(new Requests(agent, way, http.names(), Optional.empty(), http.decisions(), clock, only, this::purse));
        }

        private Purse purse(List<String> rules) {
            if (!rules.isEmpty()) {
                Onward.holdLittle(front);
            }
            return budgets.purse(agent, rules);
        }

        private void goOn(Requests requests) {
            HttpRelay relay = new HttpRelay(front, requests, limits, place::holds);
            passes(relay);
            front.pipeline().remove(this);
            relay.begin(received);
        }

        /**
         * Nobody is connected to before there is something left that could pass. The rest waits in the socket. Rules only add to each other:
         * what those with tls alone have nothing left for, others may let pass decrypted.
         */
        private void pay(Permit permit, Purse purse, String name) {
            decide();
            front.config().setAutoRead(false);
            front.closeFuture().addListener(_ -> purse.end());
            purse.pay(0, outcome -> {
                if (!front.isActive()) {
                    return;
                }
                switch (outcome) {
                    case PAID -> goOn(permit, purse);
                    case USED_UP -> decryptOr(TlsVerdict.BUDGET_USED_UP, name);
                    case UNCHARGED, ENDED -> refuse(TlsVerdict.UNCHARGED);
                }
            });
        }

        private void goOn(Permit permit, Purse purse) {
            ChannelFuture connecting =
                    way.connect(front.eventLoop(), limits.connect(), new ChannelInboundHandlerAdapter());
            place.holds(connecting.channel());
            front.closeFuture().addListener(_ -> {
                if (!connecting.isDone()) {
                    // Nobody waits for it any more.
                    connecting.channel().close();
                }
            });
            connecting.addListener((ChannelFuture connected) -> {
                Channel channel = connected.channel();
                if (!front.isActive()) {
                    Relay.Resets.reset(channel);
                } else if (!connected.isSuccess() || !(channel instanceof SocketChannel back)) {
                    record(TlsVerdict.UNREACHABLE);
                    Relay.Resets.reset(front);
                } else if (!holds(permit)) {
                    revoked(front, back);
                } else {
                    if (!purse.isFree()) {
                        Onward.holdLittleOf(back);
                    }
                    relay(permit, purse, back);
                }
            });
        }

        /** A connection to the other side is there, perhaps, and nothing has passed by it. */
        Passing untilItHasSpoken(BooleanSupplier served) {
            return new Passing() {
                @Override
                public boolean holds() {
                    return decided || (!isClosed(to) && served.getAsBoolean());
                }

                @Override
                public void cut() {
                    if (!decided) {
                        decide();
                        revoked(front);
                    }
                }
            };
        }

        private boolean holds(Permit permit) {
            return names.holds(agent, address(), permit);
        }

        private String address() {
            return to.getAddress().getHostAddress();
        }

        private void revoked(SocketChannel... channels) {
            record(TlsVerdict.REVOKED);
            for (SocketChannel channel : channels) {
                Relay.Resets.reset(channel);
            }
        }

        private void relay(Permit permit, Purse purse, SocketChannel back) {
            record(TlsVerdict.PASSED);
            Relay.Payment payment = new Relay.Payment(purse, outcome -> record(Charging.tls(outcome)));
            Relay relay = new Relay(() -> holds(permit), front, back, limits.idle(), payment);
            passing.add(relay);
            front.closeFuture().addListener(_ -> {
                passing.remove(relay);
                if (!holds(permit)) {
                    record(TlsVerdict.REVOKED);
                }
            });
            front.pipeline().remove(this);
            relay.begin(received);
        }

        /** What waits for the decision would keep all of this until then. */
        private void decide() {
            decided = true;
            if (patience != null) {
                patience.cancel(false);
            }
        }

        private void refuse(TlsVerdict why) {
            decide();
            record(why);
            front.config().setAutoRead(false);
            if (why == TlsVerdict.NOT_TLS || why == TlsVerdict.INCOMPLETE) {
                Relay.Resets.reset(front);
            } else {
                front.writeAndFlush(Unpooled.wrappedBuffer(Alert.of(why))).addListener(_ -> Relay.Resets.reset(front));
            }
        }

        private void recordHttp(HttpVerdict verdict) {
            http.decisions().accept(HttpExchange.unread().decision(clock.millis(), agent, to, null, verdict));
        }

        /** Of one that has said nothing yet it is told by what may pass there. */
        private void record(TlsVerdict verdict) {
            if ((!hasSpoken || beginsHttp2) && isForHttp()) {
                recordHttp(verdict == TlsVerdict.TOO_MANY ? HttpVerdict.TOO_MANY : HttpVerdict.INCOMPLETE);
                return;
            }
            decisions.accept(new TlsDecision(
                    clock.millis(),
                    agent,
                    to.getAddress().getHostAddress(),
                    to.getPort(),
                    serverName == null ? null : serverName.replaceAll("[^\\x20-\\x7e]", "?"),
                    verdict,
                    (System.nanoTime() - began) / 1000));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent && !decided) {
                refuse(TlsVerdict.INCOMPLETE);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!decided) {
                decide();
                record(TlsVerdict.INCOMPLETE);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            Relay.Resets.reset(front);
        }
    }
}
