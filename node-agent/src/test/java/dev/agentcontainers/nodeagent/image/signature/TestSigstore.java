package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TSPAlgorithms;
import org.bouncycastle.tsp.TSPException;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponseGenerator;
import org.bouncycastle.tsp.TimeStampTokenGenerator;

/**
 * A deployment of Sigstore: an authority of certificates and its log (Fulcio), a log of signatures (Rekor) and an authority of
 * time stamps. It signs as cosign does against these. What it makes was verified by sigstore-java too.
 */
public final class TestSigstore {
    public static final String ISSUER = "https://token.actions.githubusercontent.com";
    public static final String SUBJECT =
            "https://github.com/team/agent/.github/workflows/release.yaml@refs/tags/v1.0.0";

    /** Of all signatures where nothing else is said; certificates live for ten minutes from a minute before. */
    static final Instant TIME = Instant.parse("2026-06-01T10:00:00Z");

    private static final Instant START = TIME.minus(Duration.ofDays(30));
    private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
    private static final String IN_TOTO = "application/vnd.in-toto+json";
    private static final ASN1ObjectIdentifier STAMPS = new ASN1ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private record Party(KeyPair keys, X509Certificate certificate) {}

    private final Party root;
    private final Party fulcio;
    private final KeyPair certificateLog;
    private final KeyPair rekor;
    private final Party stampers;
    private final Party stamper;

    // What is made, as cosign's own would be until a test says otherwise.
    private String issuer = ISSUER;
    private String subject = SUBJECT;
    private int subjectKind = GeneralName.uniformResourceIdentifier;
    private Instant time = TIME;
    private Instant start = TIME.minusSeconds(60);
    private KeyPurposeId purpose = KeyPurposeId.id_kp_codeSigning;
    private Optional<TestSigstore> stampedBy = Optional.of(this);
    private boolean stampForged;
    private boolean certifiedTwice;
    private Optional<byte[]> logged = Optional.empty();
    private boolean later;
    private boolean promised = true;
    private List<Instant> stamps = List.of();
    private Optional<byte[]> checkpointRoot = Optional.empty();
    private Optional<byte[]> olderIssuer = Optional.empty();
    private Optional<byte[]> newerIssuer = Optional.empty();

    public TestSigstore() {
        root = authority("root", Optional.empty());
        fulcio = authority("fulcio", Optional.of(root));
        certificateLog = keys();
        rekor = keys();
        stampers = authority("stampers", Optional.empty());
        stamper = stamper();
    }

    private TestSigstore(TestSigstore of) {
        root = of.root;
        fulcio = of.fulcio;
        certificateLog = of.certificateLog;
        rekor = of.rekor;
        stampers = of.stampers;
        stamper = of.stamper;
    }

    /** The same deployment, where nothing else was said of what is made. */
    TestSigstore asUsual() {
        return new TestSigstore(this);
    }

    TestSigstore by(String otherIssuer, String otherSubject) {
        issuer = otherIssuer;
        subject = otherSubject;
        return this;
    }

    TestSigstore byMail(String otherIssuer, String mail) {
        subjectKind = GeneralName.rfc822Name;
        return by(otherIssuer, mail);
    }

    /** When the log has an entry. */
    TestSigstore at(Instant logged) {
        time = logged;
        return this;
    }

    TestSigstore certifiedFrom(Instant from) {
        start = from;
        return this;
    }

    TestSigstore certifiedFor(KeyPurposeId other) {
        purpose = other;
        return this;
    }

    /** In whose log a certificate is. */
    TestSigstore certificateLoggedBy(Optional<TestSigstore> other) {
        stampedBy = other;
        return this;
    }

    /** In the name of the log of certificates, by somebody else. */
    TestSigstore certificateStampForged() {
        stampForged = true;
        return this;
    }

    /** Of two certificates for one key the log has the one and the signature the other. */
    TestSigstore certifiedTwice() {
        certifiedTwice = true;
        return this;
    }

    /** The log has the signature as one of other content. */
    TestSigstore loggedAs(byte[] other) {
        logged = Optional.of(other);
        return this;
    }

    /** Entries as Rekor's second version has them, which have no time: with time stamps. */
    TestSigstore later(Instant... times) {
        later = true;
        promised = false;
        stamps = List.of(times);
        return this;
    }

