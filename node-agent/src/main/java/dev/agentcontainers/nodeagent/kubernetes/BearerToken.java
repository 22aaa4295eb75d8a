package dev.agentcontainers.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;

/**
 * A ServiceAccount's token. What it says of itself is read without checking its signature: that is for the API server,
 * and only the time to renew it depends on this.
 */
record BearerToken(String value, Optional<Instant> issued, Optional<Instant> expires) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** Of a token's life, after which it is renewed; leaves time to try again before 80 percent have passed. */
    private static final int RENEWED_AFTER_PERCENT = 70;

    private static final int PARTS = 3;

    static BearerToken of(String value) {
        String[] parts = value.split("\\.", -1);
        if (parts.length != PARTS) {
            return new BearerToken(value, Optional.empty(), Optional.empty());
        }
        try {
            JsonNode claims =
                    JSON.readTree(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
            return new BearerToken(value, time(claims, "iat"), time(claims, "exp"));
        } catch (IOException | IllegalArgumentException e) {
            return new BearerToken(value, Optional.empty(), Optional.empty());
        }
    }

    /** When it is to be renewed; empty for one that never ends. */
    Optional<Instant> renewAt() {
        return expires.map(end -> {
            Instant start = issued.orElse(end);
            return start.plus(Duration.between(start, end)
                    .multipliedBy(RENEWED_AFTER_PERCENT)
                    .dividedBy(100));
        });
    }

    /** True where it can be used longer than the other. */
    boolean outlives(BearerToken other) {
        return expires.orElse(Instant.MAX).isAfter(other.expires.orElse(Instant.MAX));
    }

    private static Optional<Instant> time(JsonNode claims, String name) {
        JsonNode claim = claims.path(name);
        return claim.canConvertToLong() ? Optional.of(Instant.ofEpochSecond(claim.asLong())) : Optional.empty();
    }

    @Override
    public String toString() {
        return "BearerToken[until " + expires + "]";
    }
}
