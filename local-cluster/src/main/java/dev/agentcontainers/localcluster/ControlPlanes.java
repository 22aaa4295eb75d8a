package dev.agentcontainers.localcluster;

import dev.agentcontainers.localcluster.binaries.BinaryCache;
import dev.agentcontainers.localcluster.binaries.CacheFolder;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.cluster.PersistentCluster;
import dev.agentcontainers.localcluster.cluster.TemporaryClusters;
import dev.agentcontainers.localcluster.existing.ExistingControlPlane;
import dev.agentcontainers.localcluster.kind.KindControlPlane;
import dev.agentcontainers.localcluster.selection.HostEnvironment;
import dev.agentcontainers.localcluster.selection.ProviderSelection;
import dev.agentcontainers.localcluster.selection.Selection;
import java.nio.file.Path;
import java.util.Map;

/** Brings up control planes on this machine. */
public final class ControlPlanes {

    private final Map<String, String> environment;
    private final ControlPlaneOptions options;
    private final BinaryCache cache;

    private ControlPlanes(Map<String, String> environment, ControlPlaneOptions options) {
        this.environment = Map.copyOf(environment);
        this.options = options;
        this.cache = BinaryCache.of(environment);
    }

    /** For this process's environment. */
    public static ControlPlanes with(ControlPlaneOptions options) {
        return with(System.getenv(), options);
    }

    /** For an environment of the caller's: the same variables, with other values. */
    public static ControlPlanes with(Map<String, String> environment, ControlPlaneOptions options) {
        return new ControlPlanes(environment, options);
    }

    /**
     * Starts a control plane that ends when it is closed, at the latest with this JVM.
     *
     * @throws ControlPlaneException where this machine can give none; the message says what to do
     */
    public ControlPlane temporary() {
        return switch (select(false)) {
            case Selection.Existing existing -> new ExistingControlPlane(existing.kubeconfig(), environment);
            case Selection.Binaries binaries -> temporary(binaries.binaries());
            case Selection.Kind kind -> KindControlPlane.start(options);
            case Selection.Build build -> temporary(cache.findOrBuild(build.toolchain(), options.progress()));
        };
    }

    /**
     * Starts the control plane of that folder, which outlives this JVM, or attaches to it. Status, stop
     * and deletion: {@link PersistentCluster#at}.
     *
     * @throws ControlPlaneException where this machine can give none; the message says what to do
     */
    public ControlPlane persistent(Path folder) {
        return switch (select(true)) {
            case Selection.Existing existing -> new ExistingControlPlane(existing.kubeconfig(), environment);
            case Selection.Binaries binaries -> PersistentCluster.at(folder).start(binaries.binaries(), options);
            case Selection.Build build ->
                PersistentCluster.at(folder).start(cache.findOrBuild(build.toolchain(), options.progress()), options);
            case Selection.Kind kind -> throw new IllegalStateException("Kind was chosen for a persistent cluster");
        };
    }

    /** Does what takes long (building the binaries) without starting anything; nothing where it is done. */
    public void prepare() {
        if (select(true) instanceof Selection.Build build) {
            cache.findOrBuild(build.toolchain(), options.progress());
        }
    }

    /**
     * Whether {@link #persistent} would fail only because its binaries are to be built and no Go is there that can.
     *
     * @throws MissingPrerequisiteException where the environment asks for a provider that there is none of
     */
    public boolean lacksGo() {
        return ProviderSelection.lacksGo(HostEnvironment.of(environment, cache), request(true));
    }

    private ProviderSelection.Request request(boolean persistent) {
        boolean configured = options.auditLog()
                || options.apiServerPort().isPresent()
                || !options.apiServerArguments().isEmpty();
        return new ProviderSelection.Request(persistent, configured);
    }

    private Selection select(boolean persistent) {
        HostEnvironment host = HostEnvironment.of(environment, cache);
        Selection selection = ProviderSelection.select(host, request(persistent));
        host.assets()
                .filter(assets -> !assets.missing().isEmpty())
                .ifPresent(assets -> options.progress()
                        .accept("KUBEBUILDER_ASSETS (%s) is passed over: it lacks %s"
                                .formatted(assets.binaries().folder(), String.join(", ", assets.missing()))));
        return selection;
    }

    private ControlPlane temporary(ControlPlaneBinaries binaries) {
        return new TemporaryClusters(CacheFolder.of(environment)).start(binaries, options);
    }
}
