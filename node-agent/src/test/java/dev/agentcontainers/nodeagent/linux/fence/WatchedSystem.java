package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.ForwardingNetlink;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** The real system, which tells what was asked of the kernel and can be made slow to answer one question. */
final class WatchedSystem extends ForwardingSystem {
    private final List<String> questions = new CopyOnWriteArrayList<>();
    private volatile Optional<Hold> hold = Optional.empty();

    WatchedSystem() {
        super(FenceSystem.linux());
    }

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
    public NetlinkSocket netlink(int protocol) throws IOException {
        return new ForwardingNetlink(super.netlink(protocol)) {
            @Override
            public List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
                asked(request.action());
                return super.query(request);
            }
        };
    }
}
