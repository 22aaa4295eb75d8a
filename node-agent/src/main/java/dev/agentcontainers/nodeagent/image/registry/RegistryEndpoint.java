package dev.agentcontainers.nodeagent.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenContent;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenManifest;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials.Login;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One repository at one host. Source: OCI distribution specification 1.1. What authorises is sent to that host, and to the
 * one that it names for tokens, and never to where it redirects to. Thread-safe.
 */
final class RegistryEndpoint {
    static final Logger LOG = LoggerFactory.getLogger(RegistryEndpoint.class);
    private static final int MOST_REDIRECTS = 5;

    private final HttpClient http;
    private final RegistrySettings settings;
    private final String host;
    private final String repository;
    private final RegistryAuthorization authorization;

    RegistryEndpoint(
            HttpClient http, RegistrySettings settings, String host, String repository, Optional<Login> login) {
        this.http = http;
        this.settings = settings;
        this.host = host;
        this.repository = repository;
        this.authorization = new RegistryAuthorization(http, settings, host, repository, login);
    }

    String host() {
        return host;
    }

    GivenManifest manifest(String wanted) throws IOException, InterruptedException {
        HttpRequest.Builder request =
                request(place("manifests", wanted)).header("Accept", String.join(", ", ImageDocuments.manifestTypes()));
        HttpResponse<InputStream> response = get(request, "the manifest " + wanted);
        return new GivenManifest(
                whole(response, "the manifest " + wanted, ImageDocuments.LARGEST),
                response.headers()
                        .firstValue("Content-Type")
                        .map(type -> type.split(";", 2)[0].strip())
                        .filter(ImageDocuments.manifestTypes()::contains));
    }

    /** A manifest of whatever kind. */
    byte[] document(String wanted, int most) throws IOException, InterruptedException {
        HttpRequest.Builder request =
                request(place("manifests", wanted)).header("Accept", String.join(", ", ImageDocuments.manifestTypes()));
        return whole(get(request, wanted), wanted, most);
    }

    byte[] referrers(Digest manifest, String artifactType, int most) throws IOException, InterruptedException {
        String what = "the list of what refers to " + manifest;
        URI list = place("referrers", manifest + "?artifactType=" + URLEncoder.encode(artifactType, UTF_8));
        HttpRequest.Builder request =
                request(list).header("Accept", ImageDocuments.manifestTypes().getFirst());
        return whole(get(request, what), what, most);
    }

    byte[] content(Digest wanted, int most) throws IOException, InterruptedException {
        String what = wanted.toString();
        return whole(get(request(place("blobs", what)), what), what, most);
    }

    private byte[] whole(HttpResponse<InputStream> response, String what, int most) throws IOException {
        try (InputStream body = watched(response)) {
            byte[] content = body.readNBytes(most + 1);
            if (content.length > most) {
                throw new ImageException(Kind.UNUSABLE, called(what) + " has more than " + most + " bytes");
            }
            return content;
        }
    }

    GivenContent content(ContentDescriptor wanted, long offset) throws IOException, InterruptedException {
        HttpRequest.Builder request = request(place("blobs", wanted.digest().toString()));
        if (offset > 0) {
            request.header("Range", "bytes=" + offset + "-");
        }
        HttpResponse<InputStream> response = get(request, wanted.digest().toString());
        boolean partly = response.statusCode() == 206 && beginsAt(response.headers(), offset);
        if (response.statusCode() == 206 && !partly) {
            response.body().close();
            throw unreachable(wanted.digest().toString(), "was answered with another range than asked");
        }
        return new GivenContent(watched(response), partly ? offset : 0);
    }

    private static boolean beginsAt(HttpHeaders headers, long offset) {
        return headers.firstValue("Content-Range")
                .filter(range -> range.startsWith("bytes " + offset + "-"))
                .isPresent();
    }

    private InputStream watched(HttpResponse<InputStream> response) {
        return new WatchedStream(response.body(), settings.patience(), host);
    }

