package dev.agentcontainers.operator.app;

import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationClassSpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.inject.Singleton;
import java.net.HttpURLConnection;
import java.util.Map;

/** Makes the IsolationClasses that every installation has, where there is none of that name: an administrator's own stays. */
@Singleton
public class DefaultIsolationClasses {
    /** Names of classes and of their drivers. */
    private static final Map<String, IsolationLevel> LEVELS = Map.of(
            "process", IsolationLevel.Process,
            "container", IsolationLevel.Container,
            "gvisor", IsolationLevel.UserspaceKernel,
            "microvm", IsolationLevel.MicroVM);

    private final KubernetesClient client;

    DefaultIsolationClasses(KubernetesClient client) {
        this.client = client;
    }

    void ensure() {
        LEVELS.forEach(this::ensure);
    }

    private void ensure(String name, IsolationLevel level) {
        if (client.resources(IsolationClass.class).withName(name).get() != null) {
            return;
        }
        IsolationClass isolationClass = new IsolationClass();
        isolationClass.setMetadata(new ObjectMetaBuilder().withName(name).build());
        isolationClass.setSpec(new IsolationClassSpec(name, level, null));
        try {
            client.resource(isolationClass).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }
}
