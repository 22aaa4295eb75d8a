package dev.agentcontainers.nodeagent.image.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * User names and passwords for registries, as a Secret of type {@code kubernetes.io/dockerconfigjson} has them. An entry is
 * for a host, or for a host and the repositories below a path; the longest path that fits decides. Never logged.
 */
public final class RegistryCredentials {
    public static final RegistryCredentials NONE = new RegistryCredentials(List.of());

    /** Docker Hub is called by a URL of its first API there, whatever is pulled. */
    private static final Map<String, String> ALIASES =
            Map.of("index.docker.io", "registry-1.docker.io", "docker.io", "registry-1.docker.io");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Entry> entries;

    private record Entry(String host, String path, Login login) {
        boolean isFor(String asked, String repository) {
            return host.equals(asked)
                    && (path.isEmpty() || repository.equals(path) || repository.startsWith(path + "/"));
        }
    }

    /** For HTTP's basic authentication. */
    record Login(String user, String password) {
        String header() {
            return "Basic "
                    + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return "Login[" + user + "]";
        }
    }

    private RegistryCredentials(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * @param what names the document in messages, for example the Secret's name
     * @throws IllegalArgumentException saying which entry can't be used; never with a password
     */
    public static RegistryCredentials ofDockerConfig(String what, byte[] document) {
        JsonNode root;
        try {
            root = JSON.readTree(document);
        } catch (IOException e) {
            // Jackson's message could quote a password.
            throw new IllegalArgumentException(what + " is not JSON");
        }
        if (root == null || !root.path("auths").isObject()) {
            throw new IllegalArgumentException(what + " has no object 'auths'");
        }
        List<Entry> entries = new ArrayList<>();
        root.path("auths").properties().forEach(entry -> entries.add(entry(what, entry.getKey(), entry.getValue())));
        return new RegistryCredentials(entries);
    }

    private static Entry entry(String what, String key, JsonNode value) {
        String place = key.replaceFirst("^https?://", "").replaceFirst("/+(v[12]/*)?$", "");
        int slash = place.indexOf('/');
        String host = slash < 0 ? place : place.substring(0, slash);
        if (host.isEmpty() || host.contains("*")) {
            throw new IllegalArgumentException(
                    what + ": 'auths' has '" + key + "'; an entry is for one host, written HOST"
                            + " or HOST:PORT, and a path where it is for some of its repositories");
        }
        return new Entry(
                ALIASES.getOrDefault(host, host), slash < 0 ? "" : place.substring(slash + 1), login(what, key, value));
    }

    private static Login login(String what, String key, JsonNode value) {
        if (value.hasNonNull("username") && value.hasNonNull("password")) {
            return new Login(
                    value.path("username").asText(), value.path("password").asText());
        }
        String decoded = "";
        try {
            decoded = new String(Base64.getDecoder().decode(value.path("auth").asText("")), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // Answered below, without what stands there.
        }
        int colon = decoded.indexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException(what + ": the entry '" + key + "' of 'auths' has neither 'username' and"
                    + " 'password' nor an 'auth' that is USER:PASSWORD in base64; identity tokens are not supported");
        }
        return new Login(decoded.substring(0, colon), decoded.substring(colon + 1));
    }

    /** With others, which come after these where both fit alike. */
    public RegistryCredentials and(RegistryCredentials others) {
        return new RegistryCredentials(
                Stream.concat(entries.stream(), others.entries.stream()).toList());
    }

    Optional<Login> login(String host, String repository) {
        return entries.stream()
                .filter(entry -> entry.isFor(host, repository))
                .sorted(Comparator.comparingInt((Entry entry) -> -entry.path().length()))
                .map(Entry::login)
                .findFirst();
    }

    @Override
    public String toString() {
        return "RegistryCredentials" + entries.stream().map(Entry::host).toList();
    }
}
