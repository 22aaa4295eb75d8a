package dev.agentcontainers.cli.egress;

import dev.agentcontainers.cli.cluster.ClusterOptions;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the objects come from by which is judged: manifests where there are any, else a cluster.
 *
 * @param files named on the command line
 * @param namespace that was asked for; null for the default
 */
public record ObjectSource(
        ClusterOptions cluster,
        List<String> files,
        @Nullable String namespace) {
    private static final String DEFAULT = "default";

    /** What was found, and the namespace of objects and agents that name none. */
    public record Found(KnownObjects objects, String namespace) {}

    /** @param ofAllAgents whether flows of all namespaces' agents are judged */
    public Found read(boolean ofAllAgents) {
        if (!files.isEmpty()) {
            String its = namespace == null ? DEFAULT : namespace;
            ManifestObjects objects = new ManifestObjects(its);
            ManifestFiles.of(files).forEach(objects::add);
            return new Found(objects.objects(), its);
        }
        Config config = cluster.config();
        String its = namespace != null ? namespace : config.getNamespace() == null ? DEFAULT : config.getNamespace();
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(config).build()) {
            return new Found(new ClusterObjects(client, its, ofAllAgents).read(), its);
        }
    }
}
