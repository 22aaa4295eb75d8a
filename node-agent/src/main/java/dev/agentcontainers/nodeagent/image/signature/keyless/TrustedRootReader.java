package dev.agentcontainers.nodeagent.image.signature.keyless;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.agentcontainers.nodeagent.image.signature.key.VerificationKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/** Reads the file that says whom to trust. What is wrong in it is wrong, and nothing of it is left out. */
final class TrustedRootReader {
    private static final String TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

    /** The same format: its name was another one at first. */
    private static final Set<String> TYPES = Set.of(TYPE, "application/vnd.dev.sigstore.trustedroot.v0.1+json");

    private static final String RIGHT = "it is a trusted root of Sigstore's (" + TYPE
            + ") with certificateAuthorities, ctlogs and tlogs, as 'cosign trusted-root create' writes it";
    private static final List<String> TIMES = List.of("start", "end");
    private static final int ID_BYTES = 32;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private TrustedRootReader() {}

    private interface Reader<T> {
        T read(String field, JsonNode node);
    }

    static TrustedRoot read(byte[] document) {
        JsonNode root;
        try {
            root = JSON.readTree(document);
        } catch (IOException e) {
            throw new IllegalArgumentException("is not JSON, or not all of it; " + RIGHT, e);
        }
        if (!TYPES.contains(root.path("mediaType").asText(""))) {
            throw wrong(
                    "mediaType", "is " + Strangers.shown(root.path("mediaType").asText("")));
        }
        return new TrustedRoot(
                list(root, "certificateAuthorities", true, TrustedRootReader::authority),
                logs(root, "tlogs"),
                logs(root, "ctlogs"),
                list(root, "timestampAuthorities", false, TrustedRootReader::authority));
    }

    private static <T> List<T> list(JsonNode root, String field, boolean needed, Reader<T> reader) {
        JsonNode list = root.path(field);
        if (needed ? !list.isArray() || list.isEmpty() : !list.isArray() && !list.isMissingNode()) {
            throw wrong(field, "is no list, or empty");
        }
        List<T> all = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            all.add(reader.read(field + "[" + i + "]", list.get(i)));
        }
        return all;
    }

    /** Which of two with one id is meant, and with whose times, nothing that they wrote says. */
    private static List<TransparencyLog> logs(JsonNode root, String field) {
        List<TransparencyLog> logs = list(root, field, true, TrustedRootReader::log);
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < logs.size(); i++) {
            Integer other =
                    places.putIfAbsent(HexFormat.of().formatHex(logs.get(i).id()), i);
            if (other != null) {
                throw wrong(
                        field + "[" + i + "].logId.keyId",
                        "is the one of " + field + "[" + other + "] too, and each log has its own");
            }
        }
        return logs;
    }

    private static Authority authority(String field, JsonNode node) {
        String chain = field + ".certChain.certificates";
        List<X509Certificate> certificates = new ArrayList<>();
        for (JsonNode each : node.path("certChain").path("certificates")) {
            byte[] encoded = bytes(chain + "[" + certificates.size() + "].rawBytes", each.path("rawBytes"));
            certificates.add(certificate(chain + "[" + certificates.size() + "].rawBytes", encoded));
        }
        if (certificates.isEmpty()) {
            throw wrong(chain, "is missing or empty");
        }
        Authority authority = new Authority(
                node.path("uri").asText("an authority without a uri"),
                certificates,
                validity(field + ".validFor", node.path("validFor")));
        try {
            authority.requireChain();
        } catch (IllegalArgumentException e) {
            throw wrong(chain, String.valueOf(e.getMessage()));
        }
        return authority;
    }

    private static X509Certificate certificate(String field, byte[] encoded) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
        } catch (CertificateException e) {
            throw wrong(field, "is no certificate");
        }
    }

    private static TransparencyLog log(String field, JsonNode node) {
        JsonNode key = node.path("publicKey");
        byte[] id = bytes(field + ".logId.keyId", node.path("logId").path("keyId"));
        if (id.length != ID_BYTES) {
            throw wrong(field + ".logId.keyId", "has " + id.length + " bytes; " + ID_BYTES + " belong there");
        }
        String hash = node.path("hashAlgorithm").asText("");
        if (!hash.equals("SHA2_256")) {
            throw wrong(field + ".hashAlgorithm", "is " + Strangers.shown(hash) + "; only SHA2_256 can be verified");
        }
        return new TransparencyLog(
                node.path("baseUrl").asText("a log without a baseUrl"),
                id,
                key(field + ".publicKey", key),
                validity(field + ".publicKey.validFor", key.path("validFor")));
    }

    private static VerificationKey key(String field, JsonNode node) {
        byte[] encoded = bytes(field + ".rawBytes", node.path("rawBytes"));
        try {
            // Older logs have keys of RSA without what says that they are.
            boolean bare = node.path("keyDetails").asText("").startsWith("PKCS1_RSA");
            return VerificationKey.parse(bare ? wrapped(encoded) : encoded);
        } catch (IllegalArgumentException | IOException e) {
            throw wrong(field + ".rawBytes", String.valueOf(e.getMessage()));
        }
    }

    private static byte[] wrapped(byte[] rsa) throws IOException {
        return new SubjectPublicKeyInfo(
                        new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                        RSAPublicKey.getInstance(rsa))
                .getEncoded();
    }

    /** What is not understood would be for ever: only an end that is not there is. */
    private static Validity validity(String field, JsonNode node) {
        if (!node.isObject() && !node.isMissingNode()) {
            throw wrong(field, "is no object");
        }
        for (String name : (Iterable<String>) node::fieldNames) {
            if (!TIMES.contains(name)) {
                throw wrong(field + "." + name, "is unknown; there are " + TIMES);
            }
        }
        if (!node.has("start")) {
            throw wrong(field + ".start", "is missing");
        }
        return new Validity(
                time(field + ".start", node.path("start")),
                node.has("end") ? time(field + ".end", node.path("end")) : Instant.MAX);
    }

    private static Instant time(String field, JsonNode node) {
        try {
            return Instant.parse(Objects.requireNonNullElse(node.textValue(), ""));
        } catch (DateTimeException e) {
            throw wrong(field, "is " + Strangers.shown(node.toString()) + "; a time is like 2025-09-23T00:00:00Z");
        }
    }

    private static byte[] bytes(String field, JsonNode node) {
        try {
            byte[] bytes = Base64.getDecoder().decode(node.asText(""));
            if (bytes.length > 0) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            throw wrong(field, "is not base64");
        }
        throw wrong(field, "is missing");
    }

    private static IllegalArgumentException wrong(String field, String problem) {
        return new IllegalArgumentException("'" + field + "' " + problem + "; " + RIGHT);
    }
}
