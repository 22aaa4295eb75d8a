package dev.agentcontainers.localcluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A Kubernetes control plane that is ready: its API server answers, namespaces are finalised and owned
 * objects are collected. Safe for use by several threads.
 */
public interface ControlPlane extends AutoCloseable {

    /** The administrator's kubeconfig, self-contained (no reference to another file). */
    Path kubeconfig();

    /** Where the API server answers, for example {@code https://127.0.0.1:6443}. */
    URI apiServer();

    /** What signs the API server's certificate, as PEM. Empty where the machine's own trust store does. */
    String certificateAuthority();

    /** A kubectl that fits the API server. */
    Path kubectl();

    /** The audit log (one JSON object in each line), where one was asked for and the provider can give it. */
    Optional<Path> auditLog();

    /**
     * A kubeconfig for another user. It has no rights but those that RBAC gives to the user and the groups.
     *
     * @throws MissingPrerequisiteException where an existing cluster issues no such credential
     */
    Path kubeconfigFor(String user, String... groups);

    /** The administrator's client configuration; a new object for each call. */
    default Config adminConfig() {
        return Config.fromKubeconfig(kubeconfig().toFile());
    }

    /** A new client with the administrator's rights, which the caller closes. */
    default KubernetesClient adminClient() {
        return new KubernetesClientBuilder().withConfig(adminConfig()).build();
    }

    /** A new client with the rights of that user, which the caller closes. */
    default KubernetesClient clientFor(String user, String... groups) {
        Config config = Config.fromKubeconfig(kubeconfigFor(user, groups).toFile());
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /**
     * Gives the control plane back: a temporary one is stopped and its data deleted, one that outlives
     * this JVM or was there before is left as it is. May be called again.
     */
    @Override
    void close();
}
