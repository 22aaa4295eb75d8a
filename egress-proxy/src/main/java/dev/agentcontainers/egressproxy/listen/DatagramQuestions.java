package dev.agentcontainers.egressproxy.listen;

import dev.agentcontainers.egressproxy.names.NameService;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;

/** Questions by UDP. */
public final class DatagramQuestions extends SimpleChannelInboundHandler<DatagramPacket> {
    private static final Logger LOG = System.getLogger(DatagramQuestions.class.getName());

    private final NameService service;

    public DatagramQuestions(NameService service) {
        this.service = service;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
        InetSocketAddress sender = packet.sender();
        service.ask(
                sender.getAddress().getHostAddress(),
                ByteBufUtil.getBytes(packet.content()),
                false,
                answer -> context.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(answer), sender)));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // An agent that is gone, for example: the socket is all agents' and stays open.
        LOG.log(Level.DEBUG, "a datagram failed", cause);
    }
}
