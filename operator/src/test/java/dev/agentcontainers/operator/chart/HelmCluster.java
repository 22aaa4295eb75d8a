package dev.agentcontainers.operator.chart;

import dev.agentcontainers.localcluster.ClusterContents;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneException;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.binaries.Helm;
import dev.agentcontainers.localcluster.process.ExternalProgram;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;

/** A control plane of the charts' tests alone, because they install and remove the API. */
final class HelmCluster implements AutoCloseable {
    private final ControlPlane controlPlane;
    private final KubernetesClient client;
    private final ExternalProgram helm;
    private final ExternalProgram kubectl;

    private HelmCluster(ControlPlane controlPlane, Path helm, Path scratch) {
        this.controlPlane = controlPlane;
        this.client = controlPlane.adminClient();
        this.helm = Helm.command(helm, controlPlane.kubeconfig(), scratch);
        this.kubectl = ClusterContents.kubectl(controlPlane);
    }

    /** Nothing is installed yet. Skips the test where this machine has no Helm and can't build it. */
    static HelmCluster startOrSkip(Path scratch) {
        try {
            Path helm = Helm.findOrBuild(System.getenv(), line -> System.err.println("helm: " + line));
            return new HelmCluster(
                    ControlPlanes.with(ControlPlaneOptions.defaults()).temporary(), helm, scratch);
        } catch (ControlPlaneException e) {
            return Assumptions.abort(e.getMessage());
        }
    }

    /** Helm without a cluster, for what it does offline. */
    private static ExternalProgram offlineHelm(Path scratch) {
        Path helm = Helm.findOrBuild(System.getenv(), line -> System.err.println("helm: " + line));
        return Helm.command(helm, scratch.resolve("none"), scratch);
    }

    /** As {@link #offlineHelm}; skips the test where this machine has no Helm and can't build it. */
    static ExternalProgram offlineHelmOrSkip(Path scratch) {
        try {
            return offlineHelm(scratch);
        } catch (ControlPlaneException e) {
            return Assumptions.abort(e.getMessage());
        }
    }

    ControlPlane controlPlane() {
        return controlPlane;
    }

    ExternalProgram helm() {
        return helm;
    }

    ExternalProgram kubectl() {
        return kubectl;
    }

    KubernetesClient client() {
        return client;
    }

    /** Kind, namespace and name of every object that there is, but for those that come and go by themselves. */
    Set<String> objects() {
        return ClusterContents.of(kubectl);
    }

    @Override
    public void close() {
        client.close();
        controlPlane.close();
    }
}
