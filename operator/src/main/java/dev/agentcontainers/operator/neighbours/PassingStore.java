package dev.agentcontainers.operator.neighbours;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Passes on each object that a watch brings, before the watch counts as filled, and keeps nothing of it but what names its
 * version: a cluster has many Pods, and what is needed of them stands with who is told.
 */
final class PassingStore<T extends HasMetadata> implements ItemStore<T> {
    private final Map<String, T> kept = new ConcurrentHashMap<>();
    private final Supplier<T> empty;
    private final BiConsumer<String, @Nullable T> listener;

    /**
     * @param empty makes an object without content
     * @param listener told the key and the object; null: it is gone
     */
    PassingStore(Supplier<T> empty, BiConsumer<String, @Nullable T> listener) {
        this.empty = empty;
        this.listener = listener;
    }

    @Override
    public String getKey(T object) {
        return Cache.metaNamespaceKeyFunc(object);
    }

    @Override
    public @Nullable T put(String key, T object) {
        T reduced = empty.get();
        reduced.setMetadata(new ObjectMetaBuilder()
                .withNamespace(object.getMetadata().getNamespace())
                .withName(object.getMetadata().getName())
                .withUid(object.getMetadata().getUid())
                .withResourceVersion(object.getMetadata().getResourceVersion())
                .build());
        T before = kept.put(key, reduced);
        listener.accept(key, object);
        return before;
    }

    @Override
    public @Nullable T remove(String key) {
        T before = kept.remove(key);
        listener.accept(key, null);
        return before;
    }

    @Override
    public Stream<String> keySet() {
        return kept.keySet().stream();
    }

    @Override
    public Stream<T> values() {
        return kept.values().stream();
    }

    @Override
    public int size() {
        return kept.size();
    }

    @Override
    public @Nullable T get(String key) {
        return kept.get(key);
    }
}
