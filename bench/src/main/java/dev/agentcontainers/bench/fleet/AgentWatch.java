package dev.agentcontainers.bench.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Sees agents as a user's watch does: when each is first Running, and when it is gone. Thread-safe. */
public final class AgentWatch implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 180;

    private final Map<String, CompletableFuture<Seen>> running = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Boolean>> gone = new ConcurrentHashMap<>();
    private final SharedIndexInformer<AgentContainer> informer;

    /** When it was first seen Running ({@link System#nanoTime}), and as what. */
    public record Seen(long nanos, AgentContainer agent) {}

    public AgentWatch(KubernetesClient client, String namespace) {
        this.informer = client.resources(AgentContainer.class)
                .inNamespace(namespace)
                .inform(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(AgentContainer agent) {
                        see(agent);
                    }

                    @Override
                    public void onUpdate(AgentContainer before, AgentContainer after) {
                        see(after);
                    }

                    @Override
                    public void onDelete(AgentContainer agent, boolean unknown) {
                        gone(agent.getMetadata().getName()).complete(true);
                    }
                });
    }

    private void see(AgentContainer agent) {
        if (agent.getStatus() == null || agent.getStatus().phase() == null) {
            return;
        }
        AgentPhase phase = agent.getStatus().phase();
        String name = agent.getMetadata().getName();
        if (phase == AgentPhase.Running) {
            running(name).complete(new Seen(System.nanoTime(), agent));
        } else if (phase == AgentPhase.Failed) {
            running(name).completeExceptionally(new IllegalStateException(name + " failed: " + agent.getStatus()));
        }
    }

    private CompletableFuture<Seen> running(String name) {
        return running.computeIfAbsent(name, _ -> new CompletableFuture<>());
    }

    private CompletableFuture<Boolean> gone(String name) {
        return gone.computeIfAbsent(name, _ -> new CompletableFuture<>());
    }

    public Seen awaitRunning(String name) throws InterruptedException {
        return await(name, "Running", running(name));
    }

    public void awaitGone(String name) throws InterruptedException {
        await(name, "gone", gone(name));
    }

    private static <T> T await(String name, String what, CompletableFuture<T> future) throws InterruptedException {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException(name + " is not " + what + " within " + PATIENCE_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() {
        informer.stop();
    }
}
