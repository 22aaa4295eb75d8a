package dev.agentcontainers.localcluster.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.PortInUseException;
import dev.agentcontainers.localcluster.SharedControlPlane;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.cluster.ClusterStarter.Started;
import dev.agentcontainers.localcluster.cluster.PersistentCluster.State;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class PersistentClusterIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private Path clusterFolder;
    private ControlPlaneBinaries binaries;

    @BeforeEach
    void findBinaries() {
        clusterFolder = folder.resolve("cluster");
        binaries = new ControlPlaneBinaries(
                Objects.requireNonNull(SharedControlPlane.get().kubectl().getParent()));
    }

    @AfterEach
    void delete() {
        cluster().delete(line -> {});
    }

    @Test
    void outlivesItsJvmAndIsReachedRestartedAndStoppedFromAnother() throws Exception {
        Started started = ClusterStarter.run(folder, binaries.folder(), "persistent", clusterFolder.toString());
        assertThat(started.process().waitFor()).isZero();

        assertThat(cluster().status().state()).isEqualTo(State.RUNNING);
        ControlPlane attached = cluster().attach().orElseThrow();
        try (KubernetesClient admin = attached.adminClient()) {
            admin.namespaces()
                    .resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName("kept")
                            .endMetadata()
                            .build())
                    .create();
        }
        attached.close();
        assertThat(start().apiServer()).as("started while it runs").isEqualTo(attached.apiServer());

        cluster().stop(line -> {});
        assertThat(cluster().status()).isEqualTo(new PersistentCluster.Status(State.STOPPED, Map.of()));
        assertThat(cluster().attach()).isEmpty();

        ControlPlane restarted = start();
        assertThat(restarted.apiServer()).isEqualTo(attached.apiServer());
        try (KubernetesClient admin = restarted.adminClient()) {
            assertThat(admin.namespaces().withName("kept").get()).isNotNull();
        }
        cluster().delete(line -> {});
        assertThat(clusterFolder).doesNotExist();
    }

    @Test
    void mendsAClusterThatRunsPartly() {
        start();
        ProcessHandle controllerManager = Component.CONTROLLER_MANAGER
                .find(new ClusterFolder(clusterFolder))
                .orElseThrow();
        controllerManager.destroyForcibly();
        await().atMost(PATIENCE).until(() -> cluster().status().state() == State.PARTLY_RUNNING);
        assertThat(cluster().attach()).isEmpty();

        start();

        assertThat(cluster().status().state()).isEqualTo(State.RUNNING);
    }

    @Test
    void startsAfterAStartThatWasKilled() throws Exception {
        Process starter = ClusterStarter.launch(folder, binaries.folder(), "persistent", clusterFolder.toString());
        await().atMost(PATIENCE)
                .until(() -> Component.API_SERVER
                        .find(new ClusterFolder(clusterFolder))
                        .isPresent());
        assertThat(starter.destroyForcibly().waitFor()).isNotZero();

        try (KubernetesClient admin = start().adminClient()) {
            assertThat(admin.namespaces().withName("default").get()).isNotNull();
        }
        assertThat(cluster().status().state()).isEqualTo(State.RUNNING);
    }

    @Test
    void isStartedOnceByTwoAtOnce() throws Exception {
        Process one = ClusterStarter.launch(folder, binaries.folder(), "persistent", clusterFolder.toString());
        Process other = ClusterStarter.launch(folder, binaries.folder(), "persistent", clusterFolder.toString());

        assertThat(ClusterStarter.awaitStarted(one).folder())
                .isEqualTo(ClusterStarter.awaitStarted(other).folder());
        assertThat(one.waitFor()).isZero();
        assertThat(other.waitFor()).isZero();
        String marker = Component.ETCD.marker(new ClusterFolder(clusterFolder));
        assertThat(ProcessHandle.allProcesses()
                        .filter(process -> process.info()
                                .arguments()
                                .map(arguments -> List.of(arguments).contains(marker))
                                .orElse(false)))
                .hasSize(1);
    }

    @Test
    void namesWhatHoldsItsPort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            ControlPlaneOptions options = ControlPlaneOptions.defaults().withApiServerPort(socket.getLocalPort());

            assertThatThrownBy(() -> cluster().start(binaries, options))
                    .isInstanceOf(PortInUseException.class)
                    .hasMessageContaining("127.0.0.1:%d, which kube-apiserver needs", socket.getLocalPort())
                    .hasMessageContaining(
                            "java (process %d)", ProcessHandle.current().pid());
        }
        assertThat(cluster().status().state()).isEqualTo(State.STOPPED);
    }

    @Test
    void failsAtOnceWithTheOutputOfWhatEnded() {
        ControlPlaneOptions options = ControlPlaneOptions.defaults().withApiServerArgument("--no-such-flag=1");

        assertThatThrownBy(() -> cluster().start(binaries, options))
                .isInstanceOf(ControlPlaneFailedException.class)
                .hasMessageContaining("kube-apiserver ended with exit code 1")
                .hasMessageContaining("unknown flag: --no-such-flag");
        assertThat(cluster().status().state()).isEqualTo(State.STOPPED);
    }

    private PersistentCluster cluster() {
        return PersistentCluster.at(clusterFolder);
    }

    private ControlPlane start() {
        return cluster().start(binaries, ControlPlaneOptions.defaults());
    }
}
