package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.logging.LogContext;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which nodes are alive, by the Lease that each renews in its namespace. A lease that was renewed while this process watched
 * counts from the moment it was seen, so that a node's wrong clock does no harm; the first one seen counts by its own time.
 */
@ApplicationScoped
public class Heartbeats implements ResourceEventHandler<Lease> {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeats.class);
    private static final long CHECK_EVERY_MILLIS = 1000;

    private final KubernetesClient client;
    private final Leadership leadership;
    private final Clock clock;
    private final Map<String, Beat> beats = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("heartbeats").factory());
    private @Nullable SharedIndexInformer<Lease> informer;
    private volatile Consumer<String> changed = namespace -> {};

    public Heartbeats(KubernetesClient client, Leadership leadership, Clock clock) {
        this.client = client;
        this.leadership = leadership;
        this.clock = clock;
    }

    /**
     * Begins to watch; returns when all leases there are have been seen.
     *
     * @param listener told the namespace of a node that has come to life or fallen silent
     */
    public void start(Consumer<String> listener) {
        changed = listener;
        informer = client.leases()
                .inAnyNamespace()
                .withField("metadata.name", Api.NODE_POLICY_NAME)
                .inform(this);
        informer.stopped().whenComplete((nothing, failure) -> {
            if (failure != null) {
                // It doesn't begin again by itself, and every node would seem dead.
                LOG.error("The watch of the nodes' leases has failed", failure);
                leadership.unable("the nodes' leases are no longer watched");
            }
        });
        var _ = timer.scheduleWithFixedDelay(
                this::findSilent, CHECK_EVERY_MILLIS, CHECK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }

    @PreDestroy
    void stop() {
        timer.shutdownNow();
        if (informer != null) {
            informer.stop();
        }
    }

    public boolean isAlive(String nodeName) {
        Beat beat = beats.get(NodeNamespace.of(nodeName));
        return beat != null && beat.isAlive(clock.millis());
    }

    @Override
    public void onAdd(Lease lease) {
        observe(lease);
    }

    @Override
    public void onUpdate(Lease before, Lease lease) {
        observe(lease);
    }

    @Override
    public void onDelete(Lease lease, boolean stateUnknown) {
        if (beats.remove(lease.getMetadata().getNamespace()) != null) {
            tell(lease.getMetadata().getNamespace());
        }
    }

    private void observe(Lease lease) {
        if (lease.getSpec() == null
                || lease.getSpec().getRenewTime() == null
                || lease.getSpec().getLeaseDurationSeconds() == null) {
            return;
        }
        String namespace = lease.getMetadata().getNamespace();
        long renewed = lease.getSpec().getRenewTime().toInstant().toEpochMilli();
        long duration = TimeUnit.SECONDS.toMillis(lease.getSpec().getLeaseDurationSeconds());
        long now = clock.millis();
        Beat before = beats.get(namespace);
        long since = before == null ? Math.min(renewed, now) : before.renewed() == renewed ? before.since() : now;
        Beat beat = new Beat(renewed, since, duration, false);
        Beat kept = new Beat(renewed, since, duration, beat.isAlive(now));
        beats.put(namespace, kept);
        if (before == null || before.toldAlive() != kept.toldAlive()) {
            tell(namespace);
        }
    }

    private void findSilent() {
        long now = clock.millis();
        beats.forEach((namespace, beat) -> {
            boolean fellSilent = beat.toldAlive() && !beat.isAlive(now);
            if (fellSilent && beats.replace(namespace, beat, beat.silent())) {
                tell(namespace);
            }
        });
    }

    /** One node whose news can't be passed on keeps no other from being watched. */
    private void tell(String namespace) {
        boolean alive = Optional.ofNullable(beats.get(namespace))
                .filter(Beat::toldAlive)
                .isPresent();
        try (LogContext ignored = LogContext.ofNamespace(namespace)) {
            LOG.debug(alive ? "A node renews its lease" : "A node has stopped to renew its lease");
            changed.accept(namespace);
        } catch (RuntimeException e) {
            LOG.error(
                    "That the node of namespace {} is {} was not passed on", namespace, alive ? "alive" : "silent", e);
        }
    }

    /**
     * The newest renewal of a lease.
     *
     * @param renewed the time in the lease, by the node's clock
     * @param since when it was seen, by this process's clock
     */
    private record Beat(long renewed, long since, long duration, boolean toldAlive) {
        boolean isAlive(long now) {
            return now - since <= duration;
        }

        Beat silent() {
            return new Beat(renewed, since, duration, false);
        }
    }
}
