package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.gateway.GatewaySettings;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The gateway's settings. */
@ConfigMapping(prefix = "agentcontainers.gateway")
public interface GatewayConfiguration {
    /** False: no enrolment, logs and exec. */
    @WithDefault("true")
    boolean enabled();

    /** The address to listen on. */
    @WithDefault("0.0.0.0")
    String address();

    @WithDefault("9443")
    int port();

    /** Name of the Service before the gateway, where there is one. */
    Optional<String> name();

    /** Where users and node agents find it; by default the Service, else this machine's loopback. */
    Optional<URI> url();

    /** Further DNS names and IP addresses that its certificate is for. */
    Optional<List<String>> names();

    /** @param namespace the operator's own */
    default GatewaySettings settings(String namespace) {
        List<String> all = new ArrayList<>(List.of("localhost", "127.0.0.1"));
        name().ifPresent(service -> {
            String qualified = service + "." + namespace + ".svc";
            all.addAll(List.of(service, service + "." + namespace, qualified, qualified + ".cluster.local"));
        });
        names().ifPresent(all::addAll);
        URI published = url().or(
                        () -> name().map(service -> URI.create("https://" + service + "." + namespace + ".svc")))
                .orElse(URI.create("https://127.0.0.1"));
        if (published.getHost() != null && !all.contains(published.getHost())) {
            all.add(published.getHost());
        }
        return GatewaySettings.of(address(), port(), published, all);
    }
}
