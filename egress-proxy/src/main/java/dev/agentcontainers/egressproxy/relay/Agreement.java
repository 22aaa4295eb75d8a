package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An agent's connection until this process and the agent have agreed on TLS, and on which version of HTTP is inside; then it is what passes
 * there. For the event loop's thread.
 */
final class Agreement extends ChannelInboundHandlerAdapter implements Passing {
    private final SocketChannel front;
    private final Requests requests;
    private final Requests.Tls tls;
    private final RelayLimits limits;
    private final Consumer<Channel> place;
    private final Http2Shares shares;
    private final Runnable onHttp1;
    private final long began = System.nanoTime();
    private final TlsBounds bounds = new TlsBounds();
    private @Nullable Passing inside;
    private @Nullable ScheduledFuture<?> patience;
    private boolean inputEnded;
    private boolean ended;

    /**
     * @param place is told of the connections to the other side
     * @param shares of what there is of HTTP/2 for all agents
     * @param onHttp1 is told when it is agreed that it is not HTTP/2
     */
    Agreement(
            SocketChannel front,
            Requests requests,
            Requests.Tls tls,
            RelayLimits limits,
            Consumer<Channel> place,
            Http2Shares shares,
            Runnable onHttp1) {
        this.front = front;
        this.requests = requests;
        this.tls = tls;
        this.limits = limits;
        this.place = place;
        this.shares = shares;
        this.onHttp1 = onHttp1;
    }

    /** Takes the connection over, with what was read of it. */
    void begin(ByteBuf read) {
        front.config().setAutoRead(false);
        SslHandler handler = tls.front().newHandler(front.alloc());
        // There is a time for all of the beginning.
        handler.setHandshakeTimeoutMillis(0);
        front.pipeline().addLast(bounds, handler, new Inside(bounds), this);
        patience = front.eventLoop()
                .schedule(() -> end(HttpVerdict.INCOMPLETE), limits.hello().toNanos(), TimeUnit.NANOSECONDS);
        handler.handshakeFuture().addListener(agreed -> {
            if (ended) {
                return;
            }
            if (agreed.isSuccess()) {
                goOn(handler.applicationProtocol());
            } else {
                // The alert that says why is on its way, and Netty ends the connection behind it.
                endQuietly();
                tls.onFailure().run();
            }
        });
        front.pipeline().fireChannelRead(read);
        // What answers the handshake is flushed then, and the handler reads on by itself; nobody has asked for what is
        // inside.
        front.pipeline().fireChannelReadComplete();
        if (front.isInputShutdown()) {
            // It was told before there was anybody here to hear it.
            front.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    private void goOn(@Nullable String protocol) {
        endQuietly();
        ChannelHandlerContext before = front.pipeline().context(Inside.class);
        front.pipeline().remove(this);
        Duration left = limits.hello().minusNanos(System.nanoTime() - began);
        if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
            bounds.boundByFrames();
            Http2Relay relay = new Http2Relay(front, requests, limits, place, shares);
            inside = relay;
            relay.begin(left);
        } else {
            onHttp1.run();
            HttpRelay relay = new HttpRelay(front, requests, limits, place);
            inside = relay;
            relay.begin(left);
        }
        if (inputEnded) {
            before.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    private void endQuietly() {
        ended = true;
        if (patience != null) {
            patience.cancel(false);
        }
    }

    private void end(HttpVerdict why) {
        if (!ended) {
            endQuietly();
            requests.tell(HttpExchange.unread(), why);
            Relay.Resets.reset(front);
        }
    }

    @Override
    public boolean holds() {
        return inside == null ? requests.holds(tls.permit()) : inside.holds();
    }

    @Override
    public void cut() {
        if (inside == null) {
            end(HttpVerdict.REVOKED);
        } else {
            inside.cut();
        }
    }

    /** Nothing is given before it is asked for. */
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ReferenceCountUtil.release(message);
        end(HttpVerdict.BROKEN);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(HttpVerdict.INCOMPLETE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // With a reset the agent has gone before anything was agreed.
        end(HttpVerdict.INCOMPLETE);
    }
}