    private URI place(String kind, String name) {
        return base().resolve("/v2/" + repository + "/" + kind + "/" + name);
    }

    private URI base() {
        return URI.create((settings.plainHttp().contains(host) ? "http://" : "https://") + host);
    }

    private HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri).timeout(settings.patience()).GET();
    }

    /** The answer's beginning, after whatever it takes to be let in and past redirects. Closes bodies that nobody reads. */
    private HttpResponse<InputStream> get(HttpRequest.Builder request, String what)
            throws IOException, InterruptedException {
        HttpResponse<InputStream> response = authorized(request, what);
        for (int redirects = 0; isRedirect(response.statusCode()); redirects++) {
            response.body().close();
            if (redirects == MOST_REDIRECTS) {
                throw unreachable(what, "is redirected more than " + MOST_REDIRECTS + " times");
            }
            request.uri(target(response, what));
            response = isOwn(response.request().uri(), request) ? authorized(request, what) : send(request, what);
        }
        int status = response.statusCode();
        if (status == 200 || status == 206) {
            return response;
        }
        response.body().close();
        throw switch (status) {
            case 401, 403 ->
                new ImageException(
                        Kind.DENIED,
                        called(what) + " is not given out (HTTP " + status + "): " + authorization.described());
            case 404 -> new ImageException(Kind.NOT_FOUND, called(what) + " does not exist (HTTP 404)");
            default -> unreachable(what, "was answered with HTTP " + status);
        };
    }

    private boolean isOwn(URI before, HttpRequest.Builder next) {
        URI target = next.build().uri();
        return before.getScheme().equals(target.getScheme()) && host.equalsIgnoreCase(target.getAuthority());
    }

    private HttpResponse<InputStream> authorized(HttpRequest.Builder request, String what)
            throws IOException, InterruptedException {
        Optional<String> known = authorization.known();
        HttpResponse<InputStream> response = send(with(request, known), what);
        if (response.statusCode() != 401) {
            return response;
        }
        response.body().close();
        Optional<String> fresh = authorization.answer(response.headers().allValues("WWW-Authenticate"), known);
        return fresh.isEmpty() ? response : send(with(request, fresh), what);
    }

    private static HttpRequest.Builder with(HttpRequest.Builder request, Optional<String> header) {
        HttpRequest.Builder copy = HttpRequest.newBuilder(request.build(), (name, value) -> true);
        header.ifPresent(value -> copy.setHeader("Authorization", value));
        return copy;
    }

    private HttpResponse<InputStream> send(HttpRequest.Builder request, String what)
            throws IOException, InterruptedException {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (ImageException e) {
            throw e;
        } catch (IOException e) {
            throw new ImageException(Kind.UNREACHABLE, called(what) + " can't be asked for: " + reason(e), e);
        }
    }

    static String reason(IOException failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }

    /** Never to a host without TLS that is not named as one: not for a redirect either. */
    private URI target(HttpResponse<InputStream> response, String what) throws ImageException {
        String location = response.headers().firstValue("Location").orElse("");
        try {
            URI target = response.request().uri().resolve(location);
            if (RegistryAuthorization.isTakenFor(settings, target)) {
                return target;
            }
            if (target.getHost() == null) {
                throw unreachable(what, "is redirected to no URL of a host");
            }
            throw unreachable(
                    what,
                    "is redirected to " + target.getScheme() + "://" + target.getAuthority()
                            + ", which has no TLS and is not among the hosts that need none, or can't be asked");
        } catch (IllegalArgumentException e) {
            throw new ImageException(Kind.UNREACHABLE, called(what) + " is redirected to no URL", e);
        }
    }

    private static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private String called(String what) {
        return what + " of " + host + "/" + repository;
    }

    private ImageException unreachable(String what, String problem) {
        return new ImageException(Kind.UNREACHABLE, called(what) + " " + problem);
    }
}
