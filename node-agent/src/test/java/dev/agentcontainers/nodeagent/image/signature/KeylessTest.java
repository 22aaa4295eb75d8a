package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Signed;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Unproven;
import dev.agentcontainers.nodeagent.image.signature.keyless.SubjectPattern;
import dev.agentcontainers.nodeagent.image.signature.keyless.TrustedRoot;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attacks on keyless signatures, against a deployment of Sigstore of the test's own, and what goes through. */
class KeylessTest {
    private static final byte[] MANIFEST = "{\"a\":1}".getBytes(UTF_8);
    private static final Digest DIGEST = Digest.of(MANIFEST);
    private static final byte[] APPROVAL = TestSigner.approval(DIGEST);
    private static final byte[] PAYLOAD = TestSigner.payload("registry.example.org/team/agent", DIGEST);
    private static final byte[] OTHER = TestSigner.approval(Digest.of("other".getBytes(UTF_8)));
    private static final Instant EXPIRED = TestSigstore.TIME.plus(Duration.ofMinutes(20));

    private static final TestSigstore OURS = new TestSigstore();
    private static final TestSigstore STRANGERS = new TestSigstore();

    private final TestSigstore sigstore = OURS.asUsual();
    private final TestSigstore strangers = STRANGERS.asUsual();

    private Verdict verify(Evidence evidence, SubjectPattern subject) {
        return verify(evidence, subject, sigstore.trustedRoot());
    }

    private static Verdict verify(Evidence evidence, SubjectPattern subject, ObjectNode root) {
        return verify(
                evidence,
                new Demand.SignedBy(
                        List.of(),
                        List.of(new TrustedIdentity(
                                "release", TestSigstore.ISSUER, subject, TrustedRoot.parse(TestSigstore.bytes(root)))),
                        false));
    }

    private static Verdict verify(Evidence evidence, Demand.SignedBy demand) {
        return new Verification(
                        ImageReference.parse("registry.example.org/team/agent:1"),
                        List.of(new KnownManifest(DIGEST, MANIFEST)),
                        demand)
                .of(evidence);
    }

    private Verdict verify(Evidence evidence) {
        return verify(evidence, SubjectPattern.exactly(TestSigstore.SUBJECT));
    }

    private Verdict verify(ObjectNode bundle) {
        return verify(new Evidence.Bundle(TestSigstore.bytes(bundle)));
    }

    private static Verdict verify(ObjectNode bundle, ObjectNode root) {
        return verify(
                new Evidence.Bundle(TestSigstore.bytes(bundle)), SubjectPattern.exactly(TestSigstore.SUBJECT), root);
    }

    private Verdict verify(TestSigner.Entry entry) {
        byte[] annotations = TestSigner.json(entry.annotations());
        return verify(new Evidence.KeylessSigning(entry.payload(), entry.signature(), annotations));
    }

    private static void assertSigned(Verdict verdict) {
        assertThat(verdict).isInstanceOfSatisfying(Signed.class, signed -> {
            assertThat(signed.signer().name()).isEqualTo("release");
            assertThat(signed.manifest()).isEqualTo(DIGEST);
        });
    }

    private static void assertUnproven(Verdict verdict, String why) {
        assertThat(verdict)
                .isInstanceOfSatisfying(
                        Unproven.class, unproven -> assertThat(unproven.why()).contains(why));
    }

    private static ObjectNode entry(ObjectNode bundle) {
        return (ObjectNode) bundle.at("/verificationMaterial/tlogEntries/0");
    }

    private static ObjectNode material(ObjectNode bundle) {
        return (ObjectNode) bundle.path("verificationMaterial");
    }

    @Test
    void whatTheIdentitySignedCountsInEachForm() {
        assertSigned(verify(sigstore.bundle(APPROVAL)));
        assertSigned(verify(sigstore.messageBundle(MANIFEST)));
        assertSigned(verify(sigstore.entryUnderTag(PAYLOAD)));
        assertSigned(verify(sigstore.stamped(TestSigstore.TIME).bundle(APPROVAL)));
        assertSigned(verify(sigstore.later(TestSigstore.TIME).bundle(APPROVAL)));
        assertSigned(verify(sigstore.messageBundle(MANIFEST)));
    }

