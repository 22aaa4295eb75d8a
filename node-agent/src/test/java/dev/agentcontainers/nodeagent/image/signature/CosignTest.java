package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What cosign 3.1.3 itself made: {@code cosign sign --key}, with its own key and with imported ones, as a bundle and, by
 * {@code --new-bundle-format=false}, as it stands under a tag.
 */
class CosignTest {
    private static byte[] file(String name) throws IOException {
        try (InputStream file = Objects.requireNonNull(CosignTest.class.getResourceAsStream(name), name)) {
            return file.readAllBytes();
        }
    }

    private static Verdict verify(Evidence evidence, String key, boolean repository) throws IOException {
        byte[] manifest = file("manifest.json");
        return new Verification(
                        ImageReference.parse("127.0.0.1:5987/team/agent:1"),
                        List.of(new KnownManifest(Digest.of(manifest), manifest)),
                        new Demand.SignedBy(
                                List.of(TrustedKey.parse(key, new String(file(key + ".pub"), UTF_8))),
                                List.of(),
                                repository))
                .of(evidence);
    }

    @ParameterizedTest
    @ValueSource(strings = {"p256", "p384", "ed25519"})
    void itsBundlesAreVerified(String key) throws IOException {
        Evidence bundle = new Evidence.Bundle(file(key + "-bundle.json"));

        assertThat(verify(bundle, key, false)).isInstanceOf(Verdict.Signed.class);
        assertThat(verify(bundle, key.equals("p256") ? "p384" : "p256", false)).isInstanceOf(Verdict.Unproven.class);
        assertThat(verify(bundle, key, true)).isInstanceOf(Verdict.Unproven.class);
    }

    @Test
    void itsSignaturesUnderATagAreVerifiedAndNameTheRepository() throws IOException {
        byte[] signature = Base64.getDecoder().decode(file("p256-signature.txt"));
        Evidence evidence = new Evidence.SimpleSigning(file("p256-payload.json"), signature);

        assertThat(verify(evidence, "p256", true)).isInstanceOf(Verdict.Signed.class);
        assertThat(verify(evidence, "p384", false)).isInstanceOf(Verdict.Unproven.class);
    }
}
