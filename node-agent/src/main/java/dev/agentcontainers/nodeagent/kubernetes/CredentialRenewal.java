package dev.agentcontainers.nodeagent.kubernetes;

import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the node's token fresh: asks the API server for a new one for the node's own ServiceAccount well before the
 * present one ends, and keeps it in a file that only its owner reads, for the next start. Thread-safe.
 */
public final class CredentialRenewal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CredentialRenewal.class);
    private static final String SERVICE_ACCOUNT = "node-agent";
    private static final Duration VALIDITY = Duration.ofHours(1);
    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(30);

    private final Path file;
    private final Clock clock;
    private final Config config;
    private volatile Optional<BearerToken> token;
    private volatile Optional<RepeatedTask> renewing = Optional.empty();

    /**
     * @param kubeconfig configuration to begin with; one that does not use a token is left as it is
     * @param file where a renewed token is kept
     */
    public CredentialRenewal(Config kubeconfig, Path file, Clock clock) throws IOException {
        this.file = file;
        this.clock = clock;
        Optional<BearerToken> given = tokenOf(kubeconfig);
        Optional<BearerToken> kept = given.isPresent() ? kept(file) : Optional.empty();
        this.token = kept.filter(last -> last.outlives(given.orElseThrow())).or(() -> given);
        this.config = token.isEmpty()
                ? kubeconfig
                : new ConfigBuilder(kubeconfig)
                        .withOauthToken(null)
                        .withAutoOAuthToken(null)
                        .withAuthProvider(null)
                        .withOauthTokenProvider(() -> token.orElseThrow().value())
                        .build();
    }

    /** Configuration of a client that always uses the present token. */
    public Config clientConfig() {
        return config;
    }

    /** When the present token ends; empty where there is none or it does not end. */
    public Optional<Instant> expires() {
        return token.flatMap(BearerToken::expires);
    }

    /** Begins to look whether the token must be renewed, and does so with that client. */
    public void start(KubernetesClient client, String namespace, ScheduledExecutorService timer) {
        if (token.isEmpty()) {
            return;
        }
        RepeatedTask task = new RepeatedTask("token of this node", timer, () -> renewWhereDue(client, namespace));
        renewing = Optional.of(task);
        timer.scheduleWithFixedDelay(task::request, 0, CHECK_INTERVAL.toSeconds(), TimeUnit.SECONDS);
    }

    void renewWhereDue(KubernetesClient client, String namespace) throws IOException {
        Optional<Instant> due = token.flatMap(BearerToken::renewAt);
        if (due.filter(at -> !clock.instant().isBefore(at)).isPresent()) {
            renew(client, namespace);
        }
    }

    private void renew(KubernetesClient client, String namespace) throws IOException {
        TokenRequest granted = client.serviceAccounts()
                .inNamespace(namespace)
                .withName(SERVICE_ACCOUNT)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(VALIDITY.toSeconds())
                        .endSpec()
                        .build());
        BearerToken renewed = BearerToken.of(granted.getStatus().getToken());
        token = Optional.of(renewed);
        PrivateFile.replace(file, renewed.value());
        LOG.info("renewed this node's token; it ends at {}", granted.getStatus().getExpirationTimestamp());
    }

    private static Optional<BearerToken> tokenOf(Config config) {
        return Optional.ofNullable(config.getOauthToken())
                .or(() -> Optional.ofNullable(config.getAutoOAuthToken()))
                .filter(text -> !text.isBlank())
                .map(BearerToken::of);
    }

    private static Optional<BearerToken> kept(Path file) throws IOException {
        return Files.exists(file)
                ? Optional.of(BearerToken.of(Files.readString(file).strip()))
                : Optional.empty();
    }

    @Override
    public void close() {
        renewing.ifPresent(RepeatedTask::close);
    }
}
