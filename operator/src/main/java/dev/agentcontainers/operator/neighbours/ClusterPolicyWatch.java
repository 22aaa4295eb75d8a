package dev.agentcontainers.operator.neighbours;

import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.policygroup.Rulesets;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches ClusterNetworkPolicies while their kind is installed, which may come and go. Of its versions the one is read that the
 * rules were written for, or else any: what isn't understood of it fails closed.
 */
final class ClusterPolicyWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterPolicyWatch.class);
    private static final String GROUP = "policy.networking.k8s.io";
    private static final String PLURAL = "clusternetworkpolicies";
    private static final String KNOWN_VERSION = "v1alpha2";
    private static final long AGAIN_SECONDS = 5;

    private final KubernetesClient client;
    private final Leadership leadership;
    private final Rulesets rulesets;
    /** All that begins or ends the watch of the policies happens here, one after the other. */
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("cluster-network-policies").factory());

    private volatile Optional<String> wanted = Optional.empty();
    private @Nullable SharedIndexInformer<CustomResourceDefinition> definitions;
    private @Nullable Running running;

    private record Running(String version, SharedIndexInformer<GenericKubernetesResource> informer) {}

    ClusterPolicyWatch(KubernetesClient client, Leadership leadership, Rulesets rulesets) {
        this.client = client;
        this.leadership = leadership;
        this.rulesets = rulesets;
    }

    /** Begins to watch; returns when the policies that there are have been told. */
    void start() {
        definitions = client.apiextensions()
                .v1()
                .customResourceDefinitions()
                .withName(PLURAL + "." + GROUP)
                .runnableInformer(0)
                .itemStore(new PassingStore<>(
                        CustomResourceDefinition::new, (name, definition) -> definitionChanged(definition)));
        definitions.stopped().whenComplete((nothing, failure) -> {
            if (failure != null) {
                LOG.error("The watch of the definition of ClusterNetworkPolicy has failed", failure);
                leadership.unable("whether there are ClusterNetworkPolicies is no longer known");
            }
        });
        definitions.run();
        try {
            thread.submit(() -> {
                        // Where it is installed its policies are there before the first ruleset, or there is none.
                        adapt(true);
                    })
                    .get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while ClusterNetworkPolicies were read", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("ClusterNetworkPolicies can't be read", e.getCause());
        }
    }

    void stop() {
        thread.shutdownNow();
        if (definitions != null) {
            definitions.stop();
        }
    }

    private void definitionChanged(@Nullable CustomResourceDefinition definition) {
        wanted = Optional.ofNullable(definition)
                .filter(ClusterPolicyWatch::isEstablished)
                .flatMap(ClusterPolicyWatch::version);
        thread.execute(() -> adapt(false));
    }

    private void adapt(boolean orFail) {
        Optional<String> version = wanted;
        Running present = running;
        if (present != null && !version.equals(Optional.of(present.version()))) {
            running = null;
            present.informer().stop();
            if (version.isEmpty()) {
                LOG.info("ClusterNetworkPolicy is no longer installed");
                rulesets.retainClusterNetworkPolicies(Set.of());
            }
        }
        if (version.isPresent() && running == null) {
            try {
                running = new Running(version.get(), watch(version.get()));
                LOG.info("ClusterNetworkPolicies are watched, version {}", version.get());
            } catch (RuntimeException e) {
                if (orFail) {
                    throw e;
                }
                LOG.warn("ClusterNetworkPolicies can't be watched yet, which is tried again: {}", e.toString());
                var _ = thread.schedule(() -> adapt(false), AGAIN_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    private SharedIndexInformer<GenericKubernetesResource> watch(String version) {
        SharedIndexInformer<GenericKubernetesResource> informer = client.genericKubernetesResources(
                        new ResourceDefinitionContext.Builder()
                                .withGroup(GROUP)
                                .withVersion(version)
                                .withPlural(PLURAL)
                                .withKind("ClusterNetworkPolicy")
                                .withNamespaced(false)
                                .build())
                .runnableInformer(0)
                .itemStore(new PassingStore<>(GenericKubernetesResource::new, rulesets::clusterNetworkPolicyChanged));
        informer.run();
        // Those that disappeared while no watch ran.
        rulesets.retainClusterNetworkPolicies(
                informer.getStore().listKeys().stream().collect(Collectors.toSet()));
        informer.stopped().whenComplete((nothing, failure) -> {
            if (failure != null && wanted.isPresent()) {
                LOG.error("The watch of ClusterNetworkPolicies has failed", failure);
                leadership.unable("ClusterNetworkPolicies are no longer watched");
            }
        });
        return informer;
    }

    private static boolean isEstablished(CustomResourceDefinition definition) {
        return definition.getMetadata().getDeletionTimestamp() == null
                && definition.getStatus() != null
                && definition.getStatus().getConditions().stream()
                        .anyMatch(condition ->
                                "Established".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }

    private static Optional<String> version(CustomResourceDefinition definition) {
        return definition.getSpec().getVersions().stream()
                .filter(version -> Boolean.TRUE.equals(version.getServed()))
                .map(CustomResourceDefinitionVersion::getName)
                .min(Comparator.comparing(name -> !name.equals(KNOWN_VERSION)));
    }
}
