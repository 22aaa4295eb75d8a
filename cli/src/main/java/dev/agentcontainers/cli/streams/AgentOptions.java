package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.cluster.ClusterOptions;
import io.fabric8.kubernetes.client.Config;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which cluster and which namespace: options of every command for one agent. */
public final class AgentOptions {
    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "Namespace of the agent. Default: the context's.")
    private @Nullable String namespace;

    public Config config() {
        return cluster.config();
    }

    public String operatorNamespace() {
        return cluster.operatorNamespace();
    }

    /** What was asked for by option, if anything. */
    public Optional<String> asked() {
        return Optional.ofNullable(namespace);
    }

    public String namespace(Config config) {
        if (namespace != null) {
            return namespace;
        }
        return config.getNamespace() == null ? "default" : config.getNamespace();
    }
}
