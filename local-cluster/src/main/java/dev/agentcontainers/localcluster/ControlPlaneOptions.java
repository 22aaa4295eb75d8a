package dev.agentcontainers.localcluster;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * What a caller wants of a control plane.
 *
 * @param auditLog whether the API server logs each request (metadata only)
 * @param apiServerPort the API server's port on loopback; empty for a free one
 * @param apiServerArguments more arguments for kube-apiserver, each {@code --name=value}; a later one wins
 * @param progress told in one line what is being done, where that takes longer than a moment
 */
public record ControlPlaneOptions(
        boolean auditLog, OptionalInt apiServerPort, List<String> apiServerArguments, Consumer<String> progress) {

    public ControlPlaneOptions {
        apiServerArguments = List.copyOf(apiServerArguments);
    }

    /** No audit log, any free port, progress on the standard error stream. */
    public static ControlPlaneOptions defaults() {
        return new ControlPlaneOptions(
                false, OptionalInt.empty(), List.of(), line -> System.err.println("control plane: " + line));
    }

    public ControlPlaneOptions withAuditLog() {
        return new ControlPlaneOptions(true, apiServerPort, apiServerArguments, progress);
    }

    public ControlPlaneOptions withApiServerPort(int port) {
        return new ControlPlaneOptions(auditLog, OptionalInt.of(port), apiServerArguments, progress);
    }

    public ControlPlaneOptions withApiServerArgument(String argument) {
        List<String> arguments = new ArrayList<>(apiServerArguments);
        arguments.add(argument);
        return new ControlPlaneOptions(auditLog, apiServerPort, arguments, progress);
    }

    public ControlPlaneOptions withProgress(Consumer<String> listener) {
        return new ControlPlaneOptions(auditLog, apiServerPort, apiServerArguments, listener);
    }
}
