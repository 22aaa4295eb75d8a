package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.protocol.BootstrapToken;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Checks what machines show. */
final class JoinProofs {
    /** Where the API server says which node a Pod's token was made for (since Kubernetes 1.30). */
    private static final String NODE_NAME_CLAIM = "authentication.kubernetes.io/node-name";

    private final KubernetesClient client;
    private final BootstrapTokens tokens;
    private final Set<String> allowedServiceAccounts;

    /** @param allowedServiceAccounts full user names, {@code system:serviceaccount:<namespace>:<name>} */
    JoinProofs(KubernetesClient client, BootstrapTokens tokens, Set<String> allowedServiceAccounts) {
        this.client = client;
        this.tokens = tokens;
        this.allowedServiceAccounts = Set.copyOf(allowedServiceAccounts);
    }

    /** @throws RefusedException where the bearer does not allow that name to join */
    JoinProof verify(String bearer, String nodeName) {
        Optional<BootstrapToken> token = BootstrapToken.parse(bearer);
        if (token.isPresent()) {
            tokens.verify(token.get(), nodeName);
            return new JoinProof.Bootstrap(token.get());
        }
        return serviceAccount(bearer, nodeName);
    }

    /** Counts the use of a proof that is for a limited number of machines. */
    void use(JoinProof proof, String nodeName, String key) {
        switch (proof) {
            case JoinProof.Bootstrap bootstrap -> tokens.use(bootstrap.token(), nodeName, key);
            case JoinProof.ServiceAccount ignored -> {}
        }
    }

    private JoinProof serviceAccount(String bearer, String nodeName) {
        TokenReview review = client.resource(new TokenReviewBuilder()
                        .withNewSpec()
                        .withToken(bearer)
                        .withAudiences(GatewayPaths.ENROLMENT_AUDIENCE)
                        .endSpec()
                        .build())
                .create();
        TokenReviewStatus status = review.getStatus();
        if (status == null
                || !Boolean.TRUE.equals(status.getAuthenticated())
                || !status.getAudiences().contains(GatewayPaths.ENROLMENT_AUDIENCE)) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_UNAUTHORIZED,
                    "the bearer is neither a bootstrap token (id.secret) nor a valid ServiceAccount token for the audience "
                            + GatewayPaths.ENROLMENT_AUDIENCE);
        }
        String user = status.getUser().getUsername();
        if (!allowedServiceAccounts.contains(user)) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_FORBIDDEN,
                    user + " may not enrol nodes: it is not among the operator's allowed ServiceAccounts");
        }
        Optional<String> machine = nodeNameClaim(status);
        if (machine.isPresent() && !machine.get().equals(nodeName)) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_FORBIDDEN,
                    "nodeName is '%s', but the ServiceAccount token was made for node '%s'"
                            .formatted(nodeName, machine.get()));
        }
        return new JoinProof.ServiceAccount(user, machine);
    }

    private static Optional<String> nodeNameClaim(TokenReviewStatus status) {
        Map<String, List<String>> extra = status.getUser().getExtra();
        return Optional.ofNullable(extra)
                .map(fields -> fields.get(NODE_NAME_CLAIM))
                .filter(values -> values.size() == 1)
                .map(List::getFirst);
    }
}
