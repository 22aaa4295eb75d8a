package dev.agentcontainers.nodeagent.linux.process;

/** Records what it is asked for. Thread-safe. */
public final class RecordingHandovers extends RecordedAnswers implements HandoverCalls {
    @Override
    public int listen(String path) {
        return record("listen at " + path);
    }

    @Override
    public int accept(int listening) {
        return record("accept at " + listening);
    }

    @Override
    public int peer(int connection) {
        return record("peer of " + connection);
    }

    @Override
    public int receive(int connection) {
        return record("receive from " + connection);
    }

    @Override
    public int give(int connection, int descriptor) {
        return record("give " + descriptor + " to " + connection);
    }

    @Override
    public int close(int descriptor) {
        return record("close " + descriptor);
    }
}
