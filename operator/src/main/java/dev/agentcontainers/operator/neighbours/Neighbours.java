package dev.agentcontainers.operator.neighbours;

import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.policygroup.Rulesets;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches what policies speak of besides agents, and tells the rulesets. */
public class Neighbours {
    private static final Logger LOG = LoggerFactory.getLogger(Neighbours.class);
    /** Objects that are listed at once. */
    private static final long PAGE = 500;

    private final KubernetesClient client;
    private final Leadership leadership;
    private final Rulesets rulesets;
    private final boolean withPods;
    private final ClusterPolicyWatch clusterPolicies;
    private final List<SharedIndexInformer<?>> informers = new CopyOnWriteArrayList<>();

    /** @param withPods whether Pods are watched */
    public Neighbours(KubernetesClient client, Leadership leadership, Rulesets rulesets, boolean withPods) {
        this.client = client;
        this.leadership = leadership;
        this.rulesets = rulesets;
        this.withPods = withPods;
        this.clusterPolicies = new ClusterPolicyWatch(client, leadership, rulesets);
    }

    /** Begins to watch; returns when the rulesets have been told all that there is. */
    public void start() {
        watch(client.nodes(), Node::new, rulesets::nodeChanged);
        if (withPods) {
            watch(client.pods().inAnyNamespace(), Pod::new, rulesets::podChanged);
        }
        clusterPolicies.start();
    }

    public void stop() {
        clusterPolicies.stop();
        informers.forEach(SharedIndexInformer::stop);
    }

    private <T extends HasMetadata> void watch(
            Informable<T> objects, Supplier<T> empty, BiConsumer<String, @Nullable T> listener) {
        SharedIndexInformer<T> informer =
                objects.withLimit(PAGE).runnableInformer(0).itemStore(new PassingStore<>(empty, listener));
        informers.add(informer);
        informer.stopped().whenComplete((nothing, failure) -> {
            if (failure != null) {
                // It doesn't begin again by itself, and rulesets would be made of what was.
                String kind = informer.getApiTypeClass().getSimpleName();
                LOG.error("The watch of {} objects has failed", kind, failure);
                leadership.unable(kind + " objects are no longer watched");
            }
        });
        informer.run();
    }
}
