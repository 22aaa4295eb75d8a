package dev.agentcontainers.operator.authority;

import dev.agentcontainers.protocol.GatewayPaths;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.URI;
import java.util.Map;

/** Tells users where the gateway is and what signs for it, by a ConfigMap in the operator's namespace. */
public final class GatewayPublication {
    private static final String FIELD_MANAGER = "agentcontainers-gateway";

    private final KubernetesClient client;
    private final String namespace;

    public GatewayPublication(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /** Writes it where it is not there as wanted. */
    public void publish(URI url, CertificateAuthority authority) {
        Map<String, String> data = Map.of(
                GatewayPaths.CONFIG_URL, url.toString(),
                GatewayPaths.CONFIG_AUTHORITY, authority.certificatePem());
        ConfigMap found = client.configMaps()
                .inNamespace(namespace)
                .withName(GatewayPaths.CONFIG_MAP)
                .get();
        if (found != null && data.equals(found.getData())) {
            return;
        }
        ConfigMap wanted = new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(GatewayPaths.CONFIG_MAP)
                .endMetadata()
                .withData(data)
                .build();
        client.resource(wanted).fieldManager(FIELD_MANAGER).forceConflicts().serverSideApply();
    }
}
