package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.names.NameLookup;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttp;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Takes connections to this process itself, as a proxy: where they are to go is asked for by CONNECT or by a whole address, the name is
 * looked up as if the agent had asked for it, and from there on they are as those that the fence has handed over. For the event loop's
 * thread.
 */
final class AskedConnections extends ChannelInitializer<EpollSocketChannel> {
    private static final String ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

    private final InterceptedConnections onward;
    private final Served served;
    private final ForHttp http;
    private final Clock clock;
    private final RelayLimits limits;
    private final Places places;

    /**
     * What can be asked for.
     *
     * @param destination where tests have what an agent's connection is meant for
     */
    record Served(AskedNames names, NameLookup lookup, UnaryOperator<InetSocketAddress> destination) {}

    /** @param places those of the connections that are handed over, too */
    AskedConnections(
            InterceptedConnections onward,
            Served served,
            ForHttp http,
            Clock clock,
            RelayLimits limits,
            Places places) {
        this.onward = onward;
        this.served = served;
        this.http = http;
        this.clock = clock;
        this.limits = limits;
        this.places = places;
    }

    @Override
    protected void initChannel(EpollSocketChannel channel) {
        InetSocketAddress from = channel.remoteAddress();
        InetSocketAddress own = channel.localAddress();
        if (from == null || own == null) {
            Relay.Resets.reset(channel);
            return;
        }
        Asking asking = new Asking(channel, places.of(from.getAddress().getHostAddress()), own);
        if (!places.areLeft(asking.agent)) {
            // Not answered: what is answered takes a place until the agent has read it.
            asking.record(HttpVerdict.TOO_MANY, 0);
            Relay.Resets.reset(channel);
            return;
        }
        asking.place.holds(channel);
        Onward.prepareAccepted(channel);
        channel.pipeline().addLast(asking);
    }

    /** A connection until it is known where it is to go. */
    private final class Asking extends ChannelInboundHandlerAdapter {
        /** As much as a request's head may have. */
        private static final int LONGEST = 24 << 10;

        private final SocketChannel front;
        private final Places.Place place;
        private final String agent;
        private final InetSocketAddress own;
        private final ByteBuf received = Unpooled.buffer(512, LONGEST + (1 << 16));
        private HttpExchange exchange = HttpExchange.unread();
        private Optional<AskedOnward> where = Optional.empty();
        private @Nullable ScheduledFuture<?> patience;

        /** Nothing more is read: the name is being looked up, or it is over. */
        private boolean decided;

        /** It was told what becomes of it. */
        private boolean over;

        Asking(SocketChannel front, Places.Place place, InetSocketAddress own) {
            this.front = front;
            this.place = place;
            this.agent = place.agent();
            this.own = own;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            patience = context.executor().schedule(this::late, limits.hello().toMillis(), TimeUnit.MILLISECONDS);
        }

        private void late() {
            if (decided) {
                refuse(HttpVerdict.UNREACHABLE, "; the name was not resolved in time", Optional.empty());
            } else {
                incomplete();
            }
        }

