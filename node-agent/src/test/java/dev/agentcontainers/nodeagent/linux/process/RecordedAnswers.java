package dev.agentcontainers.nodeagent.linux.process;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Calls in the order in which they came, each answered by 0 or what a test says. Thread-safe. */
public class RecordedAnswers {
    private final List<String> calls = new ArrayList<>();
    private final Map<String, Deque<Integer>> answers = new HashMap<>();

    /** What such calls are answered with from now on, one after the other; the last of them again and again. */
    public final synchronized void answer(String call, Integer... each) {
        answers.put(call, new ArrayDeque<>(List.of(each)));
    }

    public final synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    final synchronized int record(String call) {
        calls.add(call);
        Deque<Integer> left = answers.getOrDefault(call, new ArrayDeque<>(List.of(0)));
        return left.size() > 1 ? left.removeFirst() : left.getFirst();
    }
}
