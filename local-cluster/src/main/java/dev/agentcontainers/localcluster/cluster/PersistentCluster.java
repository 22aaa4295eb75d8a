package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.process.ChildLauncher.Lifetime;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A cluster in a named folder, whose processes outlive this JVM. Any JVM of this user may start it, attach
 * to it and stop it, as often as it likes.
 */
public final class PersistentCluster {

    private final ClusterFolder folder;
    private final ClusterProcesses processes;

    private PersistentCluster(Path folder) {
        this.folder = new ClusterFolder(folder);
        this.processes = new ClusterProcesses(this.folder);
    }

    /** The cluster of that folder, which need not exist. */
    public static PersistentCluster at(Path folder) {
        return new PersistentCluster(folder);
    }

    /** How much of a cluster runs. */
    public enum State {
        RUNNING,
        /** Some processes run and others don't; starting or stopping it mends that. */
        PARTLY_RUNNING,
        STOPPED
    }

    /**
     * What runs of it.
     *
     * @param processes process identifiers by program
     */
    public record Status(State state, Map<String, Long> processes) {

        public Status {
            processes = Map.copyOf(processes);
        }
    }

    public Status status() {
        Map<Component, ProcessHandle> running = processes.running();
        State state = switch (running.size()) {
            case 0 -> State.STOPPED;
            case 3 -> State.RUNNING;
            default -> State.PARTLY_RUNNING;
        };
        Map<String, Long> identifiers = new TreeMap<>();
        running.forEach((component, process) -> identifiers.put(component.executable(), process.pid()));
        return new Status(state, identifiers);
    }

    /**
     * Starts it, or attaches where it runs already (the options then don't matter). Keeps its ports from
     * one start to the next. Closing the result leaves the cluster as it is.
     */
    public ControlPlane start(ControlPlaneBinaries binaries, ControlPlaneOptions options) {
        try (FolderLock _ = lock(options.progress())) {
            Optional<ControlPlane> running = attach();
            if (running.isPresent()) {
                processes.awaitReady(); // its starter may have been interrupted
                return running.get();
            }
            processes.stop();
            ClusterSettings settings = ClusterSettings.read(folder)
                    .map(earlier -> earlier.restarted(binaries.folder(), options))
                    .orElseGet(() -> ClusterSettings.create(binaries.folder(), options));
            options.progress().accept("starting etcd, kube-apiserver and kube-controller-manager");
            processes.start(settings, Lifetime.OUTLIVES_THIS_JVM);
            return new LocalControlPlane(folder, settings, () -> {});
        }
    }

    /** The cluster, where all of it runs. */
    public Optional<ControlPlane> attach() {
        return status().state() == State.RUNNING
                ? ClusterSettings.read(folder).map(settings -> new LocalControlPlane(folder, settings, () -> {}))
                : Optional.empty();
    }

    /** Stops it and keeps its data. */
    public void stop(Consumer<String> progress) {
        if (!Files.isDirectory(folder.root())) {
            return;
        }
        try (FolderLock _ = lock(progress)) {
            processes.stop();
        }
    }

    /** Stops it and deletes its folder. */
    public void delete(Consumer<String> progress) {
        if (!Files.isDirectory(folder.root())) {
            return;
        }
        try (FolderLock _ = lock(progress)) {
            processes.kill();
            FileTrees.delete(folder.root());
        }
    }

    private FolderLock lock(Consumer<String> progress) {
        folder.create();
        return FolderLock.acquire(
                folder.lock(),
                () -> progress.accept("waiting for another process that starts or stops " + folder.root()));
    }
}
