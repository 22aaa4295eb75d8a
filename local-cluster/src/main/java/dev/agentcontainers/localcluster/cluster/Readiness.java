package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.process.LogTail;
import dev.agentcontainers.localcluster.process.LoopbackPorts;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for the parts of one control plane, within one deadline, as long as its processes live. */
final class Readiness implements AutoCloseable {

    private static final long POLL_MILLISECONDS = 100;

    private final ClusterFolder folder;
    private final KubernetesClient client;
    private final Duration timeout;
    private final long deadlineNanoseconds;
    private final Runnable requireAlive;

    /**
     * @param requireAlive throws where waiting longer is useless
     */
    Readiness(ClusterFolder folder, Duration timeout, Runnable requireAlive) {
        Config config = Config.fromKubeconfig(folder.kubeconfig().toFile());
        config.setRequestRetryBackoffLimit(0); // this class asks again itself
        config.setConnectionTimeout(1_000);
        config.setRequestTimeout(5_000);
        this.client = new KubernetesClientBuilder().withConfig(config).build();
        this.folder = folder;
        this.timeout = timeout;
        this.deadlineNanoseconds = System.nanoTime() + timeout.toNanos();
        this.requireAlive = requireAlive;
    }

    void awaitListener(Component component, int port) {
        await(component, "to listen", () -> LoopbackPorts.accepts(port));
    }

    /** Until it serves: storage answers, the default roles are there, informers have synchronised. */
    void awaitApiServer() {
        await(Component.API_SERVER, "to be ready", () -> Objects.equals(client.raw("/readyz"), "ok"));
    }

    /** Until they work, which is seen by the service account that they make in each namespace. */
    void awaitControllers() {
        await(
                Component.CONTROLLER_MANAGER,
                "to work",
                () -> client.serviceAccounts()
                                .inNamespace("default")
                                .withName("default")
                                .get()
                        != null);
    }

    private void await(Component component, String what, BooleanSupplier condition) {
        while (!holds(condition)) {
            requireAlive.run();
            if (System.nanoTime() > deadlineNanoseconds) {
                throw new ControlPlaneFailedException("waited %d s in vain for %s %s; its last output:%n%s"
                        .formatted(
                                timeout.toSeconds(), component.executable(), what, LogTail.of(folder.log(component))));
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ControlPlaneFailedException("interrupted while waiting for " + component.executable(), e);
            }
        }
        requireAlive.run();
    }

    private static boolean holds(BooleanSupplier condition) {
        try {
            return condition.getAsBoolean();
        } catch (KubernetesClientException e) {
            return false; // not yet
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
