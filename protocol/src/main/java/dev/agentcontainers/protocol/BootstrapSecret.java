package dev.agentcontainers.protocol;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * The Secret in the operator's namespace that stands for a bootstrap token. Who may create Secrets there may let machines
 * join; the operator counts the uses in it. Of the token's secret only the hash is in it.
 */
public final class BootstrapSecret {
    /** Start of the Secrets' names; the token's id follows. */
    public static final String PREFIX = "agentcontainers-bootstrap-";

    /** Type of the Secrets. */
    public static final String TYPE = "agentcontainers.dev/bootstrap-token";

    /** Key: hash of the token's secret. */
    public static final String HASH = "secret-hash";

    /** Key: when the token ends, RFC 3339. */
    public static final String EXPIRATION = "expiration";

    /** Key: names that may join, where {@code *} stands for any characters. */
    public static final String NODE_NAMES = "node-names";

    /** Key: how many machines may join. */
    public static final String USES = "uses";

    private BootstrapSecret() {}

    /**
     * What a token allows.
     *
     * @param validity from now
     * @param nodeNames names that it may enrol, where {@code *} stands for any characters
     * @param uses how many machines may join with it
     */
    public record Terms(Duration validity, String nodeNames, int uses) {
        public Terms {
            if (uses < 1) {
                throw new IllegalArgumentException("uses is " + uses + ", must be 1 or more");
            }
            if (validity.isNegative() || validity.isZero()) {
                throw new IllegalArgumentException("validity is " + validity + ", must be longer than nothing");
            }
            if (nodeNames.isBlank()) {
                throw new IllegalArgumentException("nodeNames is empty: say * for any name");
            }
        }
    }

    /** @param namespace the operator's */
    public static Secret of(String namespace, BootstrapToken token, Terms terms, Instant now) {
        return new SecretBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name(token))
                .endMetadata()
                .withType(TYPE)
                .withStringData(Map.of(
                        HASH, token.hash(),
                        EXPIRATION, now.plus(terms.validity()).toString(),
                        NODE_NAMES, terms.nodeNames(),
                        USES, Integer.toString(terms.uses())))
                .build();
    }

    public static String name(BootstrapToken token) {
        return PREFIX + token.id();
    }
}