    @Test
    void olderBundlesHaveAChainOfWhichTheFirstCounts() {
        for (String version : List.of("0.1", "0.2", "0.3")) {
            ObjectNode bundle = sigstore.bundle(APPROVAL);
            bundle.put("mediaType", "application/vnd.dev.sigstore.bundle+json;version=" + version);
            ObjectNode certificate = (ObjectNode) material(bundle).remove("certificate");
            material(bundle)
                    .putObject("x509CertificateChain")
                    .putArray("certificates")
                    .add(certificate);
            assertSigned(verify(bundle));
            entry(bundle).remove("inclusionProof");
            if (version.equals("0.1")) {
                assertSigned(verify(bundle));
            } else {
                assertUnproven(verify(bundle), "without a proof");
            }
        }
    }

    @Test
    void whatIsStoredIsTheSameEvidence() {
        TestSigner.Entry entry = sigstore.entryUnderTag(PAYLOAD);
        byte[] annotations = TestSigner.json(entry.annotations());
        Evidence evidence = new Evidence.KeylessSigning(PAYLOAD, entry.signature(), annotations);

        assertSigned(verify(Evidence.restored(evidence.stored()).orElseThrow()));
    }

    @Test
    void anAttestationByTheIdentityApprovesOfNothing() {
        assertUnproven(
                verify(sigstore.bundle(TestSigner.statement("https://slsa.dev/provenance/v1", DIGEST))),
                "by the identity 'release' is an attestation");
    }

    @Test
    void theSignatureOfAnotherImageIsRefused() {
        assertUnproven(verify(sigstore.bundle(OTHER)), "by the identity 'release' is of another image");
        assertUnproven(verify(sigstore.messageBundle("other".getBytes(UTF_8))), "of another image");
    }

    @Test
    void anotherIssuerIsRefusedThoughTheSubjectIsTheSame() {
        assertUnproven(
                verify(sigstore.by("https://token.example.org", TestSigstore.SUBJECT)
                        .bundle(APPROVAL)),
                "is of '" + TestSigstore.SUBJECT + "' of the issuer 'https://token.example.org'");
    }

