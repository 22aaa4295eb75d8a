package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** What comes with a signature in place of a key: a certificate, an entry of a log, time stamps. Immutable. */
public final class KeylessProof {
    private static final int MOST_STAMPS = 8;

    private final SigningCertificate certificate;
    private final LogEntry entry;
    private final List<byte[]> stamps;

    private KeylessProof(SigningCertificate certificate, LogEntry entry, List<byte[]> stamps) {
        this.certificate = certificate;
        this.entry = entry;
        this.stamps = List.copyOf(stamps);
    }

    /** Whether a bundle's verification material has a certificate, and no key. */
    public static boolean isIn(JsonNode material) {
        return material.has("certificate") || material.has("x509CertificateChain");
    }

    /**
     * From a bundle. Of a chain only the first certificate is looked at: the others are the trusted root's to say.
     *
     * @param provable whether bundles of its version have a proof that the entry is in the log
     * @throws IllegalArgumentException where something is not base64
     */
    public static KeylessProof ofBundle(JsonNode material, boolean provable) throws DistrustException {
        JsonNode certificate = material.has("certificate")
                ? material.path("certificate")
                : material.path("x509CertificateChain").path("certificates").path(0);
        JsonNode entries = material.path("tlogEntries");
        if (entries.size() != 1) {
            throw new DistrustException("has " + entries.size() + " entries of transparency logs; one belongs there");
        }
        LogEntry entry = LogEntry.ofBundle(entries.path(0));
        if (provable && entry.proof().isEmpty()) {
            throw new DistrustException("has an entry of a log without a proof that it is there");
        }
        List<byte[]> stamps = new ArrayList<>();
        for (JsonNode stamp : material.path("timestampVerificationData").path("rfc3161Timestamps")) {
            stamps.add(bytes(stamp.path("signedTimestamp").asText("")));
        }
        return of(bytes(certificate.path("rawBytes").asText("")), entry, stamps);
    }

    /**
     * From what cosign writes beside a signature under a tag.
     *
     * @param certificate PEM
     * @param entry an object with Payload and SignedEntryTimestamp
     * @param stamp an object with SignedRFC3161Timestamp, or nothing
     * @throws IllegalArgumentException where something is neither base64 nor hexadecimal and should be
     */
    public static KeylessProof ofAnnotations(String certificate, JsonNode entry, JsonNode stamp)
            throws DistrustException {
        if (!entry.isObject()) {
            throw new DistrustException("has 0 entries of transparency logs; one belongs there");
        }
        return of(
                certificate.getBytes(UTF_8),
                LogEntry.ofAnnotation(entry),
                stamp.isObject()
                        ? List.of(bytes(stamp.path("SignedRFC3161Timestamp").asText("")))
                        : List.of());
    }

    private static KeylessProof of(byte[] certificate, LogEntry entry, List<byte[]> stamps) throws DistrustException {
        if (stamps.size() > MOST_STAMPS) {
            throw new DistrustException("has " + stamps.size() + " time stamps; " + MOST_STAMPS + " are looked at");
        }
        return new KeylessProof(SigningCertificate.parse(certificate), entry, stamps);
    }

    private static byte[] bytes(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    /** Whom the certificate says it is for. True only once {@link #require} has passed. */
    public Identity claimed() {
        return certificate.identity();
    }

    /** Whether the certificate's key made that signature; whose key it is does not follow. */
    public boolean isOf(byte[] message, byte[] signature) {
        return certificate.key().verifies(message, signature);
    }

    /** @throws DistrustException where it is not proven by the root that the claimed identity signed that */
    public void require(TrustedRoot root, SignedContent content) throws DistrustException {
        if (!isOf(content.message(), content.signature())) {
            throw new DistrustException("is not by the key of its certificate, or was altered");
        }
        LoggedBody.require(entry.body(), content, certificate);
        List<Instant> times = times(root, content.signature());
        for (Instant time : times) {
            certificate.requireThen(time);
        }
        certificate.requireForSigning();
        Authority authority = certificate.issuer(root.authorities(), times);
        CertificateStamps.require(certificate, authority.first(), root.certificateLogs());
    }

    /** When it was signed, by all who say so: at least one, each of whom must be right. */
    private List<Instant> times(TrustedRoot root, byte[] signature) throws DistrustException {
        TransparencyLog log = TransparencyLog.of(root.logs(), entry.log(), "an entry");
        Optional<Instant> logged = entry.require(log);
        List<Instant> times = new ArrayList<>();
        logged.ifPresent(times::add);
        for (byte[] stamp : stamps) {
            times.add(TimeStamp.require(stamp, signature, root.stampers()));
        }
        if (times.isEmpty()) {
            throw new DistrustException(
                    "has no proof of when it was made: neither the log's signature nor a time stamp");
        }
        for (Instant time : times) {
            log.requireThen(time, "an entry");
        }
        return times;
    }
}
