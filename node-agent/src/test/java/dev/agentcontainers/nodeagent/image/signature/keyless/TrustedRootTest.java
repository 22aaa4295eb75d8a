package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
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
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @CsvSource({
        "'/certificateAuthorities/0', '\"2020-01-01T00:00:00Z\"', certificateAuthorities[0].validFor",
        "'/certificateAuthorities/0', '[]', certificateAuthorities[0].validFor",
        "'/certificateAuthorities/0', 'null', certificateAuthorities[0].validFor",
        "'/certificateAuthorities/0', '{}', certificateAuthorities[0].validFor.start",
        "'/certificateAuthorities/0', '{\"start\":null}', certificateAuthorities[0].validFor.start",
        "'/timestampAuthorities/0', '{\"end\":\"2030-01-01T00:00:00Z\"}', timestampAuthorities[0].validFor.start",
        "'/timestampAuthorities/0', '{\"start\":\"2020-01-01T00:00:00Z\",\"End\":\"2021-01-01T00:00:00Z\"}', timestampAuthorities[0].validFor.End",
        "'/tlogs/0/publicKey', '{\"start\":\"2020-01-01T00:00:00Z\",\"until\":\"2021-01-01T00:00:00Z\"}', tlogs[0].publicKey.validFor.until",
        "'/tlogs/0/publicKey', '{\"start\":\"2020-01-01T00:00:00Z\",\"end\":null}', tlogs[0].publicKey.validFor.end",
        "'/tlogs/0/publicKey', '{\"start\":\"2020-01-01T00:00:00Z\",\"end\":1700000000}', tlogs[0].publicKey.validFor.end",
        "'/ctlogs/0/publicKey', '{\"start\":\"2020-01-01T00:00:00Z\",\"end\":\"2021-01-01\"}', ctlogs[0].publicKey.validFor.end",
        "'/ctlogs/0/publicKey', '{\"start\":[\"2020-01-01T00:00:00Z\"]}', ctlogs[0].publicKey.validFor.start",
    })
    void aTimeThatIsNotUnderstoodIsNotForEver(String pointer, String validFor, String field) throws IOException {
        ObjectNode root = SIGSTORE.trustedRoot();
        ((ObjectNode) root.at(pointer)).set("validFor", new ObjectMapper().readTree(validFor));

        assertThatThrownBy(() -> parse(root))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + field + "'");
    }

    /** The first would be taken, though the second says that the log was given up. */
    @ParameterizedTest
    @ValueSource(strings = {"tlogs", "ctlogs"})
    void twoLogsWithTheSameIdAreRefused(String field) {
        ObjectNode root = SIGSTORE.trustedRoot();
        ArrayNode logs = (ArrayNode) root.path(field);
        ObjectNode again = logs.path(0).deepCopy();
        again.put("baseUrl", "https://another.example.org");
        again.withObject("/publicKey/validFor").put("end", "2026-01-01T00:00:00Z");
        logs.add(again);

        assertThatThrownBy(() -> parse(root))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + field + "[1].logId.keyId' is the one of " + field + "[0] too");
    }

    @Test
    void theOtherNameOfTheFormatIsTakenToo() {
        ObjectNode root = SIGSTORE.trustedRoot();
        root.put("mediaType", "application/vnd.dev.sigstore.trustedroot.v0.1+json");
        assertThat(parse(root).logs()).hasSize(1);

        root.put("mediaType", "application/vnd.dev.sigstore.trustedroot.v0.2+json");
        assertThatThrownBy(() -> parse(root)).hasMessageContaining("'mediaType'");
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
