package dev.agentcontainers.cli.egress;

import dev.agentcontainers.cli.cluster.ClusterOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** By which objects a question about one agent is answered: those of a cluster, or of manifests. */
public final class ObjectOptions {
    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "Namespace of the agent. Default: the context's; default with -f.")
    private @Nullable String namespace;

    @Option(
            names = {"-f", "--filename", "--offline"},
            paramLabel = "FILE",
            description = "Judge by these manifests and ask no cluster: a file, a folder, or - for standard input.")
    private List<String> files = List.of();

    /** Whether the manifests come from standard input. */
    public boolean takesStandardInput() {
        return files.contains("-");
    }

    public ObjectSource.Found read() {
        return new ObjectSource(cluster, files, namespace).read(false);
    }
}
