package dev.agentcontainers.cli.cluster;

import dev.agentcontainers.cli.fleet.FleetLayout;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster: options of every command that talks to one. */
public final class ClusterOptions {
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

    public Config config() {
        File file = kubeconfig != null ? kubeconfig : localFleet();
        if (file == null) {
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

    private static @Nullable File localFleet() {
        if (!System.getenv().getOrDefault("KUBECONFIG", "").isEmpty()) {
            return null;
        }
        Path file = FleetLayout.ofThisMachine().kubeconfig();
        return Files.isRegularFile(file) ? file.toFile() : null;
    }
}