    @Test
    void anIssuerThatIsNotWrittenAsItIsToBeIsRefused() throws IOException {
        byte[] text = TestSigstore.ISSUER.getBytes(UTF_8);
        byte[] right = new DERUTF8String(TestSigstore.ISSUER).getEncoded();
        byte[] noText = (TestSigstore.ISSUER + "?").getBytes(UTF_8);
        noText[noText.length - 1] = (byte) 0xff;

        assertSigned(verify(sigstore.issuerWritten(text, right).bundle(APPROVAL)));
        for (byte[] newer : List.of(
                new DERIA5String(TestSigstore.ISSUER).getEncoded(),
                new DERPrintableString("https").getEncoded(),
                new DEROctetString(text).getEncoded(),
                text,
                new byte[0])) {
            assertUnproven(verify(sigstore.issuerWritten(text, newer).bundle(APPROVAL)), "damaged extension");
        }
        assertUnproven(verify(sigstore.issuerWritten(noText, right).bundle(APPROVAL)), "damaged extension");
        byte[] another = new DERUTF8String("https://token.example.org").getEncoded();
        assertUnproven(verify(sigstore.issuerWritten(text, another).bundle(APPROVAL)), "two issuers");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://github.com/stranger/agent/.github/workflows/release.yaml@refs/tags/v1.0.0",
                TestSigstore.SUBJECT + "0",
                "https://example.org/" + TestSigstore.SUBJECT,
                "https://github.com/Team/agent/.github/workflows/release.yaml@refs/tags/v1.0.0",
            })
    void anotherSubjectIsRefusedThoughTheOneWantedIsInIt(String subject) {
        assertUnproven(
                verify(sigstore.by(TestSigstore.ISSUER, subject).bundle(APPROVAL)),
                "is of '" + subject + "' of the issuer");
    }

    @Test
    void subjectsOfAPatternCountAndOthersDoNot() {
        SubjectPattern tags =
                SubjectPattern.fitting("https://github.com/team/agent/.github/workflows/release.yaml@refs/tags/v*");
        Evidence right = new Evidence.Bundle(TestSigstore.bytes(sigstore.bundle(APPROVAL)));
        Evidence branch = new Evidence.Bundle(TestSigstore.bytes(sigstore.by(
                        TestSigstore.ISSUER,
                        "https://github.com/team/agent/.github/workflows/release.yaml@refs/heads/v1")
                .bundle(APPROVAL)));

        assertSigned(verify(right, tags));
        assertUnproven(verify(branch, tags), "refs/heads/v1");
        Evidence mail = new Evidence.Bundle(TestSigstore.bytes(
                sigstore.byMail(TestSigstore.ISSUER, "ann@example.org").bundle(APPROVAL)));
        assertSigned(verify(mail, SubjectPattern.fitting("*@example.org")));
        assertUnproven(verify(mail, SubjectPattern.fitting("*@example.com")), "ann@example.org");
    }

    @Test
    void aCertificateOfAnotherAuthorityIsRefused() {
        ObjectNode bundle = strangers.bundle(APPROVAL);
        assertUnproven(verify(bundle), "of the log");
        // Even where it is in the logs that are trusted.
        ObjectNode root = sigstore.trustedRoot();
        root.set("certificateAuthorities", strangers.trustedRoot().path("certificateAuthorities"));
        assertUnproven(
                verify(sigstore.bundle(APPROVAL), root), "has a certificate of no authority in the trusted root");
    }

    @Test
    void aCertificateForAnotherPurposeIsRefused() {
        assertUnproven(
                verify(sigstore.certifiedFor(KeyPurposeId.id_kp_serverAuth).bundle(APPROVAL)), "not for signing code");
    }

    @Test
    void aCertificateThatWasExpiredWhenItSignedIsRefused() {
        assertUnproven(verify(sigstore.at(EXPIRED).bundle(APPROVAL)), "was made at " + EXPIRED);
        assertUnproven(verify(sigstore.entryUnderTag(PAYLOAD)), "was made at " + EXPIRED);
        assertUnproven(
                verify(sigstore.at(TestSigstore.TIME.minusSeconds(61)).bundle(APPROVAL)), "its certificate is for");
        sigstore.at(TestSigstore.TIME);
        assertUnproven(verify(sigstore.stamped(TestSigstore.TIME, EXPIRED).bundle(APPROVAL)), "was made at " + EXPIRED);
        assertUnproven(verify(sigstore.later(EXPIRED).bundle(APPROVAL)), "was made at " + EXPIRED);
    }

    /** The time of an entry is believed by the log's signature only. */
    @Test
    void anEntryWithoutAProvenTimeIsRefused() {
        ObjectNode bundle = sigstore.at(EXPIRED).bundle(APPROVAL);
        entry(bundle).put("integratedTime", String.valueOf(TestSigstore.TIME.getEpochSecond()));
        assertUnproven(verify(bundle), "did not sign so");
        entry(bundle).remove("inclusionPromise");
        assertUnproven(verify(bundle), "no proof of when it was made");
        assertUnproven(verify(sigstore.later().bundle(APPROVAL)), "no proof of when it was made");
    }

    @Test
    void aCertificateThatIsInNoLogOrAnotherIsRefused() {
        assertUnproven(
                verify(sigstore.certificateLoggedBy(Optional.empty()).bundle(APPROVAL)), "without a stamp (SCT)");
        assertUnproven(
                verify(sigstore.certificateLoggedBy(Optional.of(strangers)).bundle(APPROVAL)),
                "not in the trusted root");
        assertUnproven(verify(sigstore.asUsual().certificateStampForged().bundle(APPROVAL)), "that is not by the log");
    }

    /** Whose key it was when it was logged is not whose it is said to be. */
    @Test
    void theEntryOfAnotherCertificateForTheSameKeyIsRefused() {
        String why = "is by another certificate";
        assertUnproven(verify(sigstore.certifiedTwice().bundle(APPROVAL)), why);
        assertUnproven(verify(sigstore.messageBundle(MANIFEST)), why);
        assertUnproven(verify(sigstore.entryUnderTag(PAYLOAD)), why);
        assertUnproven(verify(sigstore.later(TestSigstore.TIME).bundle(APPROVAL)), why);
    }

    @Test
    void theEntryOfOtherContentIsRefused() {
        String why = "is of another signature";
        assertUnproven(verify(sigstore.loggedAs(OTHER).bundle(APPROVAL)), why);
        assertUnproven(verify(sigstore.messageBundle(MANIFEST)), why);
        assertUnproven(verify(sigstore.entryUnderTag(PAYLOAD)), why);
        assertUnproven(verify(sigstore.later(TestSigstore.TIME).bundle(APPROVAL)), why);
    }

    /** CVE-2022-36056: the entry is in the log, and is of something else that anybody may have signed. */
    @Test
    void theEntryOfAnotherSignatureIsRefused() {
        ObjectNode bundle = sigstore.bundle(APPROVAL);
        for (ObjectNode other :
                List.of(sigstore.bundle(OTHER), sigstore.bundle(APPROVAL), sigstore.messageBundle(MANIFEST))) {
            ((ArrayNode) material(bundle).path("tlogEntries")).set(0, entry(other));
            assertUnproven(verify(bundle), "has an entry of a log that is of");
        }

        TestSigner.Entry signed = sigstore.entryUnderTag(PAYLOAD);
        Map<String, String> annotations = new LinkedHashMap<>(signed.annotations());
        annotations.put(
                Verification.ENTRY,
                sigstore.entryUnderTag(PAYLOAD).annotations().get(Verification.ENTRY));
        assertUnproven(verify(new TestSigner.Entry(PAYLOAD, signed.signature(), annotations)), "of another signature");
    }

    @Test
    void theCertificateOfAnotherIsRefused() {
        ObjectNode stolen = sigstore.bundle(APPROVAL);
        ObjectNode bundle = strangers.bundle(APPROVAL);
        material(bundle).set("certificate", material(stolen).path("certificate"));
        assertUnproven(verify(bundle), "is not by the key of its certificate");
    }

    static Stream<Arguments> alterations() {
        return Stream.of(
                alteration(
                        "a log's signature by another key",
                        "did not sign so",
                        bundle -> bundle.withObject("/verificationMaterial/tlogEntries/0/inclusionPromise")
                                .put(
                                        "signedEntryTimestamp",
                                        Base64.getEncoder().encodeToString(STRANGERS.promise(new byte[1])))),
                alteration(
                        "another index",
                        "did not sign so",
                        bundle -> entry(bundle).put("logIndex", "105")),
                alteration(
                        "another log",
                        "not in the trusted root",
                        bundle -> bundle.withObject("/verificationMaterial/tlogEntries/0/logId")
                                .put("keyId", Base64.getEncoder().encodeToString(new byte[32]))),
                alteration(
                        "an altered checkpoint",
                        "with a checkpoint that is not by",
                        bundle -> checkpoint(bundle, text -> text.replace("\n7\n", "\n8\n"))),
                alteration(
                        "a checkpoint that nobody signed",
                        "with a checkpoint that is not by",
                        bundle -> checkpoint(bundle, text -> text.substring(0, text.indexOf("— ")))),
                alteration(
                        "a checkpoint by another log",
                        "with a checkpoint that is not by",
                        bundle -> checkpoint(
                                bundle,
                                _ -> entry(STRANGERS.bundle(APPROVAL))
                                        .at("/inclusionProof/checkpoint/envelope")
                                        .asText())),
                alteration("no checkpoint", "without a checkpoint", bundle -> checkpoint(bundle, _ -> "")),
                alteration(
                        "another place in the tree",
                        "is not in the log",
                        bundle -> proof(bundle).put("logIndex", "5")),
                alteration(
                        "a place outside the tree",
                        "is not in the log",
                        bundle -> proof(bundle).put("logIndex", "-1")),
                alteration(
                        "a place behind the tree's end",
                        "is not in the log",
                        bundle -> proof(bundle).put("logIndex", "7")),
                alteration(
                        "too few hashes",
                        "is not in the log",
                        bundle -> ((ArrayNode) proof(bundle).path("hashes")).remove(0)),
                alteration(
                        "too many hashes",
                        "is not in the log",
                        bundle -> ((ArrayNode) proof(bundle).path("hashes")).add("AAAA")),
                alteration("no end of hashes", "more than 64 hashes", bundle -> {
                    for (int i = 0; i < 65; i++) {
                        ((ArrayNode) proof(bundle).path("hashes")).add("AAAA");
                    }
                }),
                alteration(
                        "no proof", "without a proof", bundle -> entry(bundle).remove("inclusionProof")),
                alteration(
                        "no entry",
                        "0 entries",
                        bundle -> ((ArrayNode) material(bundle).path("tlogEntries")).removeAll()),
                alteration(
                        "two entries",
                        "2 entries",
                        bundle -> ((ArrayNode) material(bundle).path("tlogEntries")).add(entry(bundle))),
                alteration(
                        "no certificate",
                        "something else than a certificate",
                        bundle -> material(bundle).putObject("certificate").put("rawBytes", "AAAA")),
                alteration(
                        "a body that is no JSON",
                        "can't be read",
                        bundle -> entry(bundle).put("canonicalizedBody", "AAAA")),
                alteration(
                        "a body of another kind",
                        "of the unknown kind 'intoto 0.0.2'",
                        bundle -> entry(bundle)
                                .put(
                                        "canonicalizedBody",
                                        Base64.getEncoder()
                                                .encodeToString("{\"kind\":\"intoto\",\"apiVersion\":\"0.0.2\"}"
                                                        .getBytes(UTF_8)))),
                alteration(
                        "a number that is none",
                        "something else than a number",
                        bundle -> entry(bundle).put("integratedTime", "now")),
                alteration(
                        "a promise that is a list",
                        "something else than an object as 'inclusionPromise'",
                        bundle -> entry(bundle).putArray("inclusionPromise")),
                alteration(
                        "a promise that is text",
                        "something else than an object as 'inclusionPromise'",
                        bundle -> entry(bundle).put("inclusionPromise", "")),
                alteration(
                        "a promise of nothing",
                        "something else than base64 as 'signedEntryTimestamp'",
                        bundle -> entry(bundle).putObject("inclusionPromise")),
                alteration(
                        "a promise that is a number",
                        "something else than base64 as 'signedEntryTimestamp'",
                        bundle -> bundle.withObject("/verificationMaterial/tlogEntries/0/inclusionPromise")
                                .put("signedEntryTimestamp", 1)),
                alteration(
                        "a proof that is text",
                        "something else than an object as 'inclusionProof'",
                        bundle -> entry(bundle).put("inclusionProof", "")),
                alteration(
                        "a checkpoint that is text",
                        "something else than an object as 'checkpoint'",
                        bundle -> proof(bundle).put("checkpoint", "a")),
                alteration(
                        "hashes that are no list",
                        "something else than a list as 'hashes'",
                        bundle -> proof(bundle).putObject("hashes").put("a", "AAAA")),
                alteration(
                        "a hash that is a number",
                        "something else than base64 as 'hashes'",
                        bundle -> ((ArrayNode) proof(bundle).path("hashes")).set(0, 1)),
                alteration(
                        "a place that is true",
                        "something else than a number as 'logIndex'",
                        bundle -> proof(bundle).put("logIndex", true)),
                alteration(
                        "entries that are no list",
                        "something else than a list as 'tlogEntries'",
                        bundle -> material(bundle)
                                .set("tlogEntries", entry(bundle).objectNode().set("a", entry(bundle)))),
                alteration(
                        "an entry that is text",
                        "something else than a list of objects as 'tlogEntries'",
                        bundle -> material(bundle).putArray("tlogEntries").add("a")),
                alteration(
                        "a certificate that is text",
                        "something else than an object as 'certificate'",
                        bundle -> material(bundle).put("certificate", "AAAA")),
                alteration(
                        "time stamps that are text",
                        "something else than an object as 'timestampVerificationData'",
                        bundle -> material(bundle).put("timestampVerificationData", "")),
                alteration(
                        "time stamps that are no list",
                        "something else than a list as 'rfc3161Timestamps'",
                        bundle -> material(bundle)
                                .putObject("timestampVerificationData")
                                .put("rfc3161Timestamps", "")),
                alteration(
                        "a time stamp that is text",
                        "something else than a list of objects as 'rfc3161Timestamps'",
                        bundle -> material(bundle)
                                .putObject("timestampVerificationData")
                                .putArray("rfc3161Timestamps")
                                .add("AAAA")),
                alteration(
                        "a time stamp that is none", "time stamp that can't be read", bundle -> stamp(bundle, "AAAA")),
                alteration(
                        "a time stamp of another signature",
                        "time stamp that is of something else",
                        bundle -> stamp(
                                bundle,
                                STRANGERS
                                        .asUsual()
                                        .stamped(TestSigstore.TIME)
                                        .bundle(APPROVAL)
                                        .at(
                                                "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp")
                                        .asText())),
                alteration(
                        "nothing of it",
                        "0 entries",
                        bundle -> material(bundle).removeAll().putObject("certificate")),
                alteration(
                        "another statement",
                        "is not by the key of its certificate",
                        bundle -> bundle.withObject("/dsseEnvelope")
                                .put("payload", Base64.getEncoder().encodeToString(OTHER))));
    }

    private static Arguments alteration(String name, String why, Consumer<ObjectNode> alteration) {
        return Arguments.of(name, why, alteration);
    }

    private static ObjectNode proof(ObjectNode bundle) {
        return (ObjectNode) entry(bundle).path("inclusionProof");
    }

    private static void checkpoint(ObjectNode bundle, UnaryOperator<String> change) {
        ObjectNode checkpoint = (ObjectNode) proof(bundle).path("checkpoint");
        checkpoint.put("envelope", change.apply(checkpoint.path("envelope").asText()));
    }

    private static void stamp(ObjectNode bundle, String stamp) {
        material(bundle)
                .putObject("timestampVerificationData")
                .putArray("rfc3161Timestamps")
                .addObject()
                .put("signedTimestamp", stamp);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("alterations")
    void anAlteredBundleIsRefused(String name, String why, Consumer<ObjectNode> alteration) {
        ObjectNode bundle = sigstore.bundle(APPROVAL);
        assertSigned(verify(bundle));

        alteration.accept(bundle);

        assertUnproven(verify(bundle), why);
    }

    /** What is there and is not understood is not absent: the signature would count by the rest. */
    @ParameterizedTest
    @ValueSource(strings = {"[]", "null", "1", "\"a\"", ""})
    void anAnnotationThatIsNoObjectIsRefused(String value) {
        for (String name : List.of(Verification.STAMP, Verification.ENTRY)) {
            TestSigner.Entry entry = sigstore.entryUnderTag(PAYLOAD);
            Map<String, String> annotations = new LinkedHashMap<>(entry.annotations());
            annotations.put(name, value);
            assertUnproven(
                    verify(new TestSigner.Entry(PAYLOAD, entry.signature(), annotations)),
                    "has the annotation " + name + ", which is not JSON of an object");
        }
    }

    @Test
    void anAnnotationThatIsNoTextIsRefused() {
        TestSigner.Entry entry = sigstore.entryUnderTag(PAYLOAD);
        for (Object value : List.of(Map.of(), List.of(), 1)) {
            Map<String, Object> annotations = new LinkedHashMap<>(entry.annotations());
            annotations.put(Verification.STAMP, value);
            assertUnproven(
                    verify(new Evidence.KeylessSigning(PAYLOAD, entry.signature(), TestSigner.json(annotations))),
                    "has the annotation " + Verification.STAMP + ", which is not JSON of an object");
        }
    }

    /** Parsers that go down as deep as a stranger likes end with the stack. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Timeout(60)
    void whatIsNestedWithoutEndProvesNothing(boolean ended) {
        byte[] nested = TestSigstore.nested(300_000, ended);
        String encoded = Base64.getEncoder().encodeToString(nested);

        ObjectNode stamped = sigstore.bundle(APPROVAL);
        stamp(stamped, encoded);
        assertUnproven(verify(stamped), "has a time stamp that can't be read");

        ObjectNode certified = sigstore.bundle(APPROVAL);
        material(certified).putObject("certificate").put("rawBytes", encoded);
        assertUnproven(verify(certified), "has something else than a certificate");

        assertUnproven(verify(sigstore.issuerWritten(new byte[0], nested).bundle(APPROVAL)), "damaged extension");
        assertSigned(verify(sigstore.asUsual().bundle(APPROVAL)));
    }

    /** That there is no root must not be what is compared with a root that is nothing. */
    @Test
    void aCheckpointWhoseRootIsNoHashIsRefused() {
        for (int length : List.of(1, 31, 33)) {
            assertUnproven(
                    verify(sigstore.checkpointOf(new byte[length]).bundle(APPROVAL)),
                    "whose root has " + length + " bytes");
        }
        ObjectNode bundle = sigstore.checkpointOf(new byte[0]).bundle(APPROVAL);
        proof(bundle).put("logIndex", "-1");
        assertUnproven(verify(bundle), "without a checkpoint");
        assertUnproven(verify(sigstore.checkpointOf(new byte[32]).bundle(APPROVAL)), "is not in the log");
    }

    /** Nobody signed them: the checkpoint has both. */
    @Test
    void sizeAndRootBesideTheCheckpointProveNothing() {
        ObjectNode bundle = sigstore.checkpointOf(new byte[32]).bundle(APPROVAL);
        proof(bundle)
                .put(
                        "rootHash",
                        proof(sigstore.asUsual().bundle(APPROVAL))
                                .path("rootHash")
                                .asText());
        assertUnproven(verify(bundle), "is not in the log");

        ObjectNode right = sigstore.asUsual().bundle(APPROVAL);
        proof(right).remove(List.of("treeSize", "rootHash"));
        assertSigned(verify(right));
    }

    @Test
    void aTimeStampByAnotherAuthorityIsRefused() {
        ObjectNode bundle = sigstore.later(TestSigstore.TIME).bundle(APPROVAL);
        ObjectNode root = sigstore.trustedRoot();
        root.set("timestampAuthorities", strangers.trustedRoot().path("timestampAuthorities"));
        assertUnproven(verify(bundle, root), "time stamp of no authority");
    }

    /** What was logged after a log was given up, or before it was trusted, may be anybody's who has its key. */
    @Test
    void whatIsOutsideTheTimesOfTheRootIsRefused() {
        ObjectNode bundle = sigstore.bundle(APPROVAL);
        for (String field : List.of("tlogs", "ctlogs", "certificateAuthorities")) {
            ObjectNode root = sigstore.trustedRoot();
            ObjectNode trusted = (ObjectNode) root.path(field).path(0);
            ObjectNode valid =
                    (ObjectNode) (trusted.has("publicKey") ? trusted.path("publicKey") : trusted).path("validFor");
            valid.put("end", TestSigstore.TIME.minusSeconds(3600).toString());
            assertUnproven(verify(bundle, root), "which the trusted root has for");
        }
    }

    @Test
    void aKeyOfTheRuleCountsWhateverAnnotationsSay() {
        TestSigner team = TestSigner.p256();
        Demand.SignedBy keys =
                new Demand.SignedBy(List.of(TrustedKey.parse("team", team.publicKey())), List.of(), false);
        byte[] annotations = TestSigner.json(sigstore.entryUnderTag(PAYLOAD).annotations());

        assertThat(verify(new Evidence.KeylessSigning(PAYLOAD, team.sign(PAYLOAD), annotations), keys))
                .isInstanceOf(Signed.class);
        assertUnproven(
                verify(new Evidence.Bundle(TestSigstore.bytes(sigstore.bundle(APPROVAL))), keys),
                "is made with a certificate (keyless) that says that it is of '" + TestSigstore.SUBJECT + "'");
    }
}
