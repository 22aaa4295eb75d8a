package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TrustedKeyTest {
    private static final byte[] MESSAGE = "what is signed".getBytes(UTF_8);

    static Stream<TestSigner> signers() {
        return Stream.of(
                TestSigner.p256(),
                TestSigner.curve("secp384r1", "SHA384withECDSA"),
                // As cosign signed with such keys until it had bundles.
                TestSigner.curve("secp384r1", "SHA256withECDSA"),
                TestSigner.ed25519(),
                TestSigner.rsa(2048),
                TestSigner.rsa(3072));
    }

    @ParameterizedTest
    @MethodSource("signers")
    void verifiesWhatItsOwnerSignedAndNothingElse(TestSigner signer) {
        TrustedKey key = TrustedKey.parse("key", signer.publicKey());
        byte[] signature = signer.sign(MESSAGE);

        assertThat(key.verifies(MESSAGE, signature)).isTrue();
        assertThat(key.verifies("what is Signed".getBytes(UTF_8), signature)).isFalse();
        assertThat(key.verifies(MESSAGE, new byte[0])).isFalse();
        assertThat(key.verifies(MESSAGE, new byte[signature.length])).isFalse();
        signature[signature.length - 1] ^= 1;
        assertThat(key.verifies(MESSAGE, signature)).isFalse();
        signers()
                .forEach(other ->
                        assertThat(key.verifies(MESSAGE, other.sign(MESSAGE))).isFalse());
    }

    static Stream<Arguments> wrongKeys() {
        String right = TestSigner.p256().publicKey();
        return Stream.of(
                wrong("", "is not PEM"),
                wrong("ecdsa-sha2-nistp256 AAAA", "is not PEM"),
                wrong(TestSigner.p256().privateKey(), "is a private key"),
                wrong(TestSigner.pem("ENCRYPTED SIGSTORE PRIVATE KEY", MESSAGE), "is a private key"),
                wrong(TestSigner.pem("CERTIFICATE", MESSAGE), "is 'CERTIFICATE'"),
                wrong(TestSigner.pem("PUBLIC KEY", MESSAGE), "of another kind, or damaged"),
                wrong(right + TestSigner.p256().publicKey(), "more than one block"),
                wrong(TestSigner.rsa(1024).publicKey(), "RSA key of 1024 bits"),
                wrong(TestSigner.curve("secp521r1", "SHA512withECDSA").publicKey(), "another curve"));
    }

    private static Arguments wrong(String pem, String says) {
        return Arguments.of(pem, says);
    }

    @ParameterizedTest
    @MethodSource("wrongKeys")
    void whatIsNoKeyToTrustIsRefusedWithoutBeingQuoted(String pem, String says) {
        assertThatThrownBy(() -> TrustedKey.parse("key", pem))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(says)
                .hasMessageContaining("-----BEGIN PUBLIC KEY-----")
                .message()
                .doesNotContain(pem.lines().skip(1).findFirst().orElse("nothing of it"));
    }

    @Test
    void saysItsNameAndNothingSecret() {
        assertThat(TrustedKey.parse("team", TestSigner.ed25519().publicKey())).hasToString("TrustedKey[team, EdDSA]");
    }
}
