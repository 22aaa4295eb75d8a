package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.app.NodeConfiguration.Join;
import dev.agentcontainers.nodeagent.enrolment.JoinSettings;
import dev.agentcontainers.nodeagent.enrolment.JoinSettings.TrustSource;
import dev.agentcontainers.protocol.client.GatewayTrust.AuthorityHash;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads how this machine joins by itself, where it is told to. */
final class JoinConfiguration {
    private static final String PREFIX = "agentcontainers.node.join.";

    private JoinConfiguration() {}

    /**
     * Empty where nothing of it is set.
     *
     * @throws StartException where it is set in part or wrongly, naming the setting
     */
    static Optional<JoinSettings> read(Join join) {
        if (join.gateway().isEmpty()) {
            if (join.tokenFile().isPresent()
                    || join.caFile().isPresent()
                    || join.caHash().isPresent()) {
                throw new StartException(
                        PREFIX + "gateway is not set, but other settings of joining are: give the gateway's URL, for"
                                + " example https://gateway.example.org:9443");
            }
            return Optional.empty();
        }
        return Optional.of(new JoinSettings(
                gateway(join.gateway().get()),
                trust(join),
                join.tokenFile()
                        .orElseThrow(() -> new StartException(PREFIX + "token-file is not set: name the file with the"
                                + " bootstrap token (agentctl node token) or the ServiceAccount token")),
                labels(join.labels().orElse(List.of()))));
    }

    private static URI gateway(URI url) {
        if (!"https".equals(url.getScheme()) || url.getHost() == null) {
            throw new StartException(PREFIX + "gateway is '" + url
                    + "': it must be an https URL, for example https://gateway.example.org:9443");
        }
        return url;
    }

    private static TrustSource trust(Join join) {
        if (join.caFile().isPresent() == join.caHash().isPresent()) {
            throw new StartException(PREFIX + "ca-file and " + PREFIX + "ca-hash are "
                    + (join.caFile().isPresent() ? "both set" : "both not set")
                    + ": set one of them, so that this machine knows the right gateway");
        }
        if (join.caFile().isPresent()) {
            return new TrustSource.AuthorityFile(join.caFile().get());
        }
        try {
            return new TrustSource.Pinned(new AuthorityHash(join.caHash().orElseThrow()));
        } catch (IllegalArgumentException e) {
            throw new StartException(PREFIX + "ca-hash: " + e.getMessage());
        }
    }

    private static Map<String, String> labels(List<String> texts) {
        Map<String, String> labels = new LinkedHashMap<>();
        for (String text : texts) {
            int equals = text.indexOf('=');
            if (equals < 1) {
                throw new StartException(PREFIX + "labels has '" + text + "': each must be key=value");
            }
            labels.put(
                    text.substring(0, equals).strip(),
                    text.substring(equals + 1).strip());
        }
        return labels;
    }
}
