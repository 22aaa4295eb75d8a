package dev.agentcontainers.nodeagent.image.signature.keyless;

import dev.agentcontainers.nodeagent.image.signature.key.VerificationKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A log that is trusted: of signatures (Rekor) or of certificates (RFC 6962).
 *
 * @param id by which entries and stamps name it, 32 bytes
 */
record TransparencyLog(String url, byte[] id, VerificationKey key, Validity validity) {
    /** @param what the log wrote, for a message */
    static TransparencyLog of(List<TransparencyLog> logs, byte[] id, String what) throws DistrustException {
        return logs.stream()
                .filter(log -> Arrays.equals(log.id(), id))
                .findFirst()
                .orElseThrow(() -> new DistrustException("has " + what + " of the log "
                        + Strangers.shown(HexFormat.of().formatHex(id)) + ", which is not in the trusted root"));
    }

    void requireThen(Instant time, String what) throws DistrustException {
        if (!validity.contains(time)) {
            throw new DistrustException("has " + what + " of " + time + " of the log " + url
                    + ", which the trusted root has for " + validity);
        }
    }
}
