package dev.agentcontainers.localcluster.selection;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where a control plane comes from, in the order in which they are considered. */
public enum Provider {
    /** The cluster of {@code KUBECONFIG}; only when told to. */
    EXISTING,
    /** Binaries in the folder {@code KUBEBUILDER_ASSETS}. */
    ASSETS,
    /** Kind through Testcontainers; needs a container engine. */
    KIND,
    /** Binaries built by the Go toolchain and kept in a cache. */
    BUILT;

    /** The value of the environment variable that stands for this provider. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Provider> byLabel(String label) {
        return Arrays.stream(values())
                .filter(provider -> provider.label().equals(label))
                .findFirst();
    }

    static String labels() {
        return Arrays.stream(values()).map(Provider::label).collect(Collectors.joining(", "));
    }
}
