package dev.agentcontainers.egressproxy.upstream;

import dev.agentcontainers.egressproxy.names.AnswerReader;
import dev.agentcontainers.egressproxy.names.Resolution;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;

/**
 * One name's way to an answer: servers in turn, each try with a socket, port and id of its own; by TCP where an answer is
 * cut or forged ones arrive. For the event loop's thread.
 */
final class Exchange {
    private static final int LONGEST = 65535;

    /** Messages that are no answer to the question after which the port must be known to somebody. */
    private static final int MOST_FOREIGN = 8;

    private final EventLoop loop;
    private final UpstreamTimes times;
    private final RandomGenerator random;
    private final String name;
    private final Deque<InetSocketAddress> tries = new ArrayDeque<>();
    private final CompletableFuture<Resolution> result = new CompletableFuture<>();
    private String lastFailure = "there is no resolver";
    private int tryNumber;
    private @Nullable ScheduledFuture<?> patience;
    private @Nullable Channel open;

    Exchange(
            EventLoop loop, List<InetSocketAddress> servers, UpstreamTimes times, RandomGenerator random, String name) {
        this.loop = loop;
        this.times = times;
        this.random = random;
        this.name = name;
        List<InetSocketAddress> all = new ArrayList<>();
        for (int round = 0; round < times.rounds(); round++) {
            all.addAll(servers);
        }
        tries.addAll(all);
    }

    CompletableFuture<Resolution> start() {
        ScheduledFuture<?> whole = loop.schedule(
                () -> finish(new Resolution.Failed(
                        "no answer within " + times.whole().toMillis() + " ms")),
                times.whole().toMillis(),
                TimeUnit.MILLISECONDS);
        result.whenComplete((_, _) -> {
            whole.cancel(false);
            end();
        });
        next();
        return result;
    }

    private void next() {
        if (result.isDone()) {
            return;
        }
        InetSocketAddress server = tries.poll();
        if (server == null) {
            finish(new Resolution.Failed(lastFailure));
            return;
        }
        UpstreamQuestion question = UpstreamQuestion.of(name, random);
        int number = begin(times.datagram(), server + " doesn't answer");
        connect(
                new Bootstrap()
                        .group(loop)
                        .channel(EpollDatagramChannel.class)
                        .handler(new Datagrams(number, server, question)),
                number,
                server,
                Unpooled.wrappedBuffer(question.bytes()));
    }

    private void byStream(InetSocketAddress server) {
        UpstreamQuestion question = UpstreamQuestion.of(name, random);
        int number = begin(times.stream(), server + " doesn't answer by TCP");
        connect(
                new Bootstrap()
                        .group(loop)
                        .channel(EpollSocketChannel.class)
                        .option(
                                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                                Math.toIntExact(times.stream().toMillis()))
                        .handler(new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                channel.pipeline()
                                        .addLast(
                                                new LengthFieldBasedFrameDecoder(LONGEST, 0, 2, 0, 2),
                                                new LengthFieldPrepender(2),
                                                new Stream(number, question));
                            }
                        }),
                number,
                server,
                Unpooled.wrappedBuffer(question.bytes()));
    }

    private int begin(Duration longest, String failure) {
        close();
        int number = ++tryNumber;
        patience = loop.schedule(() -> failed(number, failure), longest.toMillis(), TimeUnit.MILLISECONDS);
        return number;
    }

    private void connect(Bootstrap bootstrap, int number, InetSocketAddress server, ByteBuf question) {
        ChannelFuture connected = bootstrap.connect(server);
        open = connected.channel();
        connected.addListener(done -> {
            if (done.isSuccess() && number == tryNumber && !result.isDone()) {
                connected.channel().writeAndFlush(question);
            } else {
                question.release();
                if (!done.isSuccess()) {
                    failed(number, server + ": " + done.cause().getMessage());
                }
            }
        });
    }

    private void failed(int number, String why) {
        if (number == tryNumber && !result.isDone()) {
            lastFailure = why;
            next();
        }
    }

    /** An answer that says nothing of the name leads to the next server. */
    private void answered(int number, Message response, UpstreamQuestion question) {
        if (number != tryNumber) {
            return;
        }
        int code = response.getRcode();
        Resolution resolution = AnswerReader.read(response, question.name());
        if (resolution instanceof Resolution.Failed failed && code != Rcode.NOERROR && !tries.isEmpty()) {
            failed(number, failed.reason());
        } else {
            finish(resolution);
        }
    }

    private void finish(Resolution resolution) {
        result.complete(resolution);
    }

    /** Nothing that comes now belongs to a try. */
    private void end() {
        tryNumber++;
        close();
    }

    /**
     * Ends the try. Its channel is not closed from here: behind a datagram Netty reads on from the descriptor, whose number may be
     * another's where it was closed meanwhile.
     */
    private void close() {
        if (patience != null) {
            patience.cancel(false);
            patience = null;
        }
        if (open != null) {
            loop.execute(open::close);
            open = null;
        }
    }

    private final class Datagrams extends SimpleChannelInboundHandler<DatagramPacket> {
        private final int number;
        private final InetSocketAddress server;
        private final UpstreamQuestion question;
        private int foreign;

        Datagrams(int number, InetSocketAddress server, UpstreamQuestion question) {
            this.number = number;
            this.server = server;
            this.question = question;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            if (number != tryNumber) {
                return;
            }
            Optional<Message> response = question.responseIn(ByteBufUtil.getBytes(packet.content()));
            if (response.isEmpty()) {
                // Not yet given up: whoever forges one must not keep the true one away.
                if (++foreign >= MOST_FOREIGN) {
                    byStream(server);
                }
            } else if (response.get().getHeader().getFlag(Flags.TC)) {
                byStream(server);
            } else {
                answered(number, response.get(), question);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failed(number, server + ": " + cause.getMessage());
        }
    }

    private final class Stream extends SimpleChannelInboundHandler<ByteBuf> {
        private final int number;
        private final UpstreamQuestion question;

        Stream(int number, UpstreamQuestion question) {
            this.number = number;
            this.question = question;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
            Optional<Message> response = question.responseIn(ByteBufUtil.getBytes(frame));
            if (response.isEmpty()) {
                failed(number, context.channel().remoteAddress() + " answers another question");
            } else {
                answered(number, response.get(), question);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            failed(number, "the connection to the resolver was closed");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failed(number, String.valueOf(cause.getMessage()));
        }
    }
}
