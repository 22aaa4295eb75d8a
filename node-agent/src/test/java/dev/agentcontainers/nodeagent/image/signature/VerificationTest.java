package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Signed;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Unproven;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerificationTest {
    private static final String APPROVAL = "https://sigstore.dev/cosign/sign/v1";
    private static final byte[] MANIFEST = "{\"a\":1}".getBytes(UTF_8);
    private static final Digest DIGEST = Digest.of(MANIFEST);
    private static final Map<String, Object> BY_KEY = Map.of("publicKey", Map.of("hint", ""));

    private final TestSigner team = TestSigner.p256();
    private final TestSigner second = TestSigner.ed25519();

    private Verdict verify(Evidence evidence) {
        return verify(evidence, false);
    }

    private Verdict verify(Evidence evidence, boolean repository) {
        return new Verification(
                        ImageReference.parse("registry.example.org/team/agent:1"),
                        List.of(
                                new KnownManifest(Digest.of("index".getBytes(UTF_8)), "index".getBytes(UTF_8)),
                                new KnownManifest(DIGEST, MANIFEST)),
                        new Demand.SignedBy(
                                List.of(
                                        TrustedKey.parse("team", team.publicKey()),
                                        TrustedKey.parse("second", second.publicKey())),
                                List.of(),
                                repository))
                .of(evidence);
    }

    private static Evidence simple(TestSigner signer, String payload) {
        byte[] bytes = payload.getBytes(UTF_8);
        return new Evidence.SimpleSigning(bytes, signer.sign(bytes));
    }

    private static void assertSigned(Verdict verdict, String key) {
        assertThat(verdict).isInstanceOfSatisfying(Signed.class, signed -> {
            assertThat(signed.signer().name()).isEqualTo(key);
            assertThat(signed.manifest()).isEqualTo(DIGEST);
        });
    }

    private static void assertUnproven(Verdict verdict, String why) {
        assertThat(verdict)
                .isInstanceOfSatisfying(
                        Unproven.class, unproven -> assertThat(unproven.why()).contains(why));
    }

    @Test
    void saysByWhichKeyWhichManifestIsSigned() {
        String payload = new String(TestSigner.payload("elsewhere.example.org/a", DIGEST), UTF_8);

        assertSigned(verify(simple(team, payload)), "team");
        assertSigned(verify(simple(second, payload)), "second");
        assertSigned(verify(new Evidence.Bundle(team.bundle(TestSigner.approval(DIGEST)))), "team");
        assertSigned(verify(new Evidence.Bundle(second.bundle(TestSigner.approval(DIGEST)))), "second");
        assertUnproven(verify(simple(TestSigner.p256(), payload)), "none of the rule's keys");
    }

    @Test
    void whatIsStoredIsTheSameEvidence() {
        Evidence evidence = new Evidence.Bundle(team.bundle(TestSigner.approval(DIGEST)));
        assertSigned(verify(Evidence.restored(evidence.stored()).orElseThrow()), "team");
        Evidence other = simple(team, new String(TestSigner.payload("a.example.org/a", DIGEST), UTF_8));
        assertSigned(verify(Evidence.restored(other.stored()).orElseThrow()), "team");
        for (String damaged :
                new String[] {"", "{}", "{\"bundle\":1}", "{\"payload\":\"YQ==\"}", "[", "{\"bundle\":\"?\"}"}) {
            assertThat(Evidence.restored(damaged.getBytes(UTF_8)).map(this::verify))
                    .satisfiesAnyOf(
                            none -> assertThat(none).isEmpty(),
                            some -> assertThat(some).hasValueSatisfying(v -> assertUnproven(v, "")));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "registry.example.org/team/agent, true",
        "registry.example.org:443/team/agent:9, true",
        "registry.example.org/team/agent2, false",
        "elsewhere.example.org/team/agent, false",
        "'', false",
    })
    void theNamedRepositoryCountsWhereTheRuleAsksForIt(String named, boolean right) {
        Evidence evidence = simple(team, new String(TestSigner.payload(named, DIGEST), UTF_8));

        assertSigned(verify(evidence), "team");
        if (right) {
            assertSigned(verify(evidence, true), "team");
        } else {
            assertUnproven(verify(evidence, true), "names the repository");
        }
        // cosign names none in bundles.
        assertUnproven(
                verify(new Evidence.Bundle(team.bundle(TestSigner.approval(DIGEST))), true), "names the repository ''");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"critical\":{\"type\":\"atomic container signature\",\"image\":{\"docker-manifest-digest\":\"DIGEST\"}}}",
                "{\"critical\":{\"image\":{\"docker-manifest-digest\":\"DIGEST\"}}}",
                "{\"critical\":{\"type\":\"cosign container image signature\",\"image\":{}}}",
                "{\"optional\":{\"docker-manifest-digest\":\"DIGEST\"},\"critical\":{\"type\":\"cosign container image signature\"}}",
                "{\"critical\":{\"type\":\"cosign container image signature\",\"image\":{\"docker-manifest-digest\":\"sha256:0\"}}}",
                "{\"critical\":{},\"critical\":{\"type\":\"cosign container image signature\",\"image\":{\"docker-manifest-digest\":\"DIGEST\"}}}",
                "{\"critical\":{\"type\":\"cosign container image signature\",\"image\":{\"docker-manifest-digest\":\"DIGEST\"}}}{}"
            })
    void whatTheKeyHasSignedAndIsNoApprovalOfTheImageCountsForNothing(String payload) {
        assertUnproven(verify(simple(team, payload.replace("DIGEST", DIGEST.toString()))), "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://cosign.sigstore.dev/attestation/vuln/v1",
                "https://slsa.dev/provenance/v1",
                "https://sigstore.dev/cosign/sign/v2",
                ""
            })
    void anAttestationApprovesOfNothing(String predicate) {
        assertUnproven(
                verify(new Evidence.Bundle(team.bundle(TestSigner.statement(predicate, DIGEST)))), "is an attestation");
    }

    /** The same bytes signed as something else must not be read as a statement. */
    @Test
    void theTypeOfAPayloadIsSignedWithIt() {
        byte[] statement = TestSigner.approval(DIGEST);
        Map<String, Object> envelope = new LinkedHashMap<>(team.envelope(statement));
        envelope.put("signatures", List.of(Map.of("sig", Base64.getEncoder().encodeToString(team.sign(statement)))));
        assertUnproven(
                verify(new Evidence.Bundle(TestSigner.bundle(BY_KEY, Map.of("dsseEnvelope", envelope)))),
                "none of the rule's keys");

        assertThat(new String(Verification.encoded("t", "é".getBytes(UTF_8)), UTF_8))
                .isEqualTo("DSSEv1 1 t 2 é");
    }

    @Test
    void bundlesOfOtherShapesAreToldApart() {
        Map<String, Object> envelope = team.envelope(TestSigner.approval(DIGEST));
        Map<String, Object> two = new LinkedHashMap<>(envelope);
        List<Object> signatures = new ArrayList<>((List<?>) envelope.get("signatures"));
        signatures.add(signatures.getFirst());
        two.put("signatures", signatures);
        Map<String, Object> message = Map.of("signature", Base64.getEncoder().encodeToString(team.sign(MANIFEST)));

        assertSigned(bundle(BY_KEY, Map.of("messageSignature", message)), "team");
        assertUnproven(
                bundle(Map.of("certificate", Map.of("rawBytes", "")), Map.of("dsseEnvelope", envelope)),
                "0 entries of transparency logs");
        assertUnproven(
                bundle(Map.of("x509CertificateChain", Map.of()), Map.of("messageSignature", message)),
                "0 entries of transparency logs");
        assertUnproven(bundle(BY_KEY, Map.of()), "neither or both");
        assertUnproven(
                bundle(BY_KEY, Map.of("dsseEnvelope", envelope, "messageSignature", message)), "neither or both");
        assertUnproven(bundle(BY_KEY, Map.of("dsseEnvelope", two)), "2 signatures");
        assertUnproven(bundle(BY_KEY, Map.of("messageSignature", Map.of("signature", "?"))), "base64");
        assertUnproven(verify(new Evidence.Bundle("{".getBytes(UTF_8))), "not JSON");
        String right = new String(TestSigner.bundle(BY_KEY, Map.of("messageSignature", message)), UTF_8);
        assertUnproven(verify(new Evidence.Bundle((right + "{}").getBytes(UTF_8))), "not JSON");
        assertUnproven(
                verify(new Evidence.Bundle("{\"mediaType\":\"application/x\"}".getBytes(UTF_8))), "application/x");
    }

    private Verdict bundle(Map<String, Object> material, Map<String, Object> content) {
        return verify(new Evidence.Bundle(TestSigner.bundle(material, content)));
    }

    @Test
    void aStatementOfManySubjectsIsNotLookedAt() {
        List<Object> subjects = new ArrayList<>();
        for (int i = 0; i < 65; i++) {
            subjects.add(Map.of("digest", Map.of("sha256", DIGEST.hex())));
        }
        for (List<Object> each : List.of(subjects, List.of())) {
            byte[] statement = TestSigner.json(
                    Map.of("_type", "https://in-toto.io/Statement/v1", "predicateType", APPROVAL, "subject", each));
            assertUnproven(verify(new Evidence.Bundle(team.bundle(statement))), "subjects");
        }
    }

    /** Whatever ends the reading of one signature, the next one is read. */
    @Test
    void aFailureWhileASignatureIsReadProvesNothing() {
        byte[] damaged = "{\"payload\":1,\"signature\":\"YQ==\"}".getBytes(UTF_8);
        assertUnproven(
                verify(Evidence.restored(damaged).orElseThrow()), "proves nothing: it ends in a NullPointerException");

        List<KnownManifest> endless = new AbstractList<>() {
            @Override
            public KnownManifest get(int index) {
                throw new StackOverflowError("as of what is nested without end");
            }

            @Override
            public int size() {
                return 1;
            }
        };
        Verification verification = new Verification(
                ImageReference.parse("registry.example.org/team/agent:1"),
                endless,
                new Demand.SignedBy(List.of(TrustedKey.parse("team", team.publicKey())), List.of(), false));
        assertUnproven(
                verification.of(new Evidence.Bundle(team.bundle(TestSigner.approval(DIGEST)))),
                "proves nothing: it ends in a StackOverflowError");
    }

    @Test
    void anySubjectOfTheImageMayNameTheRepositoryAndNoOther() {
        Map<String, Object> elsewhere = subject("elsewhere.example.org/a", DIGEST);
        Map<String, Object> here = subject("registry.example.org/team/agent", DIGEST);
        Map<String, Object> another = subject("registry.example.org/team/agent", Digest.of("another".getBytes(UTF_8)));

        assertSigned(verify(approvalOf(elsewhere, here), true), "team");
        assertSigned(verify(approvalOf(another, here), true), "team");
        assertUnproven(verify(approvalOf(elsewhere, another), true), "names the repository 'elsewhere.example.org/a'");
        assertSigned(verify(approvalOf(elsewhere, another)), "team");
        assertUnproven(verify(approvalOf(another), true), "is of another image");
    }

    private static Map<String, Object> subject(String name, Digest digest) {
        return Map.of("name", name, "digest", Map.of("sha256", digest.hex()));
    }

    private Evidence approvalOf(Object... subjects) {
        return new Evidence.Bundle(team.bundle(TestSigner.json(Map.of(
                "_type", "https://in-toto.io/Statement/v1", "predicateType", APPROVAL, "subject", List.of(subjects)))));
    }

    @Test
    void whatStrangersWroteIsShownShortAndPlain() {
        assertThat(Verification.shown("a\u001b[31m\n" + "b".repeat(100))).isEqualTo("a?[31m?" + "b".repeat(73) + "…");
    }
}
