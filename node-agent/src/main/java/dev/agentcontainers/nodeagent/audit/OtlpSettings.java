package dev.agentcontainers.nodeagent.audit;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the record is sent besides the file.
 *
 * @param endpoint URL that takes logs by OTLP over HTTP; without a path, the usual one below it
 * @param headersFile lines {@code NAME=VALUE}, sent as headers and read anew for each request, for example a token that is renewed
 * @param authorityFile certificates (PEM) of who may have signed the collector's; empty for the machine's own
 * @see <a href="https://opentelemetry.io/docs/specs/otlp/#otlphttp">OTLP over HTTP</a>
 */
public record OtlpSettings(URI endpoint, Optional<Path> headersFile, Optional<Path> authorityFile) {
    private static final String USUAL_PATH = "/v1/logs";

    /** @throws IllegalArgumentException naming the setting that can't be */
    public OtlpSettings {
        boolean served = "http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme());
        if (!served || endpoint.getHost() == null) {
            throw new IllegalArgumentException("audit-otlp-endpoint is '" + endpoint
                    + "', must be the URL of a collector, for example https://collector.example:4318/v1/logs");
        }
        if (endpoint.getUserInfo() != null || endpoint.getQuery() != null) {
            throw new IllegalArgumentException(
                    "audit-otlp-endpoint has a user name or a query in it: put what proves who"
                            + " sends into audit-otlp-headers-file");
        }
        if (endpoint.getRawPath().isEmpty() || endpoint.getRawPath().equals("/")) {
            endpoint = endpoint.resolve(USUAL_PATH);
        }
    }
}
