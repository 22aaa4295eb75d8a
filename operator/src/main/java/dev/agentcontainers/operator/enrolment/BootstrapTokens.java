package dev.agentcontainers.operator.enrolment;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.protocol.BootstrapSecret;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.BootstrapToken;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Bootstrap tokens, each a {@link BootstrapSecret} in the operator's namespace. Uses are counted by
 * resourceVersion-checked updates before anything is granted, so a token is never used more often than allowed; the same
 * machine (name and key) may try again without a further use.
 */
public final class BootstrapTokens {
    private static final String USED_BY = "used-by";
    private static final int ATTEMPTS = 10;

    private final KubernetesClient client;
    private final String namespace;
    private final Clock clock;

    public BootstrapTokens(KubernetesClient client, String namespace, Clock clock) {
        this.client = client;
        this.namespace = namespace;
        this.clock = clock;
    }

    /** Makes a token. Needs the right to create Secrets in the operator's namespace. */
    public BootstrapToken create(Terms terms) {
        BootstrapToken token = BootstrapToken.generate(new SecureRandom());
        client.resource(BootstrapSecret.of(namespace, token, terms, clock.instant()))
                .create();
        return token;
    }

    /** @throws RefusedException where the token is not valid now, for whatever reason, or not for that name */
    void verify(BootstrapToken token, String nodeName) {
        Stored stored = read(token);
        if (!stored.allows(nodeName)) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_FORBIDDEN,
                    "nodeName '%s' is not one that this bootstrap token allows: it must match '%s'"
                            .formatted(nodeName, stored.nodeNames()));
        }
    }

    /**
     * Counts a use of the token by that machine.
     *
     * @throws RefusedException where none is left
     */
    void use(BootstrapToken token, String nodeName, String key) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Stored stored = read(token);
            if (key.equals(stored.usedBy().get(nodeName))) {
                return;
            }
            if (stored.usedBy().size() >= stored.uses()) {
                throw new RefusedException(
                        HttpURLConnection.HTTP_UNAUTHORIZED,
                        "this bootstrap token was used %d of %d times: make a new one"
                                .formatted(stored.usedBy().size(), stored.uses()));
            }
            if (write(stored.secret(), stored.withUse(nodeName, key, attempt))) {
                return;
            }
        }
        throw new RefusedException(
                HttpURLConnection.HTTP_UNAVAILABLE, "too many machines use this bootstrap token at once: try again");
    }

    private boolean write(Secret secret, Map<String, String> usedBy) {
        Secret changed = new SecretBuilder(secret)
                .addToData(USED_BY, Base64.getEncoder().encodeToString(Json.bytes(usedBy)))
                .build();
        try {
            client.resource(changed)
                    .lockResourceVersion(secret.getMetadata().getResourceVersion())
                    .update();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return false;
            }
            throw e;
        }
    }

    private Stored read(BootstrapToken token) {
        Secret secret = client.secrets()
                .inNamespace(namespace)
                .withName(BootstrapSecret.name(token))
                .get();
        if (secret == null || !BootstrapSecret.TYPE.equals(secret.getType()) || secret.getData() == null) {
            throw invalid();
        }
        Stored stored = Stored.of(secret);
        if (!token.hasHash(stored.hash()) || !clock.instant().isBefore(stored.expiration())) {
            throw invalid();
        }
        return stored;
    }

    /** One message for every cause: a guesser learns nothing. */
    private static RefusedException invalid() {
        return new RefusedException(
                HttpURLConnection.HTTP_UNAUTHORIZED,
                "this bootstrap token is not valid: it does not exist, its secret is wrong or it has expired");
    }

    private record Stored(
            Secret secret, String hash, Instant expiration, String nodeNames, int uses, Map<String, String> usedBy) {

        static Stored of(Secret secret) {
            try {
                Map<String, String> usedBy = new LinkedHashMap<>();
                String json = field(secret, USED_BY);
                if (!json.isEmpty()) {
                    Json.parse(json, Map.class).forEach((name, key) -> usedBy.put((String) name, (String) key));
                }
                return new Stored(
                        secret,
                        field(secret, BootstrapSecret.HASH),
                        Instant.parse(field(secret, BootstrapSecret.EXPIRATION)),
                        field(secret, BootstrapSecret.NODE_NAMES),
                        Integer.parseInt(field(secret, BootstrapSecret.USES)),
                        usedBy);
            } catch (DateTimeException | NumberFormatException | JsonProcessingException | ClassCastException e) {
                // A Secret made by hand with a field missing or wrong opens nothing.
                throw invalid();
            }
        }

        private static String field(Secret secret, String key) {
            String value = secret.getData().getOrDefault(key, "");
            return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
        }

        boolean allows(String nodeName) {
            String expression = Arrays.stream(nodeNames.split("\\*", -1))
                    .map(Pattern::quote)
                    .collect(Collectors.joining(".*"));
            return nodeName.matches(expression);
        }

        /** A name that comes back with another key is a further use of its own. */
        Map<String, String> withUse(String nodeName, String key, int attempt) {
            Map<String, String> longer = new LinkedHashMap<>(usedBy);
            String earlier = longer.put(nodeName, key);
            if (earlier != null) {
                longer.put(nodeName + "@" + (usedBy.size() + attempt), earlier);
            }
            return longer;
        }
    }
}
