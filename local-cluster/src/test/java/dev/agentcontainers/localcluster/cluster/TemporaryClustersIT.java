package dev.agentcontainers.localcluster.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.localcluster.SharedControlPlane;
import dev.agentcontainers.localcluster.cluster.ClusterStarter.Started;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class TemporaryClustersIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path cacheFolder;

    @Test
    void nothingIsLeftOfAJvmThatWasKilled() throws Exception {
        Started started = ClusterStarter.run(cacheFolder, binaries(), "temporary");
        ClusterFolder folder = new ClusterFolder(started.folder());
        List<ProcessHandle> processes =
                List.copyOf(new ClusterProcesses(folder).running().values());
        assertThat(processes).hasSize(Component.values().length);
        TemporaryClusters clusters = new TemporaryClusters(cacheFolder);

        clusters.sweep();
        assertThat(processes).as("a sweep while its JVM lives").allMatch(ProcessHandle::isAlive);
        assertThat(started.process().destroyForcibly().waitFor()).isNotZero();
        clusters.sweep();

        assertThat(clusterFolders()).isEmpty();
        await().atMost(PATIENCE).until(() -> processes.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void theKernelEndsWhatAKilledJvmStarted() throws Exception {
        Started started = ClusterStarter.run(cacheFolder, binaries(), "temporary");
        ClusterProcesses processes = new ClusterProcesses(new ClusterFolder(started.folder()));

        assertThat(started.process().destroyForcibly().waitFor()).isNotZero();

        await().atMost(PATIENCE).until(() -> processes.running().isEmpty());
        new TemporaryClusters(cacheFolder).sweep();
    }

    @Test
    void nothingIsLeftOfAJvmThatWasAskedToEnd() throws Exception {
        Started started = ClusterStarter.run(cacheFolder, binaries(), "temporary");
        ClusterProcesses processes = new ClusterProcesses(new ClusterFolder(started.folder()));

        started.process().destroy();
        started.process().waitFor();

        assertThat(clusterFolders()).isEmpty();
        assertThat(processes.running()).isEmpty();
    }

    private List<Path> clusterFolders() throws IOException {
        try (Stream<Path> entries = Files.list(cacheFolder.resolve("temporary-clusters"))) {
            return entries.filter(Files::isDirectory).toList();
        }
    }

    private static Path binaries() {
        return Objects.requireNonNull(SharedControlPlane.get().kubectl().getParent());
    }
}
