package dev.agentcontainers.nodeagent.enrolment;

import dev.agentcontainers.protocol.client.GatewayTrust;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * How a machine joins by itself.
 *
 * @param gateway where the gateway is, {@code https}
 * @param tokenFile file with a bootstrap token or a ServiceAccount token; read anew at each attempt, since the kubelet
 *     replaces it
 * @param labels for the AgentNode
 */
public record JoinSettings(URI gateway, TrustSource trust, Path tokenFile, Map<String, String> labels) {
    public JoinSettings {
        labels = Map.copyOf(labels);
    }

    /** From what it is known that the gateway is the right one. */
    public sealed interface TrustSource {
        /** @throws IOException where it can't be had now */
        GatewayTrust trust() throws IOException;

        /** A file with the gateway's authority (PEM), which may come later. */
        record AuthorityFile(Path file) implements TrustSource {
            @Override
            public GatewayTrust trust() throws IOException {
                return GatewayTrust.Authority.ofPem(Files.readString(file));
            }
        }

        /** The hash of the authority's key. */
        record Pinned(GatewayTrust.AuthorityHash hash) implements TrustSource {
            @Override
            public GatewayTrust trust() {
                return hash;
            }
        }
    }
}
