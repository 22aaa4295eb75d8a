package dev.agentcontainers.nodeagent.linux.nftables;

import java.util.ArrayList;
import java.util.List;

/** Records the transactions that it is asked for. */
public final class RecordingNftables implements Nftables {
    private final List<String> transactions = new ArrayList<>();
    private boolean closed;

    public List<String> transactions() {
        return List.copyOf(transactions);
    }

    public boolean isClosed() {
        return closed;
    }

    @Override
    public void run(String commands) throws NftablesException {
        if (closed) {
            throw new NftablesException("this is closed");
        }
        transactions.add(commands);
    }

    @Override
    public void close() {
        closed = true;
    }
}
