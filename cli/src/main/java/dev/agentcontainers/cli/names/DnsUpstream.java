package dev.agentcontainers.cli.names;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.egressproxy.upstream.UpstreamAddress;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.protocol.names.NameLimits;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which resolver is asked for the names that agents may resolve. */
public final class DnsUpstream {
    @Option(
            names = "--dns-upstream",
            paramLabel = "ADDRESS[:PORT]",
            description = "Resolver for the names that agents may resolve. Default: the machine's own.")
    private @Nullable String upstream;

    /** @throws UserException where it is no address */
    public NameSettings settings() {
        try {
            return new NameSettings(Optional.ofNullable(upstream), NameLimits.DEFAULT);
        } catch (IllegalArgumentException e) {
            throw new UserException("--dns-upstream: " + e.getMessage(), 2);
        }
    }

    /** Why it can't be asked from namespaces of an ordinary user's; empty where it can. */
    public Optional<String> unreachableWithoutRoot() {
        Optional<InetAddress> address =
                value().map(given -> UpstreamAddress.parse(given).getAddress());
        if (address.filter(InetAddress::isLoopbackAddress).isPresent()) {
            return Optional.of("what listens on this machine's own loopback");
        }
        return address.filter(Inet6Address.class::isInstance).map(_ -> "what has an address of IPv6");
    }

    /** As it was given, checked. */
    public Optional<String> value() {
        return settings().upstream();
    }
}
