package dev.agentcontainers.nodeagent.linux.namespace;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Records what it is asked for; refuses what a test tells it to. Thread-safe. */
public final class RecordingNamespaces implements NamespaceCalls {
    private final List<String> calls = new ArrayList<>();
    private final Map<String, Integer> refused = new HashMap<>();
    private int opened;

    /** Lets the next such call fail. */
    public synchronized RecordingNamespaces refuse(String call, int errno) {
        refused.put(call, errno);
        return this;
    }

    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    private synchronized void record(String call) throws SystemCallException {
        calls.add(call);
        Integer errno = refused.remove(call);
        if (errno != null) {
            throw new SystemCallException(call, errno, "made to fail");
        }
    }

    @Override
    public synchronized int open(String path) throws SystemCallException {
        record("open " + path);
        return ++opened;
    }

    @Override
    public synchronized void close(int descriptor) {
        calls.add("close " + descriptor);
    }

    @Override
    public void enterNetwork(int descriptor) throws SystemCallException {
        record("enter " + descriptor);
    }

    @Override
    public void unshareNetwork() throws SystemCallException {
        record("unshare");
    }

    @Override
    public void bindMount(String source, String target, boolean recursive) throws SystemCallException {
        record("bind " + source + " at " + target + (recursive ? " with all below" : ""));
    }

    @Override
    public void shareMount(String target) throws SystemCallException {
        record("share " + target);
    }

    @Override
    public void unmount(String target) throws SystemCallException {
        record("unmount " + target);
    }
}
