package dev.agentcontainers.bench.egress;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;

/** Listens at ADDRESS PORT and relays each connection to ADDRESS PORT without looking at what passes. */
final class NettyRelay {
    private NettyRelay() {}

    public static void main(String[] arguments) {
        EpollEventLoopGroup group = new EpollEventLoopGroup(1);
        new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel near) {
                        connect(near, arguments[2], Integer.parseInt(arguments[3]));
                    }
                })
                .bind(arguments[0], Integer.parseInt(arguments[1]))
                .syncUninterruptibly();
        System.out.println("ready");
    }

    private static void connect(Channel near, String address, int port) {
        new Bootstrap()
                .group(near.eventLoop())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .handler(new To(near))
                .connect(address, port)
                .addListener((ChannelFutureListener) connected -> {
                    if (!connected.isSuccess()) {
                        near.close();
                        return;
                    }
                    near.pipeline().addLast(new To(connected.channel()));
                    near.read();
                    connected.channel().read();
                });
    }

    /** Reads on when what was read is written. */
    private static final class To extends ChannelInboundHandlerAdapter {
        private final Channel other;

        To(Channel other) {
            this.other = other;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            other.writeAndFlush(message).addListener((ChannelFutureListener) written -> {
                if (written.isSuccess()) {
                    context.read();
                } else {
                    context.close();
                }
            });
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            other.close();
        }

        /** Of a client that goes away, as wrk does. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
