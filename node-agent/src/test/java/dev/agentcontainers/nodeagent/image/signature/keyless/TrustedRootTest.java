package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.image.signature.TestSigner;
import dev.agentcontainers.nodeagent.image.signature.TestSigstore;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.util.Base64;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrustedRootTest {
    private static final TestSigstore SIGSTORE = new TestSigstore();

    private static TrustedRoot parse(ObjectNode root) {
        return TrustedRoot.parse(root.toString().getBytes(UTF_8));
    }

    @Test
    void whatIsTrustedIsRead() {
        TrustedRoot root = parse(SIGSTORE.trustedRoot());

        assertThat(root.authorities())
                .singleElement()
                .satisfies(authority -> assertThat(authority.chain()).hasSize(2));
        assertThat(root.logs()).hasSize(1);
        assertThat(root.certificateLogs()).hasSize(1);
        assertThat(root.stampers()).hasSize(1);
    }

    @Test
    void authoritiesOfTimeStampsMayBeMissing() {
        ObjectNode root = SIGSTORE.trustedRoot();
        root.remove("timestampAuthorities");

        assertThat(parse(root).stampers()).isEmpty();
    }

    @Test
    void logsMayHaveBareKeysOfRsa() throws GeneralSecurityException, IOException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        byte[] bare = SubjectPublicKeyInfo.getInstance(
                        generator.generateKeyPair().getPublic().getEncoded())
                .parsePublicKey()
                .getEncoded();
        ObjectNode root = SIGSTORE.trustedRoot();
        root.withObject("/ctlogs/0/publicKey")
                .put("rawBytes", Base64.getEncoder().encodeToString(bare))
                .put("keyDetails", "PKCS1_RSA_PKCS1V5");

        assertThat(parse(root).certificateLogs().getFirst().key()).hasToString("RSA");
    }

    @ParameterizedTest
    @CsvSource({
        "/mediaType, 'a', mediaType",
        "/mediaType, , mediaType",
        "/tlogs, , tlogs",
        "/ctlogs, '', ctlogs",
        "/certificateAuthorities, , certificateAuthorities",
        "/timestampAuthorities, 'a', timestampAuthorities",
        "/tlogs/0/publicKey/rawBytes, '!', tlogs[0].publicKey.rawBytes",
        "/tlogs/0/publicKey/rawBytes, , tlogs[0].publicKey.rawBytes",
        "/tlogs/0/publicKey/rawBytes, 'AAAA', tlogs[0].publicKey.rawBytes",
        "/tlogs/0/publicKey/validFor, , tlogs[0].publicKey.validFor.start",
        "/ctlogs/0/publicKey/validFor/start, 'yesterday', ctlogs[0].publicKey.validFor.start",
        "/ctlogs/0/logId/keyId, 'AAAA', ctlogs[0].logId.keyId",
        "/ctlogs/0/hashAlgorithm, 'SHA2_512', ctlogs[0].hashAlgorithm",
        "/certificateAuthorities/0/certChain, , certificateAuthorities[0].certChain.certificates",
        "/certificateAuthorities/0/certChain/certificates/0/rawBytes, 'AAAA', certificateAuthorities[0].certChain.certificates[0].rawBytes",
    })
    void whatIsWrongIsNamed(String pointer, String value, String field) {
        ObjectNode root = SIGSTORE.trustedRoot();
        int end = pointer.lastIndexOf('/');
        ObjectNode parent = (ObjectNode) root.at(pointer.substring(0, end));
        String name = pointer.substring(end + 1);
        if (value == null) {
            parent.remove(name);
        } else {
            parent.put(name, value);
        }

        assertThatThrownBy(() -> parse(root))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + field + "'");
    }

    @Test
    void aChainOfStrangersIsRefused() {
        ObjectNode root = SIGSTORE.trustedRoot();
        ObjectNode other = new TestSigstore().trustedRoot();
        String first = "/certificateAuthorities/0/certChain/certificates/0/rawBytes";
        root.withObject("/certificateAuthorities/0/certChain/certificates/0")
                .put("rawBytes", other.at(first).asText());

        assertThatThrownBy(() -> parse(root)).hasMessageContaining("each signed by the next");
    }

    @Test
    void whatIsNoRootAtAllIsRefused() {
        for (String text :
                new String[] {"", "{", "[]", "null", "{}{}", TestSigner.p256().publicKey()}) {
            assertThatThrownBy(() -> TrustedRoot.parse(text.getBytes(UTF_8)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
