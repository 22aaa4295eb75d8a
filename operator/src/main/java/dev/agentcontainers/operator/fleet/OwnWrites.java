package dev.agentcontainers.operator.fleet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Remembers own writes until the caches show them, so that nothing is decided on a version that this process itself has
 * replaced. Such a decision would not be wrong (each write is checked against the version read) but would cost a refused
 * write. Versions are compared as numbers, which the API server guarantees since Kubernetes 1.35.
 */
@ApplicationScoped
public class OwnWrites {
    /** A watch that is later than this is broken and reconnects; then the API server's refusal has to do. */
    private static final long FORGOTTEN_AFTER_NANOS = Duration.ofSeconds(30).toNanos();

    private final Map<String, Written> written = new ConcurrentHashMap<>();

    public void wrote(HasMetadata result) {
        written.put(
                result.getMetadata().getUid(),
                new Written(version(result.getMetadata().getResourceVersion()), System.nanoTime()));
    }

    /** Whether the cached object is older than what this process wrote. */
    public boolean isStale(HasMetadata cached) {
        return isStale(cached.getMetadata().getUid(), cached.getMetadata().getResourceVersion());
    }

    /** Notes the creation of an object under a key, for caches that don't show it yet. */
    public void created(String key, HasMetadata result) {
        written.put(key, new Written(version(result.getMetadata().getResourceVersion()), System.nanoTime()));
    }

    /** Whether an object was created under that key a moment ago which the cache, showing {@code cached}, doesn't know. */
    public boolean isMissing(String key, @Nullable HasMetadata cached) {
        return isStale(key, cached == null ? "0" : cached.getMetadata().getResourceVersion());
    }

    public void forget(String key) {
        written.remove(key);
    }

    private boolean isStale(String key, String cachedVersion) {
        Written own = written.get(key);
        if (own == null) {
            return false;
        }
        if (version(cachedVersion) >= own.version() || System.nanoTime() - own.nanos() > FORGOTTEN_AFTER_NANOS) {
            written.remove(key, own);
            return false;
        }
        return true;
    }

    private static long version(String resourceVersion) {
        return Long.parseLong(resourceVersion);
    }

    private record Written(long version, long nanos) {}
}
