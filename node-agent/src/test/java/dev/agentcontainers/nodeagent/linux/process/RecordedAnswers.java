package dev.agentcontainers.nodeagent.linux.process;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Calls in the order in which they came, each answered by 0 or what a test says. Thread-safe. */
public class RecordedAnswers {
    private final List<String> calls = new ArrayList<>();
    private final Map<String, Integer> answers = new HashMap<>();

    /** What such a call is answered with from now on. */
    public final synchronized void answer(String call, int answer) {
        answers.put(call, answer);
    }

    public final synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    final synchronized int record(String call) {
        calls.add(call);
        return answers.getOrDefault(call, 0);
    }
}
