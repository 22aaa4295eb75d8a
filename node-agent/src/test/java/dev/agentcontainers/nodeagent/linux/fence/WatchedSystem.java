package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.bpf.PacketPrograms;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceCalls;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.Nftables;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** The real system, which tells what was asked of the kernel and can be made slow to answer one question. */
final class WatchedSystem implements FenceSystem {
    private final FenceSystem real = FenceSystem.linux();
    private final List<String> questions = new CopyOnWriteArrayList<>();
    private volatile Optional<Hold> hold = Optional.empty();

    /**
     * An answer that is held back.
     *
     * @param asked open until the question is asked
     * @param answer open until the answer may come
     */
    record Hold(String question, CountDownLatch asked, CountDownLatch answer) {}

    /** What was asked so far, in order. */
    List<String> questions() {
        return List.copyOf(questions);
    }

    /** Holds back the answers to that question until the returned hold's answer is let go. */
    Hold holdBack(String question) {
        Hold held = new Hold(question, new CountDownLatch(1), new CountDownLatch(1));
        hold = Optional.of(held);
        return held;
    }

    private void asked(String question) {
        questions.add(question);
        hold.filter(held -> held.question.equals(question)).ifPresent(held -> {
            held.asked.countDown();
            try {
                held.answer.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public NamespaceCalls namespaces() {
        return real.namespaces();
    }

    @Override
    public NetlinkSocket netlink(int protocol) throws IOException {
        NetlinkSocket socket = real.netlink(protocol);
        return new NetlinkSocket() {
            @Override
            public void execute(List<NetlinkMessage> messages) throws NetlinkException {
                socket.execute(messages);
            }

            @Override
            public List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
                asked(request.action());
                return socket.query(request);
            }

            @Override
            public void close() {
                socket.close();
            }
        };
    }

    @Override
    public Nftables nftables() throws IOException {
        return real.nftables();
    }

    @Override
    public NetlinkEvents events() throws IOException {
        return real.events();
    }

    @Override
    public PacketPrograms programs() {
        return real.programs();
    }

    @Override
    public SocketCalls sockets() {
        return real.sockets();
    }
}
