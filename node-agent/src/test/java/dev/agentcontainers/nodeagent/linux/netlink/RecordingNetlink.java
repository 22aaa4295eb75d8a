package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Records what it is asked to do, and answers questions with what a test says, or with an error. Thread-safe. */
public final class RecordingNetlink implements NetlinkSocket {
    private final List<NetlinkMessage> executed = new ArrayList<>();
    private final List<NetlinkMessage> replies = new ArrayList<>();
    private final Map<String, Integer> refused = new HashMap<>();

    /** What a later question is answered with. */
    public synchronized RecordingNetlink reply(NetlinkMessage reply) {
        replies.add(reply);
        return this;
    }

    /** Lets what is done or asked under that name fail. */
    public synchronized RecordingNetlink refuse(String action, int errno) {
        refused.put(action, errno);
        return this;
    }

    public synchronized List<NetlinkMessage> executed() {
        return List.copyOf(executed);
    }

    public synchronized List<String> actions() {
        return executed.stream().map(NetlinkMessage::action).toList();
    }

    @Override
    public synchronized void execute(List<NetlinkMessage> messages) throws NetlinkException {
        for (NetlinkMessage message : messages) {
            executed.add(message);
            answer(message);
        }
    }

    @Override
    public synchronized List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
        answer(request);
        return List.copyOf(replies);
    }

    private void answer(NetlinkMessage message) throws NetlinkException {
        Integer errno = refused.get(message.action());
        if (errno != null) {
            throw new NetlinkException(message.action(), errno, "made to fail", "");
        }
    }

    @Override
    public void close() {}
}
