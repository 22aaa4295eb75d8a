package dev.agentcontainers.egressproxy.listen;

import dev.agentcontainers.egressproxy.names.NameService;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Questions by TCP (RFC 7766): several on one connection, answered in any order. A connection that is silent, or takes no
 * answers, is closed; each agent has so many only. For the event loop's thread.
 */
public final class StreamQuestions extends ChannelInitializer<Channel> {
    private static final int LONGEST_QUESTION = 4096;
    private static final int MOST_OF_AGENT = 8;
    private static final int MOST = 512;

    private final NameService service;
    private final Duration patience;
    private final Map<String, Integer> connections = new HashMap<>();
    private int all;

    /** @param patience without any question after which, or at twice of which, a connection is closed */
    public StreamQuestions(NameService service, Duration patience) {
        this.service = service;
        this.patience = patience;
    }

    @Override
    protected void initChannel(Channel channel) {
        if (!(channel.remoteAddress() instanceof InetSocketAddress remote)) {
            channel.close();
            return;
        }
        String agent = remote.getAddress().getHostAddress();
        if (all >= MOST || connections.getOrDefault(agent, 0) >= MOST_OF_AGENT) {
            channel.close();
            return;
        }
        all++;
        connections.merge(agent, 1, Integer::sum);
        channel.closeFuture().addListener(_ -> {
            all--;
            connections.computeIfPresent(agent, (_, count) -> count == 1 ? null : count - 1);
        });
        channel.pipeline()
                .addLast(
                        new LengthFieldBasedFrameDecoder(LONGEST_QUESTION, 0, 2, 0, 2),
                        new LengthFieldPrepender(2),
                        new Connection(agent));
    }

    private final class Connection extends SimpleChannelInboundHandler<ByteBuf> {
        private final String agent;
        private boolean asked;

        Connection(String agent) {
            this.agent = agent;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            closeUnlessAsked(context);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
            asked = true;
            service.ask(agent, ByteBufUtil.getBytes(frame), true, answer -> {
                if (context.channel().isWritable()) {
                    context.writeAndFlush(Unpooled.wrappedBuffer(answer));
                } else {
                    context.close();
                }
            });
        }

        private void closeUnlessAsked(ChannelHandlerContext context) {
            context.executor()
                    .schedule(
                            () -> {
                                if (asked && context.channel().isActive()) {
                                    asked = false;
                                    closeUnlessAsked(context);
                                } else {
                                    context.close();
                                }
                            },
                            patience.toMillis(),
                            TimeUnit.MILLISECONDS);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
