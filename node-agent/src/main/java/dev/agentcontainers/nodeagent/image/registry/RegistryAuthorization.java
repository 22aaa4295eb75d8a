package dev.agentcontainers.nodeagent.image.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials.Login;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * What opens one repository of one host: a password, or a token that is asked of whom the registry names. Source:
 * distribution.github.io/distribution/spec/auth/token. Thread-safe.
 */
final class RegistryAuthorization {
    private static final int LARGEST = 1 << 20;
    private static final int LAST_PORT = 65_535;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http;
    private final RegistrySettings settings;
    private final String host;
    private final String repository;
    private final Optional<Login> login;
    private Optional<String> header = Optional.empty();

    RegistryAuthorization(
            HttpClient http, RegistrySettings settings, String host, String repository, Optional<Login> login) {
        this.http = http;
        this.settings = settings;
        this.host = host;
        this.repository = repository;
        this.login = login;
    }

    /** What worked last. */
    synchronized Optional<String> known() {
        return header;
    }

    /**
     * Answers a challenge; empty where there is nothing that could answer it.
     *
     * @param refused what was sent and not enough: where it is not the last any more, another has asked meanwhile
     */
    synchronized Optional<String> answer(List<String> challenges, Optional<String> refused)
            throws IOException, InterruptedException {
        if (!header.equals(refused)) {
            return header;
        }
        Optional<Challenge> challenge = Challenge.of(challenges);
        if (challenge.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> fresh = challenge.get().scheme().equals("bearer")
                ? Optional.of("Bearer " + token(challenge.get()))
                : login.map(Login::header);
        if (fresh.equals(refused)) {
            return Optional.empty();
        }
        header = fresh;
        return fresh;
    }

    /** For messages. */
    String described() {
        return login.map(known -> "the pull secret's user '" + known.user() + "' is not let do it")
                .orElse("there is no pull secret for " + host);
    }

    private String token(Challenge challenge) throws IOException, InterruptedException {
        URI realm = realm(challenge);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(realm).timeout(settings.patience()).GET();
        login.ifPresent(known -> request.header("Authorization", known.header()));
        HttpResponse<InputStream> response;
        try {
            response = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            throw new ImageException(
                    Kind.UNREACHABLE,
                    realm.getAuthority() + ", which gives tokens for " + host + ", can't be asked: "
                            + RegistryEndpoint.reason(e),
                    e);
        }
        try (InputStream body = new WatchedStream(response.body(), settings.patience(), host)) {
            int status = response.statusCode();
            if (status == 401 || status == 403) {
                throw new ImageException(
                        Kind.DENIED,
                        realm.getAuthority() + " gives no token for " + host + "/" + repository + " (HTTP " + status
                                + "): " + described());
            }
            if (status != 200) {
                throw new ImageException(
                        Kind.UNREACHABLE,
                        realm.getAuthority() + ", asked for a token for " + host + ", answered HTTP " + status);
            }
            return tokenIn(body.readNBytes(LARGEST), realm);
        }
    }

    private static String tokenIn(byte[] document, URI realm) throws ImageException {
        try {
            JsonNode answer = JSON.readTree(document);
            for (String field : List.of("token", "access_token")) {
                String token = answer.path(field).asText("");
                if (!token.isEmpty() && token.chars().allMatch(c -> c > ' ' && c < 127)) {
                    return token;
                }
            }
        } catch (IOException e) {
            // Not quoted: it may hold part of a token.
        }
        throw new ImageException(Kind.UNREACHABLE, realm.getAuthority() + " answered with no usable token");
    }

    private URI realm(Challenge challenge) throws ImageException {
        String named = challenge.parameter("realm").orElse("");
        try {
            String query = "scope=" + encoded(challenge.parameter("scope").orElse("repository:" + repository + ":pull"))
                    + challenge
                            .parameter("service")
                            .map(service -> "&service=" + encoded(service))
                            .orElse("");
            URI realm = URI.create(named + (named.contains("?") ? "&" : "?") + query);
            if (isTakenFor(settings, realm)) {
                return realm;
            }
        } catch (IllegalArgumentException e) {
            // Answered below.
        }
        throw new ImageException(
                Kind.UNREACHABLE,
                host + " names '" + named + "' for tokens, which is not an https URL that can be asked");
    }

    /** With TLS, or where the node's settings say that the host needs none. */
    static boolean isTakenFor(RegistrySettings settings, URI target) {
        // Without a host: an authority that is none, or what stands in the place of an authority and a path.
        if (target.getHost() == null || target.getUserInfo() != null || target.getPort() > LAST_PORT) {
            return false;
        }
        return "https".equals(target.getScheme())
                || ("http".equals(target.getScheme()) && settings.plainHttp().contains(target.getAuthority()));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
