package dev.agentcontainers.localcluster;

import dev.agentcontainers.localcluster.selection.Provider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * What a caller wants of a control plane.
 *
 * @param provider the only provider to consider; empty to choose by what this machine has
 * @param auditLog whether the API server logs each request (metadata only)
 * @param apiServerPort the API server's port on loopback; empty for a free one
 * @param apiServerArguments more arguments for kube-apiserver, each {@code --name=value}; a later one wins
 * @param startTimeout how long a start may take, building of binaries not counted
 * @param progress told in one line what is being done, where that takes longer than a moment
 */
public record ControlPlaneOptions(
        Optional<Provider> provider,
        boolean auditLog,
        OptionalInt apiServerPort,
        List<String> apiServerArguments,
        Duration startTimeout,
        Consumer<String> progress) {

    public ControlPlaneOptions {
        apiServerArguments = List.copyOf(apiServerArguments);
    }

    /** No audit log, any free port, any provider, progress on the standard error stream. */
    public static ControlPlaneOptions defaults() {
        return new ControlPlaneOptions(
                Optional.empty(),
                false,
                OptionalInt.empty(),
                List.of(),
                Duration.ofMinutes(2),
                line -> System.err.println("control plane: " + line));
    }

    public ControlPlaneOptions withProvider(Provider only) {
        return new ControlPlaneOptions(
                Optional.of(only), auditLog, apiServerPort, apiServerArguments, startTimeout, progress);
    }

    public ControlPlaneOptions withAuditLog() {
        return new ControlPlaneOptions(provider, true, apiServerPort, apiServerArguments, startTimeout, progress);
    }

    public ControlPlaneOptions withApiServerPort(int port) {
        return new ControlPlaneOptions(
                provider, auditLog, OptionalInt.of(port), apiServerArguments, startTimeout, progress);
    }

    public ControlPlaneOptions withApiServerArgument(String argument) {
        List<String> arguments = new ArrayList<>(apiServerArguments);
        arguments.add(argument);
        return new ControlPlaneOptions(provider, auditLog, apiServerPort, arguments, startTimeout, progress);
    }

    public ControlPlaneOptions withStartTimeout(Duration timeout) {
        return new ControlPlaneOptions(provider, auditLog, apiServerPort, apiServerArguments, timeout, progress);
    }

    public ControlPlaneOptions withProgress(Consumer<String> listener) {
        return new ControlPlaneOptions(provider, auditLog, apiServerPort, apiServerArguments, startTimeout, listener);
    }
}
