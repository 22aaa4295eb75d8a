package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.gateway.GatewaySettings;
import dev.agentcontainers.operator.gateway.ServiceEndpoint;
import io.fabric8.kubernetes.client.KubernetesClient;
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

    Endpoint endpoint();

    /** What the Service is directed to while this process leads; nothing where it is directed by other means. */
    interface Endpoint {
        /** This Pod's address. */
        Optional<String> address();

        /** This Pod's name. */
        Optional<String> pod();

        /** The Kubernetes Node that this Pod runs on. */
        Optional<String> node();
    }

    /** Where users and node agents find it; by default the Service, else this machine's loopback. */
    Optional<URI> url();

    /** Further DNS names and IP addresses that its certificate is for. */
    Optional<List<String>> names();

    /** What directs the Service here; empty where there is no Service or this process's address isn't told. */
    default Optional<ServiceEndpoint> serviceEndpoint(KubernetesClient client, String namespace) {
        return name().flatMap(service -> endpoint()
                .address()
                .map(address -> new ServiceEndpoint.Place(
                        address, endpoint().pod(), endpoint().node()))
                .map(place -> new ServiceEndpoint(client, namespace, service, place)));
    }

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
