package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.operator.leadership.Candidate;
import dev.agentcontainers.operator.leadership.ElectionWatch;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.leadership.WriteGuard;
import dev.agentcontainers.operator.neighbours.Neighbours;
import dev.agentcontainers.operator.node.AddressAllocation;
import dev.agentcontainers.operator.node.AddressPool;
import dev.agentcontainers.operator.node.Heartbeats;
import dev.agentcontainers.operator.node.NodeProvisioning;
import dev.agentcontainers.operator.node.NodeReadiness;
import dev.agentcontainers.operator.node.NodeRemoval;
import dev.agentcontainers.operator.policygroup.NodePolicies;
import dev.agentcontainers.operator.policygroup.Rulesets;
import dev.agentcontainers.operator.scheduling.Binder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetricsV2;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Optional;

/** Makes the objects that need settings or come from libraries. */
public class Wiring {
    private static final int LOST_LEADERSHIP = 3;

    @Produces
    @Singleton
    Clock clock() {
        return Clock.systemUTC();
    }

    @Produces
    @Singleton
    Candidate candidate() {
        return Candidate.named(Optional.ofNullable(System.getenv("HOSTNAME")));
    }

    @Produces
    @Singleton
    Leadership leadership(OperatorSettings settings, MeterRegistry meters) {
        OperatorSettings.Leader leader = settings.leader();
        Leadership leadership = new Leadership(
                leader.leaseDuration().minus(leader.renewDeadline()),
                // Not System.exit: shutdown hooks take time, in which requests under way could still be answered.
                () -> Runtime.getRuntime().halt(LOST_LEADERSHIP));
        Gauge.builder("agentcontainers.leader", leadership, each -> each.isLeading() ? 1 : 0)
                .description("1 where this process leads")
                .register(meters);
        return leadership;
    }

    @Produces
    @Singleton
    KubernetesClient client(
            Config config,
            KubernetesSerialization serialization,
            OperatorSettings settings,
            Leadership leadership,
            MeterRegistry meters) {
        WriteGuard guard = new WriteGuard(
                leadership,
                method -> Counter.builder("agentcontainers.api.writes")
                        .description("Writes to the API server")
                        .tag("method", method)
                        .register(meters)
                        .increment());
        ElectionWatch election = new ElectionWatch(
                settings.leader().leaseName(),
                () -> leadership.unable("the election of the leader has not been looked at for five minutes"));
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withKubernetesSerialization(serialization)
                .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("write-guard", guard)
                        .addOrReplaceInterceptor("election-watch", election))
                .build();
    }

    @Produces
    @Singleton
    Metrics reconcilerMetrics(MeterRegistry meters) {
        return MicrometerMetricsV2.newBuilder(meters).build();
    }

    @Produces
    @Singleton
    NodeProvisioning provisioning(KubernetesClient client, Fleet fleet, Clock clock) {
        return new NodeProvisioning(client, fleet, clock);
    }

    @Produces
    @Singleton
    AddressAllocation addresses(KubernetesClient client, OperatorSettings settings) {
        return new AddressAllocation(client, new AddressPool(settings.addressPool(), settings.nodePrefixLength()));
    }

    @Produces
    @Singleton
    Neighbours neighbours(
            KubernetesClient client, Leadership leadership, Rulesets rulesets, OperatorSettings settings) {
        return new Neighbours(client, leadership, rulesets, settings.watchPods());
    }

    void stop(@Disposes Neighbours neighbours) {
        neighbours.stop();
    }

    @Produces
    @Singleton
    NodeReadiness readiness(
            KubernetesClient client, Heartbeats heartbeats, Binder binder, EventPublisher events, Clock clock) {
        return new NodeReadiness(client, heartbeats, binder, events, clock);
    }

    @Produces
    @Singleton
    NodeRemoval removal(
            Fleet fleet,
            Signals signals,
            Heartbeats heartbeats,
            Assignments assignments,
            NodeProvisioning provisioning,
            NodeReadiness readiness,
            NodePolicies nodePolicies,
            EventPublisher events) {
        return new NodeRemoval(fleet, signals, heartbeats, assignments, provisioning, readiness, nodePolicies, events);
    }
}
