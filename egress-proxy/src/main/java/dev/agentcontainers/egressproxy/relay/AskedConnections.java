package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Purse;
import dev.agentcontainers.egressproxy.names.NameLookup;
import dev.agentcontainers.egressproxy.names.Openings;
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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
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

    private enum Phase {
        /** What it asks for. */
        READING,
        /** The name, of which nothing more is read. */
        LOOKING_UP,
        CONNECTING,
        /** It was refused, handed on or ended. */
        OVER
    }

    /** A connection until it is known where it is to go, and there is a way to there. */
    private final class Asking extends ChannelInboundHandlerAdapter {
        private final SocketChannel front;
        private final Places.Place place;
        private final String agent;
        private final InetSocketAddress own;
        private final ByteBuf received = Unpooled.buffer(512, AskedHead.LONGEST + (1 << 16));
        private final AskedHead head = new AskedHead();
        private HttpExchange exchange = HttpExchange.unread();
        private Phase phase = Phase.READING;
        private @Nullable ScheduledFuture<?> patience;
        private @Nullable Dialling dialling;
        private Purse purse = Purse.FREE;

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
            switch (phase) {
                case READING -> incomplete();
                case LOOKING_UP -> refuseWhatIsAllowed(HttpVerdict.UNRESOLVED, "; the name was not resolved in time");
                case CONNECTING, OVER -> {}
            }
        }

        /** Nobody is there who could be told. */
        private void incomplete() {
            if (phase != Phase.OVER) {
                end();
                record(HttpVerdict.INCOMPLETE, 0);
                Relay.Resets.reset(front);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            try {
                if (phase == Phase.OVER) {
                    return;
                }
                received.writeBytes(bytes);
            } finally {
                bytes.release();
            }
            if (phase == Phase.READING) {
                look();
            }
        }

        private void look() {
            AskedHead.Result result = head.read(received);
            exchange = head.where().map(HttpExchange::asked).orElse(exchange);
            switch (result) {
                case AskedHead.Result.Incomplete _ -> {}
                case AskedHead.Result.TooLong _ -> refuse(HttpVerdict.TOO_LARGE, "");
                case AskedHead.Result.Unclear _ -> refuse(HttpVerdict.MALFORMED, TunnelHead.WANTED);
                case AskedHead.Result.Unreadable(String line) -> refuseLine(line);
                case AskedHead.Result.Whole(AskedOnward to, int length) -> ask(to, length);
            }
        }

        private void refuseLine(String first) {
            if (AskedOnward.isForAddress(first)) {
                refuse(
                        HttpVerdict.NOT_SERVED,
                        "this proxy connects to names, not to addresses: where a rule with ipBlock, or one that selects agents, allows an address it is reached directly, without this proxy (NO_PROXY)");
            } else {
                refuse(HttpVerdict.OTHER_PROTOCOL, AskedOnward.WANTED);
            }
        }

        /** @param length of the head, where it is for this process alone */
        private void ask(AskedOnward to, int length) {
            if (isRefused(to)) {
                return;
            }
            phase = Phase.LOOKING_UP;
            front.config().setAutoRead(false);
            served.lookup()
                    .lookUp(agent, to.name())
                    .whenComplete((result, failure) ->
                            front.eventLoop().execute(() -> lookedUp(to, length, failure == null ? result : null)));
        }

        private boolean isRefused(AskedOnward to) {
            Optional<AskedNames.NotServed> not = served.names().notServed(agent, to);
            not.ifPresent(each ->
                    refuse(HttpVerdict.NOT_SERVED, refusal(HttpVerdict.NOT_SERVED, each.message(), each.toAllow())));
            return not.isPresent();
        }

        private void lookedUp(AskedOnward to, int length, NameLookup.@Nullable Result result) {
            if (phase != Phase.LOOKING_UP) {
                return;
            }
            String of = "; " + to.name() + " is not resolved: ";
            switch (result) {
                case NameLookup.Result.Opened(Openings.Opened opened) ->
                    opened(to, length, opened.interceptedAt(to.port()));
                case NameLookup.Result.Denied(String why) -> refuse(HttpVerdict.UNRESOLVED, of + why);
                case NameLookup.Result.Failed(String why) -> refuseWhatIsAllowed(HttpVerdict.UNRESOLVED, of + why);
                case null -> refuseWhatIsAllowed(HttpVerdict.UNRESOLVED, of + "the names' process has no time");
            }
        }

        /** @param addresses those alone at which the agent's own connection to that port would have been handed over */
        private void opened(AskedOnward to, int length, List<String> addresses) {
            if (isRefused(to)) {
                // By now.
                return;
            }
            List<InetSocketAddress> meant = addresses.stream()
                    .map(each -> served.destination().apply(new InetSocketAddress(plain(each), to.port())))
                    // By now.
                    .filter(each -> !onward.isClosed(each))
                    .limit(Dialling.MOST)
                    .toList();
            if (meant.isEmpty()) {
                refuse(
                        HttpVerdict.UNRESOLVED,
                        "; " + to.name()
                                + " has addresses only that rules without tls and http open, if any: these are reached directly, without this proxy (NO_PROXY)");
            } else if (to.tunnel()) {
                pay(to, length, meant);
            } else {
                // It is connected when its head has been judged.
                goOn(to, length, Way.inTurn(meant));
            }
        }

        /** Nobody is connected to before there is something left that could pass. */
        private void pay(AskedOnward to, int length, List<InetSocketAddress> meant) {
            phase = Phase.CONNECTING;
            Purse its = onward.purseOfTunnel(agent, meant.getFirst(), to.name());
            purse = its;
            its.pay(0, outcome -> {
                if (phase != Phase.CONNECTING) {
                    return;
                }
                switch (outcome) {
                    case PAID -> connect(to, length, meant);
                    case USED_UP ->
                        refuse(
                                HttpVerdict.BUDGET_USED_UP,
                                "the budgets of the rules with tls that allow %s at port %d are used up: %s"
                                        .formatted(to.name(), to.port(), String.join(", ", its.rules())));
                    case UNCHARGED, ENDED -> refuse(HttpVerdict.UNCHARGED, "");
                }
            });
        }

        /** Before the agent is told that it is connected, it is. */
        private void connect(AskedOnward to, int length, List<InetSocketAddress> meant) {
            Dialling its = new Dialling(
                    front.eventLoop(),
                    meant,
                    limits.connect(),
                    onward::isClosed,
                    place::holds,
                    whenConnected(to, length));
            dialling = its;
            its.next();
        }

        private Dialling.Listener whenConnected(AskedOnward to, int length) {
            return new Dialling.Listener() {
                @Override
                public void connected(SocketChannel channel, InetSocketAddress address) {
                    if (isRefused(to)) {
                        Relay.Resets.reset(channel);
                    } else if (onward.isClosed(address)) {
                        Relay.Resets.reset(channel);
                        refuse(HttpVerdict.UNRESOLVED, "; " + to.name() + " leads to what is closed by now");
                    } else {
                        front.writeAndFlush(Unpooled.copiedBuffer(ESTABLISHED, StandardCharsets.US_ASCII));
                        goOn(to, length, Way.by(channel, address));
                    }
                }

                @Override
                public void failed(String why) {
                    refuseWhatIsAllowed(HttpVerdict.UNREACHABLE, ": " + why);
                }
            };
        }

        private void goOn(AskedOnward to, int length, Way way) {
            end();
            received.skipBytes(length);
            BooleanSupplier still = () -> served.names().notServed(agent, to).isEmpty();
            onward.takeAsked(front, this, place, new InterceptedConnections.StillServed(to, still), way, received);
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
            phase = Phase.OVER;
            purse.end();
            if (patience != null) {
                patience.cancel(false);
            }
            if (dialling != null) {
                dialling.cancel();
            }
        }

        private Refusal refusal(HttpVerdict why, String what, Optional<String> toAllow) {
            return Refusal.ofAsked(agent, own.getPort(), why, head.where(), what, toAllow);
        }

        private void refuse(HttpVerdict why, String what) {
            refuse(why, refusal(why, what, Optional.empty()));
        }

        private void refuseWhatIsAllowed(HttpVerdict why, String what) {
            refuse(why, refusal(why, what, Optional.empty()).ofWhatIsAllowed());
        }

        private void refuse(HttpVerdict why, Refusal refusal) {
            if (phase == Phase.OVER) {
                return;
            }
            end();
            front.config().setAutoRead(false);
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
            if (event instanceof ChannelInputShutdownEvent && phase == Phase.READING) {
                incomplete();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            incomplete();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // With a reset the agent has gone; what else fails here is told nobody but the record.
            incomplete();
            Relay.Resets.reset(front);
        }
    }
}
