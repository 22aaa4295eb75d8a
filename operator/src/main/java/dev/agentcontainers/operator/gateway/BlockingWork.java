package dev.agentcontainers.operator.gateway;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Runs what blocks on virtual threads, away from the event loops, and comes back to the caller's context. */
final class BlockingWork implements AutoCloseable {
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("gateway-", 0).factory());
    private final Vertx vertx;

    BlockingWork(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Must be called on an event loop; its handlers run there too. */
    <T> Future<T> run(Callable<T> work) {
        Context context = vertx.getOrCreateContext();
        CompletableFuture<T> result = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return Future.fromCompletionStage(result, context);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
