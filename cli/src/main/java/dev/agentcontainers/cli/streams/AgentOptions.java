package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.cluster.ClusterOptions;
import io.fabric8.kubernetes.client.Config;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which cluster and which namespace: options of every command for one agent. */
final class AgentOptions {
    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "Namespace of the agent. Default: the context's.")
    private @Nullable String namespace;

    Config config() {
        return cluster.config();
    }

    String operatorNamespace() {
        return cluster.operatorNamespace();
    }

    String namespace(Config config) {
        if (namespace != null) {
            return namespace;
        }
        return config.getNamespace() == null ? "default" : config.getNamespace();
    }
}
