package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * An entry of a log of signatures, as it comes with one.
 *
 * @param body as the log has it
 * @param time at which the log says to have taken it; believed only with the promise
 * @param index in the log, of all its parts
 * @param promise the log's signature of all this (signed entry timestamp)
 */
record LogEntry(
        byte[] body, long time, byte[] log, long index, Optional<byte[]> promise, Optional<InclusionProof> proof) {
    /** Of the year 36812; the library of times takes no more than some times that. */
    private static final long LATEST = 1L << 40;

    private static final int MOST_HASHES = 64;

    /** Source: github.com/sigstore/protobuf-specs, sigstore_rekor.proto. */
    static LogEntry ofBundle(JsonNode entry) throws DistrustException {
        Optional<JsonNode> promise = Fields.object(entry, "inclusionPromise");
        Optional<JsonNode> proof = Fields.object(entry, "inclusionProof");
        return new LogEntry(
                Fields.bytes(entry, "canonicalizedBody"),
                Fields.number(entry, "integratedTime"),
                Fields.bytes(Fields.needed(entry, "logId"), "keyId"),
                Fields.number(entry, "logIndex"),
                promise.isPresent()
                        ? Optional.of(Fields.bytes(promise.get(), "signedEntryTimestamp"))
                        : Optional.empty(),
                proof.isPresent() ? Optional.of(proof(proof.get())) : Optional.empty());
    }

    /** Source: github.com/sigstore/cosign, specs/SIGNATURE_SPEC.md. */
    static LogEntry ofAnnotation(JsonNode bundle) throws DistrustException {
        JsonNode payload = Fields.needed(bundle, "Payload");
        return new LogEntry(
                Fields.bytes(payload, "body"),
                Fields.number(payload, "integratedTime"),
                id(Fields.text(payload, "logID")),
                Fields.number(payload, "logIndex"),
                Optional.of(Fields.bytes(bundle, "SignedEntryTimestamp")),
                Optional.empty());
    }

    private static byte[] id(String hexadecimal) throws DistrustException {
        try {
            return HexFormat.of().parseHex(hexadecimal);
        } catch (IllegalArgumentException e) {
            throw new DistrustException("has something else than hexadecimal digits as 'logID'", e);
        }
    }

    private static InclusionProof proof(JsonNode proof) throws DistrustException {
        List<JsonNode> given = Fields.list(proof, "hashes");
        if (given.size() > MOST_HASHES) {
            throw new DistrustException("has an entry of a log whose proof has more than " + MOST_HASHES + " hashes");
        }
        List<byte[]> hashes = new ArrayList<>();
        for (JsonNode hash : given) {
            hashes.add(Fields.base64(hash, "hashes"));
        }
        return new InclusionProof(
                Fields.number(proof, "logIndex"), hashes, Fields.text(Fields.needed(proof, "checkpoint"), "envelope"));
    }

    /**
     * @return when the log took it, where it says so by its signature
     * @throws DistrustException where neither that nor a proof shows that it is in the log, or one of them is wrong
     */
    Optional<Instant> require(TransparencyLog from) throws DistrustException {
        if (promise.isEmpty() && proof.isEmpty()) {
            throw new DistrustException(
                    "has an entry of a log without its signature and without a proof that it is there");
        }
        if (proof.isPresent()) {
            proof.get().require(body, from);
        }
        if (promise.isEmpty()) {
            return Optional.empty();
        }
        if (!from.key().verifies(promised(), promise.get())) {
            throw new DistrustException("has an entry that the log " + from.url() + " did not sign so");
        }
        if (time <= 0 || time > LATEST) {
            throw new DistrustException("has an entry of a log of no time");
        }
        return Optional.of(Instant.ofEpochSecond(time));
    }

    /** In the one form of JSON that has no choice (RFC 8785); nothing in it needs an escape. */
    private byte[] promised() {
        return ("{\"body\":\"" + Base64.getEncoder().encodeToString(body) + "\",\"integratedTime\":" + time
                        + ",\"logID\":\"" + HexFormat.of().formatHex(log) + "\",\"logIndex\":" + index + "}")
                .getBytes(UTF_8);
    }
}
