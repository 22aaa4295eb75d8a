package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The cluster's client authorities, where the API server publishes them for servers like this one. */
final class ClientAuthorities {
    private static final Logger LOG = LoggerFactory.getLogger(ClientAuthorities.class);
    private static final String NAMESPACE = "kube-system";
    private static final String NAME = "extension-apiserver-authentication";
    private static final String KEY = "client-ca-file";

    private final KubernetesClient client;

    ClientAuthorities(KubernetesClient client) {
        this.client = client;
    }

    /** Empty, with a warning, where they can't be read: users then need tokens. */
    List<X509Certificate> read() {
        try {
            ConfigMap found =
                    client.configMaps().inNamespace(NAMESPACE).withName(NAME).get();
            Optional<String> bundle =
                    Optional.ofNullable(found).map(ConfigMap::getData).map(data -> data.get(KEY));
            if (bundle.isEmpty()) {
                LOG.warn("ConfigMap {}/{} has no {}: users need bearer tokens at the gateway", NAMESPACE, NAME, KEY);
                return List.of();
            }
            return Pem.certificates(bundle.get());
        } catch (KubernetesClientException | ProtocolException e) {
            LOG.warn(
                    "ConfigMap {}/{} can't be read ({}): users need bearer tokens at the gateway",
                    NAMESPACE,
                    NAME,
                    e.getMessage());
            return List.of();
        }
    }
}
