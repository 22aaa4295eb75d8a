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
        JsonNode promise = entry.path("inclusionPromise").path("signedEntryTimestamp");
        JsonNode proof = entry.path("inclusionProof");
        return new LogEntry(
                bytes(entry.path("canonicalizedBody")),
                number(entry.path("integratedTime")),
                bytes(entry.path("logId").path("keyId")),
                number(entry.path("logIndex")),
                promise.asText("").isEmpty() ? Optional.empty() : Optional.of(bytes(promise)),
                proof.isObject() ? Optional.of(proof(proof)) : Optional.empty());
    }

    /** Source: github.com/sigstore/cosign, specs/SIGNATURE_SPEC.md. */
    static LogEntry ofAnnotation(JsonNode bundle) throws DistrustException {
        JsonNode payload = bundle.path("Payload");
        return new LogEntry(
                bytes(payload.path("body")),
                number(payload.path("integratedTime")),
                HexFormat.of().parseHex(payload.path("logID").asText("")),
                number(payload.path("logIndex")),
                Optional.of(bytes(bundle.path("SignedEntryTimestamp"))),
                Optional.empty());
    }

    private static InclusionProof proof(JsonNode proof) throws DistrustException {
        List<byte[]> hashes = new ArrayList<>();
        for (JsonNode hash : proof.path("hashes")) {
            if (hashes.size() == MOST_HASHES) {
                throw new DistrustException(
                        "has an entry of a log whose proof has more than " + MOST_HASHES + " hashes");
            }
            hashes.add(bytes(hash));
        }
        return new InclusionProof(
                number(proof.path("logIndex")),
                number(proof.path("treeSize")),
                hashes,
                bytes(proof.path("rootHash")),
                proof.path("checkpoint").path("envelope").asText(""));
    }

    /** What is nothing is left out where messages of the protocol are written as JSON. */
    private static long number(JsonNode number) throws DistrustException {
        if (number.isMissingNode() || number.isNull()) {
            return 0;
        }
        try {
            return Long.parseLong(number.asText(""));
        } catch (NumberFormatException e) {
            throw new DistrustException(
                    "has an entry of a log with something else than a number where that belongs", e);
        }
    }

    private static byte[] bytes(JsonNode base64) {
        return Base64.getDecoder().decode(base64.asText(""));
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
