package dev.agentcontainers.bench.egress;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;

/** The server of {@link HttpProxies}: listens at ADDRESS PORT and answers with 100 bytes, or 1 MiB where the path ends so. */
final class HttpOrigin {
    private static final byte[] SMALL = new byte[100];
    private static final byte[] LARGE = new byte[1 << 20];

    private HttpOrigin() {}

    public static void main(String[] arguments) {
        EpollEventLoopGroup group = new EpollEventLoopGroup(1);
        new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new Answering());
                    }
                })
                .bind(arguments[0], Integer.parseInt(arguments[1]))
                .syncUninterruptibly();
        System.out.println("ready");
    }

    private static final class Answering extends SimpleChannelInboundHandler<Object> {
        private byte[] answer = SMALL;

        @Override
        protected void channelRead0(ChannelHandlerContext context, Object message) {
            if (message instanceof HttpRequest request) {
                answer = request.uri().endsWith("/large") ? LARGE : SMALL;
            }
            if (message instanceof LastHttpContent) {
                FullHttpResponse response = new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(answer));
                response.headers().set(HttpHeaderNames.CONTENT_LENGTH, answer.length);
                context.writeAndFlush(response);
            }
        }

        /** Of a client that goes away, as wrk does. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
