package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.egressproxy.upstream.UpstreamAddress;
import dev.agentcontainers.protocol.names.NameLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How agents' names are resolved.
 *
 * @param upstream the resolver that is asked, {@code ADDRESS[:PORT]}; empty for the machine's own
 * @param limits of each agent
 */
public record NameSettings(Optional<String> upstream, NameLimits limits) {
    private static final Logger LOG = LoggerFactory.getLogger(NameSettings.class);
    private static final Path MACHINES = Path.of("/etc/resolv.conf");

    /** As resolv.conf(5) has it. */
    private static final int MOST = 3;

    public static final NameSettings DEFAULT = new NameSettings(Optional.empty(), NameLimits.DEFAULT);

    /** @throws IllegalArgumentException where the upstream is no address */
    public NameSettings {
        upstream.ifPresent(UpstreamAddress::parse);
    }

    /** Whom to ask now. */
    List<String> upstreams() {
        return upstream.map(List::of).orElseGet(() -> machines(MACHINES));
    }

    /** Source: resolv.conf(5). Where it names none the resolver is this machine. */
    static List<String> machines(Path file) {
        try {
            List<String> found = Files.readAllLines(file).stream()
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length >= 2 && words[0].equals("nameserver"))
                    .map(words -> words[1])
                    .filter(NameSettings::isUsable)
                    .limit(MOST)
                    .toList();
            return found.isEmpty() ? List.of("127.0.0.1") : found;
        } catch (IOException e) {
            LOG.warn("this machine's resolvers can't be read: {}", e.getMessage());
            return List.of();
        }
    }

    private static boolean isUsable(String address) {
        try {
            UpstreamAddress.parse(address);
            return true;
        } catch (IllegalArgumentException e) {
            LOG.warn("a resolver of this machine is passed over: {}", e.getMessage());
            return false;
        }
    }
}
