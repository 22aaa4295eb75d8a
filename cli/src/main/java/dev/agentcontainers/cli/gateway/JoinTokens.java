package dev.agentcontainers.cli.gateway;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.BootstrapSecret;
import dev.agentcontainers.protocol.BootstrapToken;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.security.SecureRandom;
import java.time.Clock;

/** Tokens that machines join with. Needs the right to create and delete Secrets in the operator's namespace. */
public final class JoinTokens {
    private final KubernetesClient client;
    private final String operatorNamespace;
    private final Clock clock;

    public JoinTokens(KubernetesClient client, String operatorNamespace, Clock clock) {
        this.client = client;
        this.operatorNamespace = operatorNamespace;
        this.clock = clock;
    }

    /** Makes a token. Only what is returned has its secret. */
    public BootstrapToken create(BootstrapSecret.Terms terms) {
        BootstrapToken token = BootstrapToken.generate(new SecureRandom());
        try {
            client.resource(BootstrapSecret.of(operatorNamespace, token, terms, clock.instant()))
                    .create();
            return token;
        } catch (KubernetesClientException e) {
            throw new UserException(
                    e.getCode() == HttpURLConnection.HTTP_FORBIDDEN
                            ? "a token is a Secret in namespace " + operatorNamespace
                                    + ", and this user may not create it: " + e.getMessage()
                            : "the token could not be made: " + e.getMessage());
        }
    }

    /** Nobody can join with it any more; who has joined stays. */
    public void delete(BootstrapToken token) {
        client.secrets()
                .inNamespace(operatorNamespace)
                .withName(BootstrapSecret.name(token))
                .delete();
    }
}
