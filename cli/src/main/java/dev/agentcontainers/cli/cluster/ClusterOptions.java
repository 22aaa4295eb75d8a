package dev.agentcontainers.cli.cluster;

import dev.agentcontainers.cli.fleet.FleetLayout;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster: options of every command that talks to one. */
public final class ClusterOptions {
    private static final int RETRIES = 3;

    @Option(
            names = "--kubeconfig",
            paramLabel = "FILE",
            description =
                    "Kubeconfig of the cluster. Default: $KUBECONFIG, else the local fleet's where there is one, else ~/.kube/config.")
    private @Nullable File kubeconfig;

    @Option(
            names = "--context",
            paramLabel = "NAME",
            description = "Context of the kubeconfig. Default: its current one.")
    private @Nullable String context;

    @Option(
            names = "--operator-namespace",
            paramLabel = "NAMESPACE",
            defaultValue = "agentcontainers-system",
            description = "Namespace that the operator runs in. Default: ${DEFAULT-VALUE}.")
    private String operatorNamespace = "agentcontainers-system";

    /** A cluster that does not answer is told of within a second or two: whoever waits can ask again. */
    public Config config() {
        Config config = found();
        config.setRequestRetryBackoffLimit(RETRIES);
        return config;
    }

    private Config found() {
        File file = kubeconfig != null ? kubeconfig : localFleet();
        if (file == null) {
            requireSomeCluster(Config.getKubeconfigFilenames(), System.getenv());
            return Config.autoConfigure(context);
        }
        if (!file.isFile()) {
            throw new UserException("--kubeconfig: there is no file " + file);
        }
        return Config.fromKubeconfig(context, file);
    }

    public String operatorNamespace() {
        return operatorNamespace;
    }

    /**
     * The client would go on to ask a cluster of its own invention, and wait for its answer.
     *
     * @param kubeconfigs where the client looks for one
     */
    static void requireSomeCluster(Collection<String> kubeconfigs, Map<String, String> environment) {
        if (kubeconfigs.stream().map(File::new).anyMatch(File::isFile)) {
            return;
        }
        String named = environment.getOrDefault("KUBECONFIG", "");
        if (!named.isEmpty()) {
            throw new UserException("KUBECONFIG is '" + named + "': there is no such file");
        }
        if (Stream.of("KUBERNETES_SERVICE_HOST", "KUBERNETES_MASTER")
                .allMatch(name -> environment.getOrDefault(name, "").isEmpty())) {
            throw new UserException(
                    "there is no cluster to ask: name a kubeconfig by --kubeconfig or KUBECONFIG, or bring up a"
                            + " fleet on this machine by agentctl up");
        }
    }

    private static @Nullable File localFleet() {
        if (!System.getenv().getOrDefault("KUBECONFIG", "").isEmpty()) {
            return null;
        }
        Path file = FleetLayout.ofThisMachine().kubeconfig();
        return Files.isRegularFile(file) ? file.toFile() : null;
    }
}
