package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.leadership.Candidate;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.quarkiverse.operatorsdk.runtime.api.ConfigurationServiceCustomizer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets up the operator framework: leader election, meters, threads. */
@Singleton
public class OperatorCustomization implements ConfigurationServiceCustomizer {
    private static final Logger LOG = LoggerFactory.getLogger(OperatorCustomization.class);

    private final OperatorSettings settings;
    private final Leading leading;
    private final Metrics metrics;
    private final KubernetesClient client;
    private final Candidate candidate;

    OperatorCustomization(
            OperatorSettings settings, Leading leading, Metrics metrics, KubernetesClient client, Candidate candidate) {
        this.settings = settings;
        this.leading = leading;
        this.metrics = metrics;
        this.client = client;
        this.candidate = candidate;
    }

    @Override
    public Consumer<ConfigurationServiceOverrider> overrider() {
        return framework -> framework
                .withKubernetesClient(client)
                .withMetrics(metrics)
                .withLeaderElectionConfiguration(election())
                .withExecutorService(Executors.newFixedThreadPool(
                        settings.parallelReconciliations(),
                        Thread.ofPlatform().name("reconcile-", 0).factory()))
                .withCloseClientOnStop(false)
                .withInformerStoppedHandler(this::informerStopped)
                // What is read from the caches is never changed, so there is nothing to protect by copying it.
                .withCloneSecondaryResourcesWhenGettingFromCache(false)
                .withReconciliationTerminationTimeout(Duration.ofSeconds(5));
    }

    /**
     * A cache that is no longer filled: everything that is decided from then on is decided on what was. Before it was filled for
     * the first time the framework itself gives up the start. Not by an orderly end, which waits for what may never finish.
     */
    private void informerStopped(SharedIndexInformer<?> informer, @Nullable Throwable failure) {
        if (failure != null && informer.hasSynced()) {
            LOG.error("The watch of {} has failed", informer.getApiTypeClass().getSimpleName(), failure);
            leading.unable("%s objects are no longer watched"
                    .formatted(informer.getApiTypeClass().getSimpleName()));
        }
    }

    private LeaderElectionConfiguration election() {
        OperatorSettings.Leader leader = settings.leader();
        LeaderCallbacks callbacks =
                new LeaderCallbacks(leading::start, () -> leading.lost("the lease was not renewed"), identity -> {});
        return new LeaderElectionConfiguration(
                leader.leaseName(),
                leaseNamespace(leader, client.getConfiguration()),
                leader.leaseDuration(),
                leader.renewDeadline(),
                leader.retryPeriod(),
                candidate.identity(),
                callbacks,
                // The callback ends the process at once; the framework would run shutdown hooks first.
                false);
    }

    static String leaseNamespace(OperatorSettings.Leader leader, Config config) {
        return leader.namespace()
                .or(() -> Optional.ofNullable(config.getNamespace()))
                .orElse("default");
    }
}
