package dev.agentcontainers.nodeagent.linux.bpf;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.util.ArrayList;
import java.util.List;

/** Records what it is asked for; refuses to load where a test tells it to. */
public final class RecordingPacketPrograms implements PacketPrograms {
    private final List<String> calls = new ArrayList<>();
    private int errno;

    public RecordingPacketPrograms refuse(int errno) {
        this.errno = errno;
        return this;
    }

    public List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    public int load(byte[] program, String name) throws SystemCallException {
        calls.add("load " + name);
        if (errno != 0) {
            throw new SystemCallException("load " + name, errno, "made to fail");
        }
        return 21;
    }

    @Override
    public void close(int descriptor) {
        calls.add("close " + descriptor);
    }
}
