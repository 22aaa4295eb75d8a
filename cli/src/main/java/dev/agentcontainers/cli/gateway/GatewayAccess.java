package dev.agentcontainers.cli.gateway;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.client.ClientTls;
import dev.agentcontainers.protocol.client.ClientTls.ClientCertificate;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds a cluster's gateway and shows it the user's own credential of the kubeconfig. */
public final class GatewayAccess {
    private GatewayAccess() {}

    /**
     * A connection to the gateway, which the caller closes.
     *
     * @throws UserException where there is no gateway, or the kubeconfig has no credential that it takes
     */
    public static GatewayHttp open(Config config, String operatorNamespace) {
        PublishedGateway published = published(config, operatorNamespace);
        try {
            Optional<ClientCertificate> certificate = certificate(config);
            Optional<String> token = token(config);
            if (certificate.isEmpty() && token.isEmpty()) {
                throw new UserException(
                        "the kubeconfig has neither a client certificate nor a token for the current context");
            }
            return new GatewayHttp(published.url(), ClientTls.context(published.trust(), certificate), token);
        } catch (ProtocolException e) {
            throw new UserException("the gateway's or the user's certificate can't be read: " + e.getMessage());
        } catch (IOException e) {
            throw new UserException("the kubeconfig's certificate or key can't be read: " + e.getMessage());
        }
    }

    private static PublishedGateway published(Config config, String operatorNamespace) {
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(config).build()) {
            return PublishedGateway.require(client, operatorNamespace);
        }
    }

    private static Optional<ClientCertificate> certificate(Config config) throws IOException {
        Optional<String> certificate = text(config.getClientCertData(), config.getClientCertFile());
        Optional<String> key = text(config.getClientKeyData(), config.getClientKeyFile());
        if (certificate.isEmpty() || key.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new ClientCertificate(Pem.privateKey(key.get()), Pem.certificates(certificate.get())));
    }

    /** Data of a kubeconfig is Base64; what an exec plugin gave is PEM as it is. */
    private static Optional<String> text(@Nullable String data, @Nullable String file) throws IOException {
        if (data != null) {
            return Optional.of(
                    data.startsWith("-----")
                            ? data
                            : new String(Base64.getDecoder().decode(data.strip()), StandardCharsets.UTF_8));
        }
        return file == null ? Optional.empty() : Optional.of(Files.readString(Path.of(file)));
    }

    private static Optional<String> token(Config config) {
        if (config.getOauthTokenProvider() != null) {
            return Optional.ofNullable(config.getOauthTokenProvider().getToken());
        }
        return Stream.of(Optional.ofNullable(config.getOauthToken()), Optional.ofNullable(config.getAutoOAuthToken()))
                .flatMap(Optional::stream)
                .filter(token -> !token.isBlank())
                .findFirst();
    }
}
