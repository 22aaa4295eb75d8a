package dev.agentcontainers.nodeagent.app;

import io.fabric8.kubernetes.client.Config;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Finds the addresses that agents must not reach because the API server is there. */
final class ApiServerAddresses {
    private ApiServerAddresses() {}

    /** Loopback addresses are left out, which no agent reaches anyway; empty where the name can't be resolved now. */
    static Optional<List<String>> of(Config config) {
        try {
            InetAddress[] all =
                    InetAddress.getAllByName(URI.create(config.getMasterUrl()).getHost());
            return Optional.of(Arrays.stream(all)
                    .filter(address -> !address.isLoopbackAddress())
                    .map(InetAddress::getHostAddress)
                    .sorted()
                    .toList());
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }
}
