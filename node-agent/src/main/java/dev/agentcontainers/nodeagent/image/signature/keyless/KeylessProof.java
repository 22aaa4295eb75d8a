package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
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
     * @throws DistrustException where something in it is not of the type that belongs there
     */
    public static KeylessProof ofBundle(JsonNode material, boolean provable) throws DistrustException {
        List<JsonNode> entries = Fields.objects(material, "tlogEntries");
        if (entries.size() != 1) {
            throw new DistrustException("has " + entries.size() + " entries of transparency logs; one belongs there");
        }
        LogEntry entry = LogEntry.ofBundle(entries.getFirst());
        if (provable && entry.proof().isEmpty()) {
            throw new DistrustException("has an entry of a log without a proof that it is there");
        }
        return of(Fields.bytes(certificate(material), "rawBytes"), entry, stamps(material));
    }

    private static JsonNode certificate(JsonNode material) throws DistrustException {
        if (material.has("certificate")) {
            return Fields.needed(material, "certificate");
        }
        List<JsonNode> chain = Fields.objects(Fields.needed(material, "x509CertificateChain"), "certificates");
        if (chain.isEmpty()) {
            throw new DistrustException("has a chain of no certificates");
        }
        return chain.getFirst();
    }

    private static List<byte[]> stamps(JsonNode material) throws DistrustException {
        Optional<JsonNode> given = Fields.object(material, "timestampVerificationData");
        List<byte[]> stamps = new ArrayList<>();
        if (given.isPresent()) {
            for (JsonNode stamp : Fields.objects(given.get(), "rfc3161Timestamps")) {
                stamps.add(Fields.bytes(stamp, "signedTimestamp"));
            }
        }
        return stamps;
    }

    /**
     * From what cosign writes beside a signature under a tag.
     *
     * @param certificate PEM
     * @param entry an object with Payload and SignedEntryTimestamp
     * @param stamp an object with SignedRFC3161Timestamp
     * @throws DistrustException where something in them is not of the type that belongs there
     */
    public static KeylessProof ofAnnotations(String certificate, Optional<JsonNode> entry, Optional<JsonNode> stamp)
            throws DistrustException {
        if (entry.isEmpty()) {
            throw new DistrustException("has 0 entries of transparency logs; one belongs there");
        }
        return of(
                certificate.getBytes(UTF_8),
                LogEntry.ofAnnotation(entry.get()),
                stamp.isPresent() ? List.of(Fields.bytes(stamp.get(), "SignedRFC3161Timestamp")) : List.of());
    }

    private static KeylessProof of(byte[] certificate, LogEntry entry, List<byte[]> stamps) throws DistrustException {
        if (stamps.size() > MOST_STAMPS) {
            throw new DistrustException("has " + stamps.size() + " time stamps; " + MOST_STAMPS + " are looked at");
        }
        return new KeylessProof(SigningCertificate.parse(certificate), entry, stamps);
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
