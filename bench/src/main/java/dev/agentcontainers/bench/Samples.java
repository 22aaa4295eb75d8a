package dev.agentcontainers.bench;

import java.util.ArrayList;
import java.util.List;

/** Measured values of one kind, in milliseconds. Thread-safe. */
public final class Samples {
    private final List<Double> values = new ArrayList<>();

    public synchronized void addNanos(long nanos) {
        values.add(nanos / 1e6);
    }

    public synchronized int count() {
        return values.size();
    }

    public double median() {
        return at(0.5);
    }

    /** The smallest value that so large a share of all does not exceed (nearest rank). */
    public synchronized double at(double share) {
        if (values.isEmpty()) {
            return Double.NaN;
        }
        List<Double> sorted = values.stream().sorted().toList();
        int rank = (int) Math.ceil(share * sorted.size());
        return sorted.get(Math.max(0, rank - 1));
    }

    public synchronized List<Double> values() {
        return List.copyOf(values);
    }
}
