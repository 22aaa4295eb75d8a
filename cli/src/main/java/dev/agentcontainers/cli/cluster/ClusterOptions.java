package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.fleet.FleetLayout;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster, which namespace: options of every command that talks to one. */
final class ClusterOptions {
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
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "Namespace of the agent. Default: the context's.")
    private @Nullable String namespace;

    @Option(
            names = "--operator-namespace",
            paramLabel = "NAMESPACE",
            defaultValue = "agentcontainers-system",
            description = "Namespace that the operator runs in. Default: ${DEFAULT-VALUE}.")
    private String operatorNamespace = "agentcontainers-system";

    Config config() {
        File file = kubeconfig != null ? kubeconfig : localFleet();
        if (file == null) {
            return Config.autoConfigure(context);
        }
        if (!file.isFile()) {
            throw new UserException("--kubeconfig: there is no file " + file);
        }
        Config config = Config.fromKubeconfig(context, file);
        return config;
    }

    String operatorNamespace() {
        return operatorNamespace;
    }

    String namespace(Config config) {
        if (namespace != null) {
            return namespace;
        }
        return config.getNamespace() == null ? "default" : config.getNamespace();
    }

    private static @Nullable File localFleet() {
        if (System.getenv("KUBECONFIG") != null) {
            return null;
        }
        Path file = FleetLayout.of(
                        System.getenv(), System.getProperty("user.name"), Path.of(System.getProperty("user.home")))
                .kubeconfig();
        return Files.isRegularFile(file) ? file.toFile() : null;
    }
}
