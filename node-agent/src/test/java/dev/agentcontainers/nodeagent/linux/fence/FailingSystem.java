package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.ForwardingNetlink;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.Nftables;
import dev.agentcontainers.nodeagent.linux.nftables.NftablesException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** A system in which one chosen call fails; every call before and after it is real. */
final class FailingSystem extends ForwardingSystem {
    private final AtomicInteger callsUntilFailure = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final List<String> actions = new CopyOnWriteArrayList<>();
    private volatile Predicate<String> chosen = _ -> true;
    private volatile boolean failsForEver;
    private volatile boolean dead;

    FailingSystem(FenceSystem real) {
        super(real);
    }

    /** Lets the call of that number from now on fail; 0 for none. */
    void failAt(int call) {
        callsUntilFailure.set(call);
    }

    /** Lets the call of that number from now on fail, and all after it, as for a process that is killed. */
    void dieAt(int call) {
        failsForEver = true;
        failAt(call);
    }

    /** Counts those calls alone, from now on, and lets no other fail: by what is asked of the kernel, or nftables' commands. */
    void among(Predicate<String> calls) {
        chosen = calls;
    }

    /** How often the call of that number has come. */
    int failures() {
        return failures.get();
    }

    /** Lets no call fail any more. */
    void recover() {
        failAt(0);
        failsForEver = false;
        dead = false;
    }

    /** What was asked of the kernel, in order. */
    List<String> actions() {
        return List.copyOf(actions);
    }

    private boolean fails(String what) {
        if (!chosen.test(what)) {
            return false;
        }
        if (callsUntilFailure.getAndUpdate(left -> Math.max(0, left - 1)) == 1) {
            dead = failsForEver;
            failures.incrementAndGet();
            return true;
        }
        return dead;
    }

    @Override
    public NetlinkSocket netlink(int protocol) throws IOException {
        if (fails("open a netlink socket")) {
            throw failure("open a netlink socket");
        }
        return new FailingSocket(super.netlink(protocol));
    }

    @Override
    public Nftables nftables() throws IOException {
        if (fails("open nftables")) {
            throw new NftablesException("open: made to fail");
        }
        Nftables nftables = super.nftables();
        return new Nftables() {
            @Override
            public void run(String commands) throws NftablesException {
                if (fails(commands)) {
                    throw new NftablesException("made to fail");
                }
                nftables.run(commands);
            }

            @Override
            public void close() {
                nftables.close();
            }
        };
    }

    private final class FailingSocket extends ForwardingNetlink {
        FailingSocket(NetlinkSocket socket) {
            super(socket);
        }

        @Override
        public void execute(List<NetlinkMessage> messages) throws NetlinkException {
            if (fails(messages.stream().map(NetlinkMessage::action).collect(Collectors.joining("\n")))) {
                // Half of it was done: the worst case.
                if (messages.size() > 1 && messages.getFirst().acknowledged()) {
                    socket.execute(messages.subList(0, messages.size() / 2));
                }
                throw failure(messages.getFirst().action());
            }
            messages.forEach(message -> actions.add(message.action()));
            socket.execute(messages);
        }

        @Override
        public List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
            if (fails(request.action())) {
                throw failure(request.action());
            }
            return socket.query(request);
        }
    }

    private static NetlinkException failure(String action) {
        return new NetlinkException(action, 5, "Input/output error", "made to fail");
    }
}
