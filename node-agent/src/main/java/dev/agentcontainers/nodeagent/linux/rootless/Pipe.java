package dev.agentcontainers.nodeagent.linux.rootless;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;

/** Both ends of a pipe, of which those are closed with this that nobody has taken. For one thread. */
final class Pipe implements AutoCloseable {
    private static final int GONE = -1;

    private final DescriptorCalls descriptors;
    private final int[] ends;

    private Pipe(DescriptorCalls descriptors, int[] ends) {
        this.descriptors = descriptors;
        this.ends = ends;
    }

    static Pipe open(DescriptorCalls descriptors) throws SystemCallException {
        int[] ends = new int[2];
        int answer = descriptors.pipe(ends);
        if (answer < 0) {
            throw new SystemCallException("make a pipe", -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return new Pipe(descriptors, ends);
    }

    int reading() {
        return ends[0];
    }

    int writing() {
        return ends[1];
    }

    /** Leaves the end to the caller, to close it. */
    int takeReading() {
        return take(0);
    }

    int takeWriting() {
        return take(1);
    }

    private int take(int end) {
        int taken = ends[end];
        ends[end] = GONE;
        return taken;
    }

    void closeWriting() {
        close(1);
    }

    private void close(int end) {
        if (ends[end] != GONE) {
            descriptors.close(take(end));
        }
    }

    @Override
    public void close() {
        close(0);
        close(1);
    }
}
