package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.process.OwnProcesses;
import java.time.Duration;
import java.util.Optional;

/** A process of a cluster, in the order of start. */
enum Component {
    ETCD(ControlPlaneBinaries.ETCD),
    API_SERVER(ControlPlaneBinaries.API_SERVER),
    CONTROLLER_MANAGER(ControlPlaneBinaries.CONTROLLER_MANAGER);

    private final String executable;

    Component(String executable) {
        this.executable = executable;
    }

    String executable() {
        return executable;
    }

    /** How long it may take to end by itself; etcd alone has data to lose. */
    Duration grace() {
        return switch (this) {
            case ETCD -> Duration.ofSeconds(20);
            case API_SERVER, CONTROLLER_MANAGER -> Duration.ofSeconds(5);
        };
    }

    /** An argument that no other cluster's process has. */
    String marker(ClusterFolder folder) {
        return switch (this) {
            case ETCD -> "--data-dir=" + folder.etcdData();
            case API_SERVER -> "--cert-dir=" + folder.certificates();
            case CONTROLLER_MANAGER -> "--kubeconfig=" + folder.controllerManagerKubeconfig();
        };
    }

    /** The process, where it runs. */
    Optional<ProcessHandle> find(ClusterFolder folder) {
        return OwnProcesses.find(executable, marker(folder));
    }
}
