package dev.agentcontainers.nodeagent.linux.process;

import java.nio.file.Path;

/** Records what it is asked for. Thread-safe. */
public final class RecordingProcesses extends RecordedAnswers implements ProcessCalls {
    @Override
    public int spawn(SpawnRequest request) {
        return record("spawn " + request.program() + " " + String.join(" ", request.arguments()));
    }

    @Override
    public int waitFor(int pid) {
        return record("wait for " + pid);
    }

    @Override
    public int openProcess(long pid) {
        return record("open " + pid);
    }

    @Override
    public int signal(int processDescriptor, int signal) {
        return record("signal " + processDescriptor + " " + signal);
    }

    @Override
    public int move(long pid, Path processes) {
        return record("move " + pid + " to " + processes);
    }

    @Override
    public int copyDescriptor(int processDescriptor, int theirs) {
        return record("copy " + theirs + " of " + processDescriptor);
    }

    @Override
    public int awaitReady(int[] descriptors, boolean[] writing, boolean[] ready, int timeoutMillis) {
        int answer = record("await " + descriptors[0]);
        ready[0] = answer > 0;
        return answer;
    }
}
