package dev.agentcontainers.operator.gateway.access;

import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Authenticates users and asks whether they may. Blocks on the API server. */
public final class UserAccess {
    private static final String EVERY_USER = "system:authenticated";
    private static final String BEARER = "Bearer ";

    private final KubernetesClient client;

    public UserAccess(KubernetesClient client) {
        this.client = client;
    }

    /** What users can ask for: a verb on a subresource of AgentContainers. */
    public enum Operation {
        LOG("get", "log"),
        EXEC("create", "exec"),
        EGRESS("get", "egress"),
        USAGE("get", "usage"),
        SAVE("get", "snapshot"),
        RESTORE("create", "snapshot"),
        /** Who sees a screen types on it too. */
        DISPLAY("create", "display");

        private final String verb;
        private final String subresource;

        Operation(String verb, String subresource) {
            this.verb = verb;
            this.subresource = subresource;
        }
    }

    /**
     * The user of a request. A certificate counts before a token, as with the API server.
     *
     * @param authorization the header, where there is one
     * @throws RefusedException with code 401
     */
    public User authenticate(Peer peer, Optional<String> authorization) {
        return switch (peer) {
            case Peer.User user -> new User(user.name(), Optional.empty(), withEveryUser(user.groups()), Map.of());
            case Peer.Node node ->
                throw unauthorized("the certificate is that of node '" + node.name() + "', and a node is not a user");
            case Peer.Nobody ignored ->
                byToken(authorization
                        .filter(header -> header.regionMatches(true, 0, BEARER, 0, BEARER.length()))
                        .map(header -> header.substring(BEARER.length()).strip())
                        .filter(token -> !token.isEmpty())
                        .orElseThrow(() -> unauthorized(
                                "show a bearer token or a client certificate that the API server would take")));
        };
    }

    private User byToken(String token) {
        TokenReviewStatus status = client.resource(new TokenReviewBuilder()
                        .withNewSpec()
                        .withToken(token)
                        .endSpec()
                        .build())
                .create()
                .getStatus();
        if (status == null || !Boolean.TRUE.equals(status.getAuthenticated()) || status.getUser() == null) {
            throw unauthorized("the API server does not take this bearer token");
        }
        UserInfo user = status.getUser();
        return new User(
                user.getUsername(),
                Optional.ofNullable(user.getUid()),
                withEveryUser(user.getGroups()),
                Objects.requireNonNullElse(user.getExtra(), Map.of()));
    }

    /** @throws RefusedException with code 403 where the user may not */
    public void require(User user, Operation operation, String namespace, String name) {
        SubjectAccessReview review = new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(user.name())
                .withUid(user.uid().orElse(null))
                .withGroups(user.groups())
                .withExtra(user.extra())
                .withNewResourceAttributes()
                .withGroup(Api.GROUP)
                .withVersion(Api.VERSION)
                .withResource("agentcontainers")
                .withSubresource(operation.subresource)
                .withVerb(operation.verb)
                .withNamespace(namespace)
                .withName(name)
                .endResourceAttributes()
                .endSpec()
                .build();
        SubjectAccessReview answer = client.resource(review).create();
        if (answer.getStatus() == null
                || !Boolean.TRUE.equals(answer.getStatus().getAllowed())) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_FORBIDDEN,
                    "user '%s' cannot %s resource 'agentcontainers/%s' in API group '%s' in the namespace '%s'"
                            .formatted(user.name(), operation.verb, operation.subresource, Api.GROUP, namespace));
        }
    }

    private static List<String> withEveryUser(List<String> groups) {
        if (groups.contains(EVERY_USER)) {
            return groups;
        }
        List<String> longer = new ArrayList<>(groups);
        longer.add(EVERY_USER);
        return longer;
    }

    private static RefusedException unauthorized(String message) {
        return new RefusedException(HttpURLConnection.HTTP_UNAUTHORIZED, message);
    }
}
