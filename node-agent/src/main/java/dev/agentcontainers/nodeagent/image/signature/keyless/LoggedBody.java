package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * What a log has of a signature: it must be of this one, by this certificate. Source: github.com/sigstore/rekor, pkg/types
 * (hashedrekord and dsse, 0.0.1), github.com/sigstore/rekor-tiles, api/proto (0.0.2).
 */
final class LoggedBody {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private LoggedBody() {}

    /** A signature as a log has it. */
    private record Logged(byte[] hash, byte[] wanted, byte[] signature, byte[] certificate) {}

    static void require(byte[] body, SignedContent content, SigningCertificate certificate) throws DistrustException {
        Logged logged;
        try {
            logged = logged(JSON.readTree(new String(body, UTF_8)), content);
        } catch (IOException | IllegalArgumentException e) {
            throw new DistrustException("has an entry of a log that can't be read", e);
        }
        if (!Arrays.equals(logged.hash(), logged.wanted()) || !Arrays.equals(logged.signature(), content.signature())) {
            throw new DistrustException("has an entry of a log that is of another signature");
        }
        if (!certificate.is(logged.certificate())) {
            throw new DistrustException("has an entry of a log that is by another certificate or key");
        }
    }

    private static Logged logged(JsonNode body, SignedContent content) throws DistrustException {
        String kind =
                body.path("kind").asText("") + " " + body.path("apiVersion").asText("");
        JsonNode spec = body.path("spec");
        return switch (kind) {
            case "hashedrekord 0.0.1" -> hashed(spec, content);
            case "dsse 0.0.1" -> envelope(spec, content);
            case "hashedrekord 0.0.2" -> hashedLater(spec.path("hashedRekordV002"), content);
            case "dsse 0.0.2" -> envelopeLater(spec.path("dsseV002"), content);
            default ->
                throw new DistrustException("has an entry of a log of the unknown kind " + Strangers.shown(kind));
        };
    }

    private static Logged hashed(JsonNode spec, SignedContent content) throws DistrustException {
        JsonNode hash = spec.path("data").path("hash");
        JsonNode signature = spec.path("signature");
        return new Logged(
                HexFormat.of().parseHex(hash.path("value").asText("")),
                Hashes.of(hash.path("algorithm").asText(""), content.message()),
                bytes(signature.path("content")),
                bytes(signature.path("publicKey").path("content")));
    }

    private static Logged envelope(JsonNode spec, SignedContent content) throws DistrustException {
        JsonNode hash = spec.path("payloadHash");
        JsonNode signature = only(spec.path("signatures"));
        return new Logged(
                HexFormat.of().parseHex(hash.path("value").asText("")),
                Hashes.of(hash.path("algorithm").asText(""), payload(content)),
                bytes(signature.path("signature")),
                bytes(signature.path("verifier")));
    }

    private static Logged hashedLater(JsonNode spec, SignedContent content) throws DistrustException {
        JsonNode data = spec.path("data");
        return later(data, content.message(), spec.path("signature"));
    }

    private static Logged envelopeLater(JsonNode spec, SignedContent content) throws DistrustException {
        return later(spec.path("payloadHash"), payload(content), only(spec.path("signatures")));
    }

    private static Logged later(JsonNode hash, byte[] hashed, JsonNode signature) throws DistrustException {
        return new Logged(
                bytes(hash.path("digest")),
                Hashes.of(hash.path("algorithm").asText(""), hashed),
                bytes(signature.path("content")),
                bytes(signature.path("verifier").path("x509Certificate").path("rawBytes")));
    }

    private static byte[] payload(SignedContent content) throws DistrustException {
        return content.payload()
                .orElseThrow(() -> new DistrustException("has an entry of a log that is of an envelope, and is none"));
    }

    private static JsonNode only(JsonNode signatures) throws DistrustException {
        if (!signatures.isArray() || signatures.size() != 1) {
            throw new DistrustException(
                    "has an entry of a log with " + signatures.size() + " signatures; one belongs there");
        }
        return signatures.path(0);
    }

    private static byte[] bytes(JsonNode base64) {
        return Base64.getDecoder().decode(base64.asText(""));
    }
}
