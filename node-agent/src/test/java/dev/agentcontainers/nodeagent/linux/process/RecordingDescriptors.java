package dev.agentcontainers.nodeagent.linux.process;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Records what it is asked for, and answers 0 or what a test says. Thread-safe. */
public final class RecordingDescriptors implements DescriptorCalls {
    private final List<String> calls = new ArrayList<>();
    private final Map<String, Integer> answers = new HashMap<>();

    public synchronized RecordingDescriptors answer(String call, int answer) {
        answers.put(call, answer);
        return this;
    }

    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    private synchronized int record(String call) {
        calls.add(call);
        return answers.getOrDefault(call, 0);
    }

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
    public int doNotWait(int descriptor) {
        return record("do not wait for " + descriptor);
    }

    @Override
    public int read(int descriptor, byte[] buffer) {
        return record("read " + descriptor);
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