    /** What certificates have in the two extensions for the issuer, of which the second is to be ASN.1. */
    TestSigstore issuerWritten(byte[] older, byte[] newer) {
        olderIssuer = Optional.of(older);
        newerIssuer = Optional.of(newer);
        return this;
    }

    /** What the log signs as the hash of all its entries. */
    TestSigstore checkpointOf(byte[] otherRoot) {
        checkpointRoot = Optional.of(otherRoot);
        return this;
    }

    TestSigstore stamped(Instant... times) {
        stamps = List.of(times);
        return this;
    }

    private static KeyPair keys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] sign(PrivateKey key, byte[] message) {
        try {
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(key);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] sha256(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static JcaX509v3CertificateBuilder certificate(
            String name, PublicKey key, Optional<Party> signer, Instant from, Instant to) {
        X500Principal subject = new X500Principal(name.isEmpty() ? "" : "CN=" + name);
        return new JcaX509v3CertificateBuilder(
                signer.map(party -> party.certificate().getSubjectX500Principal())
                        .orElse(subject),
                BigInteger.valueOf(from.getEpochSecond() + name.length()),
                Date.from(from),
                Date.from(to),
                subject,
                key);
    }

    private static X509Certificate signed(JcaX509v3CertificateBuilder builder, PrivateKey key) {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
        } catch (OperatorCreationException | CertificateException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Party authority(String name, Optional<Party> signer) {
        KeyPair keys = keys();
        try {
            JcaX509v3CertificateBuilder builder =
                    certificate(name, keys.getPublic(), signer, START, START.plus(Duration.ofDays(3650)));
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            return new Party(
                    keys, signed(builder, signer.map(Party::keys).orElse(keys).getPrivate()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Party stamper() {
        KeyPair keys = keys();
        try {
            JcaX509v3CertificateBuilder builder = certificate(
                    "stamper", keys.getPublic(), Optional.of(stampers), START, START.plus(Duration.ofDays(3650)));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(
                            Extension.extendedKeyUsage, true, new ExtendedKeyUsage(KeyPurposeId.id_kp_timeStamping));
            return new Party(keys, signed(builder, stampers.keys().getPrivate()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What nodes are given. */
    public ObjectNode trustedRoot() {
        return JSON.valueToTree(Map.of(
                "mediaType", "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs", List.of(log("https://rekor.example.org", rekor)),
                "ctlogs", List.of(log("https://ctlog.example.org", certificateLog)),
                "certificateAuthorities",
                        List.of(trusted("https://fulcio.example.org", fulcio.certificate(), root.certificate())),
                "timestampAuthorities",
                        List.of(trusted("https://tsa.example.org", stamper.certificate(), stampers.certificate()))));
    }

    private static Map<String, Object> log(String url, KeyPair keys) {
        return Map.of(
                "baseUrl",
                url,
                "hashAlgorithm",
                "SHA2_256",
                "publicKey",
                Map.of(
                        "rawBytes", base64(keys.getPublic().getEncoded()),
                        "keyDetails", "PKIX_ECDSA_P256_SHA_256",
                        "validFor", Map.of("start", START.toString())),
                "logId",
                Map.of("keyId", base64(sha256(keys.getPublic().getEncoded()))));
    }

    private static Map<String, Object> trusted(String url, X509Certificate... chain) {
        List<Object> certificates = new ArrayList<>();
        for (X509Certificate each : chain) {
            certificates.add(Map.of("rawBytes", base64(encoded(each))));
        }
        return Map.of(
                "subject", Map.of("organization", "example", "commonName", "example"),
                "uri", url,
                "certChain", Map.of("certificates", certificates),
                "validFor", Map.of("start", START.toString()));
    }

    private static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Rules that ask for a signature by the usual identity, under the name {@code release}, of all images of {@code pattern}. */
    public String rules(String pattern) {
        return """
            rules:
            - images: ['%s']
              signedBy:
              - name: release
                identity:
                  issuer: %s
                  subject: %s
                  trustedRoot: '%s'
            """.formatted(pattern, ISSUER, SUBJECT, trustedRoot());
    }

    /** The key of one signature, and its certificate. */
    private Party signer() {
        return signer(keys(), start);
    }

    private Party logged(Party signer) {
        return certifiedTwice ? signer(signer.keys(), start.plusSeconds(1)) : signer;
    }

    private Party signer(KeyPair keys, Instant from) {
        try {
            X509Certificate before =
                    signed(leaf(keys.getPublic(), from), fulcio.keys().getPrivate());
            if (stampedBy.isEmpty()) {
                return new Party(keys, before);
            }
            JcaX509v3CertificateBuilder stamped = leaf(keys.getPublic(), from);
            stamped.addExtension(STAMPS, false, new DEROctetString(certificateStamp(before, stampedBy.get())));
            return new Party(keys, signed(stamped, fulcio.keys().getPrivate()));
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private JcaX509v3CertificateBuilder leaf(PublicKey key, Instant from) throws IOException {
        JcaX509v3CertificateBuilder builder =
                certificate("", key, Optional.of(fulcio), from, from.plus(Duration.ofMinutes(10)));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose))
                .addExtension(
                        Extension.subjectAlternativeName, true, new GeneralNames(new GeneralName(subjectKind, subject)))
                .addExtension(new Extension(
                        new ASN1ObjectIdentifier("1.3.6.1.4.1.57264.1.1"),
                        false,
                        olderIssuer.orElse(issuer.getBytes(UTF_8))))
                .addExtension(new Extension(
                        new ASN1ObjectIdentifier("1.3.6.1.4.1.57264.1.8"),
                        false,
                        newerIssuer.orElse(new DERUTF8String(issuer).getEncoded())));
        return builder;
    }

    private byte[] certificateStamp(X509Certificate before, TestSigstore by)
            throws GeneralSecurityException, IOException {
        byte[] id = sha256(by.certificateLog.getPublic().getEncoded());
        byte[] body = before.getTBSCertificate();
        byte[] signed = written(out -> {
            out.writeShort(0);
            out.writeLong(start.toEpochMilli());
            out.writeShort(1);
            out.write(sha256(fulcio.keys().getPublic().getEncoded()));
            out.writeByte(0);
            out.writeShort(body.length);
            out.write(body);
            out.writeShort(0);
        });
        byte[] signature = sign((stampForged ? keys() : by.certificateLog).getPrivate(), signed);
        byte[] stamp = written(out -> {
            out.writeByte(0);
            out.write(id);
            out.writeLong(start.toEpochMilli());
            out.writeShort(0);
            out.writeShort(0x0403);
            out.writeShort(signature.length);
            out.write(signature);
        });
        return written(out -> {
            out.writeShort(stamp.length + 2);
            out.writeShort(stamp.length);
            out.write(stamp);
        });
    }

    private interface Writing {
        void to(DataOutputStream out) throws IOException;
    }

    private static byte[] written(Writing writing) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        writing.to(new DataOutputStream(all));
        return all.toByteArray();
    }

    /** A bundle of a statement, as {@code cosign sign} makes it. */
    public ObjectNode bundle(byte[] statement) {
        Party signer = signer();
        byte[] signature = sign(signer.keys().getPrivate(), Verification.encoded(IN_TOTO, statement));
        ObjectNode bundle =
                bundle(signer, signature, envelopeBody(logged(signer), logged.orElse(statement), signature));
        bundle.set(
                "dsseEnvelope",
                JSON.valueToTree(Map.of(
                        "payload", base64(statement),
                        "payloadType", IN_TOTO,
                        "signatures", List.of(Map.of("sig", base64(signature))))));
        return bundle;
    }

    /** A bundle of bytes themselves, as {@code cosign sign-blob} makes it. */
    public ObjectNode messageBundle(byte[] message) {
        Party signer = signer();
        byte[] signature = sign(signer.keys().getPrivate(), message);
        ObjectNode bundle = bundle(signer, signature, hashedBody(logged(signer), logged.orElse(message), signature));
        bundle.set(
                "messageSignature",
                JSON.valueToTree(Map.of(
                        "messageDigest", Map.of("algorithm", "SHA2_256", "digest", base64(sha256(message))),
                        "signature", base64(signature))));
        return bundle;
    }

    private ObjectNode bundle(Party signer, byte[] signature, byte[] body) {
        ObjectNode material = JsonNodeFactory.instance.objectNode();
        material.putObject("certificate").put("rawBytes", base64(encoded(signer.certificate())));
        material.putArray("tlogEntries").add(entry(body));
        if (!stamps.isEmpty()) {
            var list = material.putObject("timestampVerificationData").putArray("rfc3161Timestamps");
            stamps.forEach(each -> list.addObject().put("signedTimestamp", base64(timeStamp(signature, each))));
        }
        ObjectNode bundle = JsonNodeFactory.instance.objectNode().put("mediaType", BUNDLE);
        bundle.set("verificationMaterial", material);
        return bundle;
    }

    private byte[] hashedBody(Party signer, byte[] message, byte[] signature) {
        return canonical(
                later
                        ? Map.of(
                                "apiVersion", "0.0.2",
                                "kind", "hashedrekord",
                                "spec",
                                        Map.of(
                                                "hashedRekordV002",
                                                Map.of(
                                                        "data", digest(message),
                                                        "signature", signatureLater(signer, signature))))
                        : Map.of(
                                "apiVersion", "0.0.1",
                                "kind", "hashedrekord",
                                "spec",
                                        Map.of(
                                                "data",
                                                Map.of("hash", hash(message)),
                                                "signature",
                                                Map.of(
                                                        "content",
                                                        base64(signature),
                                                        "publicKey",
                                                        Map.of("content", base64(pem(signer)))))));
    }

    private byte[] envelopeBody(Party signer, byte[] payload, byte[] signature) {
        return canonical(
                later
                        ? Map.of(
                                "apiVersion", "0.0.2",
                                "kind", "dsse",
                                "spec",
                                        Map.of(
                                                "dsseV002",
                                                Map.of(
                                                        "payloadHash", digest(payload),
                                                        "signatures", List.of(signatureLater(signer, signature)))))
                        : Map.of(
                                "apiVersion", "0.0.1",
                                "kind", "dsse",
                                "spec",
                                        Map.of(
                                                "envelopeHash",
                                                hash(signature),
                                                "payloadHash",
                                                hash(payload),
                                                "signatures",
                                                List.of(Map.of(
                                                        "signature", base64(signature),
                                                        "verifier", base64(pem(signer)))))));
    }

    /** As Rekor keeps it: without blanks, keys in their order. */
    private static byte[] canonical(Map<String, Object> body) {
        try {
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, Object> hash(byte[] content) {
        return Map.of("algorithm", "sha256", "value", HexFormat.of().formatHex(sha256(content)));
    }

    private static Map<String, Object> digest(byte[] content) {
        return Map.of("algorithm", "SHA2_256", "digest", base64(sha256(content)));
    }

    private static Map<String, Object> signatureLater(Party signer, byte[] signature) {
        return Map.of(
                "content",
                base64(signature),
                "verifier",
                Map.of(
                        "keyDetails",
                        "PKIX_ECDSA_P256_SHA_256",
                        "x509Certificate",
                        Map.of("rawBytes", base64(encoded(signer.certificate())))));
    }

    private static byte[] pem(Party signer) {
        return TestSigner.pem("CERTIFICATE", encoded(signer.certificate())).getBytes(UTF_8);
    }

    /** In a tree of seven, the fifth. */
    private ObjectNode entry(byte[] body) {
        List<byte[]> tree = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            tree.add(sha256(new byte[] {0}, i == 4 ? body : new byte[] {(byte) i}));
        }
        List<String> beside = new ArrayList<>();
        byte[] right = rootOf(tree, 4, beside);
        byte[] root = checkpointRoot.orElse(right);
        String text = "rekor.example.org - 1\n7\n" + base64(root) + "\n";
        byte[] signature = sign(rekor.getPrivate(), text.getBytes(UTF_8));
        byte[] id = sha256(rekor.getPublic().getEncoded());
        byte[] line = new byte[4 + signature.length];
        System.arraycopy(id, 0, line, 0, 4);
        System.arraycopy(signature, 0, line, 4, signature.length);
        ObjectNode entry = JSON.valueToTree(Map.of(
                "logIndex", "104",
                "logId", Map.of("keyId", base64(id)),
                "kindVersion", Map.of("kind", "any", "version", "0.0.1"),
                "canonicalizedBody", base64(body),
                "inclusionProof",
                        Map.of(
                                "logIndex",
                                "4",
                                "treeSize",
                                "7",
                                "rootHash",
                                base64(root),
                                "hashes",
                                beside,
                                "checkpoint",
                                Map.of("envelope", text + "\n— rekor.example.org " + base64(line) + "\n"))));
        if (promised) {
            entry.put("integratedTime", String.valueOf(time.getEpochSecond()));
            entry.putObject("inclusionPromise").put("signedEntryTimestamp", base64(promise(body)));
        }
        return entry;
    }

    byte[] promise(byte[] body) {
        String text = "{\"body\":\"" + base64(body) + "\",\"integratedTime\":" + time.getEpochSecond() + ",\"logID\":\""
                + HexFormat.of().formatHex(sha256(rekor.getPublic().getEncoded())) + "\",\"logIndex\":104}";
        return sign(rekor.getPrivate(), text.getBytes(UTF_8));
    }

    /** Source: RFC 6962, 2.1 and 2.1.1. */
    private static byte[] rootOf(List<byte[]> leaves, int index, List<String> beside) {
        if (leaves.size() == 1) {
            return leaves.getFirst();
        }
        int half = Integer.highestOneBit(leaves.size() - 1);
        boolean isLeft = index >= 0 && index < half;
        byte[] left = rootOf(leaves.subList(0, half), isLeft ? index : -1, beside);
        byte[] right = rootOf(leaves.subList(half, leaves.size()), index >= half ? index - half : -1, beside);
        if (index >= 0) {
            beside.add(base64(isLeft ? right : left));
        }
        return sha256(new byte[] {1}, left, right);
    }

    private byte[] timeStamp(byte[] signature, Instant at) {
        try {
            TimeStampTokenGenerator tokens = new TimeStampTokenGenerator(
                    new JcaSimpleSignerInfoGeneratorBuilder()
                            .build("SHA256withECDSA", stamper.keys().getPrivate(), stamper.certificate()),
                    new JcaDigestCalculatorProviderBuilder().build().get(new AlgorithmIdentifier(TSPAlgorithms.SHA256)),
                    new ASN1ObjectIdentifier("1.3.6.1.4.1.57264.2"));
            tokens.addCertificates(new JcaCertStore(List.of(stamper.certificate())));
            TimeStampRequestGenerator requests = new TimeStampRequestGenerator();
            requests.setCertReq(true);
            TimeStampRequest request = requests.generate(TSPAlgorithms.SHA256, sha256(signature));
            return new TimeStampResponseGenerator(tokens, TSPAlgorithms.ALLOWED)
                    .generate(request, BigInteger.ONE, Date.from(at))
                    .getEncoded();
        } catch (OperatorCreationException | CertificateException | TSPException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A signature in the list under a tag. */
    public TestSigner.Entry entryUnderTag(byte[] payload) {
        Party signer = signer();
        byte[] signature = sign(signer.keys().getPrivate(), payload);
        byte[] body = hashedBody(logged(signer), logged.orElse(payload), signature);
        ObjectNode logged = JsonNodeFactory.instance.objectNode().put("SignedEntryTimestamp", base64(promise(body)));
        logged.putObject("Payload")
                .put("body", base64(body))
                .put("integratedTime", time.getEpochSecond())
                .put("logIndex", 104)
                .put("logID", HexFormat.of().formatHex(sha256(rekor.getPublic().getEncoded())));
        return new TestSigner.Entry(
                payload,
                signature,
                Map.of(
                        Verification.CERTIFICATE,
                        new String(pem(signer), UTF_8),
                        Verification.ENTRY,
                        logged.toString()));
    }

    /** BER: sequences in sequences, of no length that would be said. */
    static byte[] nested(int depth, boolean ended) {
        byte[] nested = new byte[ended ? 4 * depth : 2 * depth];
        for (int i = 0; i < depth; i++) {
            nested[2 * i] = 0x30;
            nested[2 * i + 1] = (byte) 0x80;
        }
        return nested;
    }

    static byte[] bytes(ObjectNode document) {
        try {
            return JSON.writeValueAsBytes(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
