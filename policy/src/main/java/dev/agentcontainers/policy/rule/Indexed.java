package dev.agentcontainers.policy.rule;

import java.util.ArrayList;
import java.util.List;

/** Maps list entries together with their index, which messages name. */
final class Indexed {
    private Indexed() {}

    interface Mapping<T, R> {
        R apply(int index, T entry);
    }

    static <T, R> List<R> map(List<T> entries, Mapping<T, R> mapping) {
        List<R> mapped = new ArrayList<>(entries.size());
        for (int index = 0; index < entries.size(); index++) {
            mapped.add(mapping.apply(index, entries.get(index)));
        }
        return mapped;
    }
}
