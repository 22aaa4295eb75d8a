package dev.agentcontainers.nodeagent.image.registry;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;

/** Asks registries. Thread-safe; one for a node. */
public final class RegistryClient implements AutoCloseable {
    private final RegistrySettings settings;
    private final HttpClient http;

    /** @throws IOException where the settings' authorities can't be read */
    public RegistryClient(RegistrySettings settings) throws IOException {
        this.settings = settings;
        HttpClient.Builder builder = HttpClient.newBuilder()
                // Each layer by a connection of its own; and no offer of HTTP/2 to hosts without TLS.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.patience());
        if (settings.authorities().isPresent()) {
            builder.sslContext(TrustedAuthorities.in(settings.authorities().get()));
        }
        this.http = builder.build();
    }

    /**
     * An image's content, from the registry's mirrors and then from itself.
     *
     * @param credentials what a host is given of them is only what is for that host
     */
    public ImageSource source(ImageReference reference, RegistryCredentials credentials) {
        List<RegistryEndpoint> endpoints = new ArrayList<>();
        for (String mirror : settings.mirrors().getOrDefault(reference.registry(), List.of())) {
            endpoints.add(endpoint(mirror, reference, credentials));
        }
        endpoints.add(endpoint(reference.host(), reference, credentials));
        return new MirroredSource(endpoints);
    }

    private RegistryEndpoint endpoint(String host, ImageReference reference, RegistryCredentials credentials) {
        return new RegistryEndpoint(
                http, settings, host, reference.repository(), credentials.login(host, reference.repository()));
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
