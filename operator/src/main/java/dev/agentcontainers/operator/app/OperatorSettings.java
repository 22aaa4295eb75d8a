package dev.agentcontainers.operator.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** The operator's settings. Each is described in the module's README. */
@ConfigMapping(prefix = "agentcontainers.operator")
public interface OperatorSettings {
    /** The addresses of all agents; each node gets a part of them. */
    @WithDefault("100.80.0.0/12")
    String addressPool();

    /** How large a node's part is. */
    @WithDefault("22")
    int nodePrefixLength();

    /** How many reconciliations run at the same time. */
    @WithDefault("32")
    int parallelReconciliations();

    /** Whether selectors of policies find Pods of the cluster too, and not only agents. */
    @WithDefault("false")
    boolean watchPods();

    Leader leader();

    /** The election of the leader among the operator's replicas. */
    interface Leader {
        /** The namespace of the Lease; by default the one that the operator runs in. */
        Optional<String> namespace();

        @WithDefault("agentcontainers-operator")
        String leaseName();

        /** After so long without renewal another may lead. */
        @WithDefault("15s")
        Duration leaseDuration();

        /** After so long without a successful renewal the leader gives up. */
        @WithDefault("10s")
        Duration renewDeadline();

        /** How often the lease is renewed, or looked at. */
        @WithDefault("2s")
        Duration retryPeriod();
    }
}
