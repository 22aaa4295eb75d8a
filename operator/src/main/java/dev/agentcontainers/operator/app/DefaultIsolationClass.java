package dev.agentcontainers.operator.app;

import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationClassSpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.inject.Singleton;
import java.net.HttpURLConnection;

/** Makes the IsolationClass {@code process}, if there is none of that name: an administrator's own stays as it is. */
@Singleton
public class DefaultIsolationClass {
    private static final String NAME = "process";

    private final KubernetesClient client;

    DefaultIsolationClass(KubernetesClient client) {
        this.client = client;
    }

    void ensure() {
        if (client.resources(IsolationClass.class).withName(NAME).get() != null) {
            return;
        }
        IsolationClass process = new IsolationClass();
        process.setMetadata(new ObjectMetaBuilder().withName(NAME).build());
        process.setSpec(new IsolationClassSpec("process", IsolationLevel.Process, null));
        try {
            client.resource(process).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }
}
