package dev.agentcontainers.localcluster.selection;

import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.binaries.GoToolchain;
import java.nio.file.Path;

/** The control plane to use. */
public sealed interface Selection {

    /** The cluster of that kubeconfig. */
    record Existing(Path kubeconfig) implements Selection {}

    /** Those binaries, which are complete. */
    record Binaries(ControlPlaneBinaries binaries) implements Selection {}

    /** Binaries that are to be built with that toolchain. */
    record Build(GoToolchain toolchain) implements Selection {}

    /** A Kind cluster in that container engine. */
    record Kind(String containerEngine) implements Selection {}
}
