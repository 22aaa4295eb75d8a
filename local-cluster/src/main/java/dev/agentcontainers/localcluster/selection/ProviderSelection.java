package dev.agentcontainers.localcluster.selection;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.binaries.GoToolchain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Chooses the first provider, in the order of {@link Provider}, that this machine can give. */
public final class ProviderSelection {

    private static final String GO_NEEDED = "install Go 1.%d or newer (https://go.dev/dl/); Go 1.%d or newer"
                    .formatted(GoToolchain.NEEDED_MINOR, GoToolchain.SELF_UPDATING_MINOR)
            + " does too where it may fetch the newer one itself";

    private ProviderSelection() {}

    /**
     * What the control plane is wanted for.
     *
     * @param persistent whether it is to outlive this JVM
     * @param configured whether the API server is to have a certain port, arguments or an audit log
     */
    public record Request(boolean persistent, boolean configured) {}

    /**
     * Chooses for this environment.
     *
     * @throws MissingPrerequisiteException where none can be had; lists for each what is missing
     */
    public static Selection select(HostEnvironment host, Request request) {
        boolean forced = host.forced().isPresent();
        List<String> reasons = new ArrayList<>();
        for (Provider candidate : candidates(host)) {
            switch (consider(candidate, host, request, forced)) {
                case Chosen(Selection selection) -> {
                    return selection;
                }
                case Unavailable(String reason) -> reasons.add("- " + candidate.label() + ": " + reason);
            }
        }
        throw new MissingPrerequisiteException("no control plane can be had%s:%n%s"
                .formatted(
                        forced ? " from the provider asked for" : "; one of these would do",
                        String.join(System.lineSeparator(), reasons)));
    }

    /**
     * Whether a Go toolchain is all that this machine lacks: none of the providers can give a control plane, and it could be
     * built if there were a Go.
     *
     * @throws MissingPrerequisiteException where the provider asked for is none
     */
    public static boolean lacksGo(HostEnvironment host, Request request) {
        List<Provider> candidates = candidates(host);
        boolean forced = host.forced().isPresent();
        return candidates.contains(Provider.BUILT)
                && host.platform().runsControlPlane()
                && candidates.stream()
                        .allMatch(candidate -> consider(candidate, host, request, forced) instanceof Unavailable);
    }

    private static List<Provider> candidates(HostEnvironment host) {
        return host.forced()
                .map(ProviderSelection::parse)
                .map(List::of)
                .orElseGet(() -> Arrays.stream(Provider.values())
                        .filter(provider -> provider != Provider.EXISTING)
                        .toList());
    }

    private sealed interface Finding {}

    private record Chosen(Selection selection) implements Finding {}

    private record Unavailable(String reason) implements Finding {}

    private static Finding consider(Provider provider, HostEnvironment host, Request request, boolean forced) {
        return switch (provider) {
            case EXISTING -> existing(host);
            case ASSETS -> assets(host);
            case KIND -> kind(host, request, forced);
            case BUILT -> built(host);
        };
    }

    private static Finding existing(HostEnvironment host) {
        HostEnvironment.Kubeconfig kubeconfig = host.kubeconfig();
        return kubeconfig.exists()
                ? new Chosen(new Selection.Existing(kubeconfig.path()))
                : new Unavailable(
                        "the kubeconfig " + kubeconfig.path() + " isn't there; set KUBECONFIG to one that is");
    }

    private static Finding assets(HostEnvironment host) {
        if (host.assets().isEmpty()) {
            return new Unavailable("set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver,"
                    + " kube-controller-manager and kubectl");
        }
        HostEnvironment.Assets assets = host.assets().get();
        return assets.missing().isEmpty()
                ? new Chosen(new Selection.Binaries(assets.binaries()))
                : new Unavailable("KUBEBUILDER_ASSETS is %s, which lacks %s"
                        .formatted(assets.binaries().folder(), String.join(", ", assets.missing())));
    }

    private static Finding kind(HostEnvironment host, Request request, boolean forced) {
        if (request.persistent()) {
            return new Unavailable("only for a temporary control plane: its containers end with this process");
        }
        if (request.configured() && !forced) {
            return new Unavailable("passed over: it gives its API server neither a port, arguments nor an audit log");
        }
        return host.containerEngine()
                .<Finding>map(engine -> new Chosen(new Selection.Kind(engine)))
                .orElseGet(() -> new Unavailable("no container engine answers (DOCKER_HOST, /var/run/docker.sock);"
                        + " start one, for example the service docker"));
    }

    private static Finding built(HostEnvironment host) {
        if (!host.platform().runsControlPlane()) {
            return new Unavailable(
                    "kube-apiserver doesn't run on " + host.platform() + "; use an existing cluster or Kind");
        }
        if (host.built().isPresent()) {
            return new Chosen(new Selection.Binaries(host.built().get()));
        }
        if (host.go().isEmpty()) {
            return new Unavailable("no Go toolchain: " + GO_NEEDED);
        }
        GoToolchain toolchain = host.go().get();
        return toolchain.isUsable()
                ? new Chosen(new Selection.Build(toolchain))
                : new Unavailable(toolchain + " is too old: " + GO_NEEDED);
    }

    private static Provider parse(String label) {
        return Provider.byLabel(label)
                .orElseThrow(() -> new MissingPrerequisiteException("%s is \"%s\"; it may be one of %s"
                        .formatted(HostEnvironment.PROVIDER_VARIABLE, label, Provider.labels())));
    }
}
