package dev.agentcontainers.nodeagent.image.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a node reaches registries.
 *
 * @param mirrors by the registry as references call it: hosts (HOST or HOST:PORT) that are asked before it, in this order.
 *     A mirror is believed like the registry itself where an image is asked by its tag.
 * @param plainHttp hosts, mirrors or not, that are spoken to without TLS; no other ever is, whatever redirects say
 * @param authorities certificates (PEM) of the authorities of registries' certificates; without it those of this Java
 * @param patience for a connection, for an answer's beginning and for each further piece of it
 */
public record RegistrySettings(
        Map<String, List<String>> mirrors, Set<String> plainHttp, Optional<Path> authorities, Duration patience) {
    public static final RegistrySettings DEFAULT =
            new RegistrySettings(Map.of(), Set.of(), Optional.empty(), Duration.ofSeconds(30));

    public RegistrySettings {
        mirrors = Map.copyOf(mirrors);
        plainHttp = Set.copyOf(plainHttp);
    }
}
