package dev.agentcontainers.operator.leadership;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sees whether this process takes part in the election. The library's elector ends for good at any error that isn't the API
 * server's, a Lease without a time for example, and tells nobody: a process that stood by would stand by for ever. Counted in
 * seconds in which this process ran, so that one that was paused is not taken for one that has given up.
 */
public final class ElectionWatch implements Interceptor {
    /** Longer than a look at the Lease can take, with all its attempts, while the API server doesn't answer. */
    private static final int SILENT_SECONDS = 300;

    private final String lease;
    private final Runnable silent;
    private final AtomicLong looks = new AtomicLong();
    private final AtomicBoolean begun = new AtomicBoolean();
    private long seen;
    private int quietSeconds;

    /**
     * @param leaseName the Lease of the election
     * @param silent run where the election has not been looked at for five minutes
     */
    public ElectionWatch(String leaseName, Runnable silent) {
        this.lease = "/leases/" + leaseName;
        this.silent = silent;
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        String path = request.uri().getPath();
        // The first creation goes to the collection; every turn begins with a look.
        if (path.endsWith(lease)) {
            looked();
            begin();
        }
    }

    void looked() {
        looks.incrementAndGet();
    }

    private void begin() {
        if (begun.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().name("election-watch").start(this::watch);
        }
    }

    private void watch() {
        try {
            while (!isSilent()) {
                TimeUnit.SECONDS.sleep(1);
            }
            silent.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** To be asked once a second. */
    boolean isSilent() {
        long now = looks.get();
        quietSeconds = now == seen ? quietSeconds + 1 : 0;
        seen = now;
        return quietSeconds >= SILENT_SECONDS;
    }
}
