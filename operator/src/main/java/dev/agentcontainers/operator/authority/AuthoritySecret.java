package dev.agentcontainers.operator.authority;

import dev.agentcontainers.protocol.ProtocolException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authority's home: a Secret in the operator's namespace that is created once and never overwritten, so that of two
 * operators at once one wins and both use the same.
 */
public final class AuthoritySecret {
    /** Name of the Secret. */
    public static final String NAME = "agentcontainers-gateway-ca";

    private static final Logger LOG = LoggerFactory.getLogger(AuthoritySecret.class);
    private static final String CERTIFICATE = "tls.crt";
    private static final String KEY = "tls.key";

    private final KubernetesClient client;
    private final String namespace;
    private final Clock clock;

    public AuthoritySecret(KubernetesClient client, String namespace, Clock clock) {
        this.client = client;
        this.namespace = namespace;
        this.clock = clock;
    }

    /** @throws IllegalStateException where the Secret is there but holds no usable authority */
    public CertificateAuthority loadOrCreate() {
        Secret found = find();
        return read(found == null ? create() : found);
    }

    private @Nullable Secret find() {
        return client.secrets().inNamespace(namespace).withName(NAME).get();
    }

    private Secret create() {
        CertificateAuthority authority = CertificateAuthority.create(clock);
        Secret secret = new SecretBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(NAME)
                .endMetadata()
                .withType("kubernetes.io/tls")
                .withImmutable(true)
                .withStringData(Map.of(CERTIFICATE, authority.certificatePem(), KEY, authority.keyPem()))
                .build();
        try {
            Secret created = client.resource(secret).create();
            LOG.info("made the gateway's certificate authority: Secret {}/{}", namespace, NAME);
            return created;
        } catch (KubernetesClientException e) {
            Secret other = e.getCode() == HttpURLConnection.HTTP_CONFLICT ? find() : null;
            if (other == null) {
                throw e;
            }
            return other;
        }
    }

    private CertificateAuthority read(Secret secret) {
        try {
            return CertificateAuthority.of(field(secret, CERTIFICATE), field(secret, KEY), clock);
        } catch (ProtocolException e) {
            throw new IllegalStateException(
                    "Secret %s/%s: %s. To have a new authority made, delete the Secret; every node must then be joined anew"
                            .formatted(namespace, NAME, e.getMessage()),
                    e);
        }
    }

    private static String field(Secret secret, String key) throws ProtocolException {
        String value = secret.getData() == null ? null : secret.getData().get(key);
        if (value == null) {
            throw new ProtocolException("the key " + key + " is missing");
        }
        return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
    }
}