        private void incomplete() {
            if (!decided) {
                end();
                record(HttpVerdict.INCOMPLETE, 0);
                Relay.Resets.reset(front);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            boolean line;
            try {
                if (over) {
                    return;
                }
                line = bytes.indexOf(bytes.readerIndex(), bytes.writerIndex(), (byte) '\n') >= 0;
                received.writeBytes(bytes);
            } finally {
                bytes.release();
            }
            // Where no line has ended there is nothing new to be read.
            if (!decided && (line || received.readableBytes() > LONGEST)) {
                look();
            }
        }

        private void look() {
            String text = received.toString(StandardCharsets.ISO_8859_1);
            int line = text.indexOf("\r\n");
            String first = text.substring(0, Math.max(line, 0));
            if (line >= 0 && where.isEmpty()) {
                where = AskedOnward.read(first);
                exchange = where.map(HttpExchange::asked).orElse(exchange);
            }
            if (where.isPresent()) {
                look(where.get(), text, line);
            } else if (line >= 0) {
                refuseLine(first);
            } else if (text.length() > LONGEST) {
                refuse(HttpVerdict.TOO_LARGE, "", Optional.empty());
            }
        }

        private void look(AskedOnward to, String text, int line) {
            int end = text.indexOf("\r\n\r\n");
            if (!to.tunnel()) {
                ask(to, 0);
            } else if (end >= 0) {
                if (TunnelHead.isClear(text.substring(Math.min(line + 2, end), end), to)) {
                    ask(to, end + 4);
                } else {
                    refuse(HttpVerdict.MALFORMED, TunnelHead.WANTED, Optional.empty());
                }
            } else if (text.length() > LONGEST) {
                refuse(HttpVerdict.TOO_LARGE, "", Optional.empty());
            }
        }

        private void refuseLine(String first) {
            if (AskedOnward.isForAddress(first)) {
                refuse(
                        HttpVerdict.NOT_SERVED,
                        "this proxy connects to names, not to addresses: where a rule with ipBlock, or one that selects agents, allows an address it is reached directly, without this proxy (NO_PROXY)",
                        Optional.empty());
            } else {
                refuse(HttpVerdict.OTHER_PROTOCOL, AskedOnward.WANTED, Optional.empty());
            }
        }

        /** @param head bytes that are for this process alone */
        private void ask(AskedOnward to, int head) {
            Optional<AskedNames.NotServed> not = served.names().notServed(agent, to);
            if (not.isPresent()) {
                refuse(HttpVerdict.NOT_SERVED, not.get().message(), not.get().toAllow());
                return;
            }
            decided = true;
            front.config().setAutoRead(false);
            served.lookup()
                    .lookUp(agent, to.name())
                    .whenComplete((result, failure) ->
                            front.eventLoop().execute(() -> lookedUp(to, head, failure == null ? result : null)));
        }

        private void lookedUp(AskedOnward to, int head, NameLookup.@Nullable Result result) {
            if (over || !front.isActive()) {
                return;
            }
            String of = "; " + to.name() + " is not resolved: ";
            switch (result) {
                case NameLookup.Result.Opened(var addresses) -> goOn(to, head, addresses.getFirst());
                case NameLookup.Result.Denied(String why) -> refuse(HttpVerdict.UNRESOLVED, of + why, Optional.empty());
                case NameLookup.Result.Failed(String why) ->
                    refuse(HttpVerdict.UNREACHABLE, of + why, Optional.empty());
                case null -> refuse(HttpVerdict.UNREACHABLE, of + "the names' process has no time", Optional.empty());
            }
        }

        private void goOn(AskedOnward to, int head, String address) {
            end();
            InetSocketAddress meant = served.destination().apply(new InetSocketAddress(plain(address), to.port()));
            if (to.tunnel()) {
                front.writeAndFlush(Unpooled.copiedBuffer(ESTABLISHED, StandardCharsets.US_ASCII));
            }
            received.skipBytes(head);
            onward.takeAsked(front, this, place, to, meant, received.copy());
        }

        /** Never looked up: it is an address in plain notation. */
        private static InetAddress plain(String address) {
            try {
                return InetAddress.getByAddress(NetUtil.createByteArrayFromIpAddressString(address));
            } catch (UnknownHostException impossible) {
                throw new IllegalStateException("no address: " + address, impossible);
            }
        }

        private void end() {
            decided = true;
            over = true;
            if (patience != null) {
                patience.cancel(false);
            }
        }

        private void refuse(HttpVerdict why, String what, Optional<String> toAllow) {
            if (over) {
                return;
            }
            end();
            front.config().setAutoRead(false);
            Refusal refusal = Refusal.ofAsked(agent, own.getPort(), why, where, what, toAllow);
            record(why, refusal.status().code());
            front.pipeline().addLast(new HttpResponseEncoder());
            front.writeAndFlush(refusal.answer())
                    .addListener(_ -> Relay.endOutput(
                            front,
                            () -> front.eventLoop().schedule(() -> Relay.Resets.reset(front), 1, TimeUnit.SECONDS)));
        }

        private void record(HttpVerdict verdict, int status) {
            exchange.answeredWith(status);
            http.decisions().accept(exchange.decision(clock.millis(), agent, own, null, verdict));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                incomplete();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            incomplete();
            end();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            end();
            Relay.Resets.reset(front);
        }
    }
}
