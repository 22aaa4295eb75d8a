package dev.agentcontainers.nodeagent.linux.process;

/** Records what it is asked for. Thread-safe. */
public final class RecordingDescriptors extends RecordedAnswers implements DescriptorCalls {
    @Override
    public int pipe(int[] ends) {
        return record("pipe");
    }

    @Override
    public int terminal(int[] ends) {
        return record("terminal");
    }

    @Override
    public int resize(int terminal, int columns, int rows) {
        return record("resize " + terminal + " to " + columns + "x" + rows);
    }

    @Override
    public int passOnBytes(int terminal) {
        return record("pass on bytes of " + terminal);
    }

    @Override
    public int doNotWait(int descriptor) {
        return record("do not wait for " + descriptor);
    }

    @Override
    public int read(int descriptor, byte[] buffer) {
        return record("read " + descriptor);
    }

    @Override
    public int held(int pipe) {
        return record("held by " + pipe);
    }

    @Override
    public int write(int descriptor, byte[] buffer, int length) {
        return record("write " + length + " to " + descriptor);
    }

    @Override
    public int close(int descriptor) {
        return record("close " + descriptor);
    }
}
