package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.authority.MachineRoots;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Certified;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.Certify;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The most that a proxy in foreign hands can have certified. */
class CertificationsTest {
    private static final SandboxId AGENT = new SandboxId("a");
    private static final SandboxId OTHER = new SandboxId("b");

    @TempDir
    private Path folder;

    private final NamesFence fence = new NamesFence(new RecordingFence());
    private final PublicKey key = CertificateSigner.newKeys().getPublic();
    private AgentAuthorities authorities;
    private Certifications certifications;
    private String address;
    private String others;

    @BeforeEach
    void prepare() throws Exception {
        authorities =
                new AgentAuthorities(folder.resolve("authorities"), MachineRoots.ofThisMachine(), Clock.systemUTC());
        certifications = new Certifications(fence, Optional.of(authorities));
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        fence.apply(List.of(
                new GroupRuleset(
                        "decrypting",
                        "h1",
                        List.of(),
                        List.of(),
                        List.of(new AllowedName("plain.example.org", Protocol.TCP, 443, 443)),
                        List.of(
                                new AllowedName("tls.example.org", Protocol.TCP, 443, 443),
                                new AllowedName("unread.example.net", Protocol.TCP, 443, 443)),
                        List.of(http("http.example.org", 80)),
                        List.of(http("www.example.org", 443), http("*.example.net", 443)),
                        List.of()),
                new GroupRuleset("other", "h2", List.of())));
        address = fence.attach(AGENT, new NetworkAttachment(1), "decrypting").address();
        others = fence.attach(OTHER, new NetworkAttachment(2), "other").address();
        authorities.place(AGENT);
        authorities.place(OTHER);
    }

    private static AllowedHttp http(String domain, int port) {
        return new AllowedHttp(domain, port, port, List.of("GET"), List.of("/"), null);
    }

    private NodeMessage certify(String agent, String name) {
        return certify(agent, name, key);
    }

    private NodeMessage certify(String agent, String name, PublicKey its) {
        return certifications.certify(
                new Certify(7, agent, name, Base64.getEncoder().encodeToString(its.getEncoded())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"www.example.org", "WWW.example.org.", "a.example.net", "a.b.example.net"})
    void whatIsDecryptedIsCertifiedForThatVeryName(String name) throws Exception {
        assertThat(certify(address, name)).isInstanceOfSatisfying(Certified.class, certified -> {
            try {
                X509Certificate leaf = (X509Certificate) CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(Base64.getDecoder().decode(certified.certificate())));
                assertThat(leaf.getSubjectAlternativeNames())
                        .containsExactly(List.of(
                                2, name.toLowerCase(java.util.Locale.ROOT).replaceAll("[.]$", "")));
                assertThat(leaf.getPublicKey()).isEqualTo(key);
                assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
            } catch (java.security.cert.CertificateException e) {
                throw new AssertionError(e);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain.example.org",
                "tls.example.org",
                "http.example.org",
                "example.net",
                "unread.example.net",
                "*.example.net",
                "a.www.example.org",
                "bank.example.com",
                "10.0.0.1",
                "",
                "www.example.org\0.example.net",
                "www.example.org,DNS:bank.example.com",
            })
    void nothingElseIs(String name) {
        assertThat(certify(address, name)).isInstanceOf(Refused.class);
    }

    @Test
    void noRuleOfOneAgentLetsAnothersNamesBeCertified() {
        assertThat(certify(others, "www.example.org")).isInstanceOf(Refused.class);
        assertThat(certify("100.80.4.200", "www.example.org")).isInstanceOf(Refused.class);
        assertThat(certify("a", "www.example.org")).isInstanceOf(Refused.class);
    }

    @Test
    void aRuleThatIsTakenBackEndsIt() throws Exception {
        fence.apply(List.of(new GroupRuleset("decrypting", "h3", List.of())));
        assertThat(certify(address, "www.example.org")).isInstanceOf(Refused.class);
    }

    @Test
    void whoHasNoAuthorityOrIsGoneGetsNone() throws Exception {
        authorities.remove(AGENT);
        assertThat(certify(address, "www.example.org")).isInstanceOf(Refused.class);
        assertThat(new Certifications(fence, Optional.empty()).certify(new Certify(1, address, "www.example.org", "")))
                .isInstanceOf(Refused.class);
        authorities.place(AGENT);
        fence.detach(AGENT);
        assertThat(certify(address, "www.example.org")).isInstanceOf(Refused.class);
    }

    @Test
    void onlyKeysOfTheOneKindAreCertified() throws Exception {
        KeyPairGenerator larger = KeyPairGenerator.getInstance("EC");
        larger.initialize(384);
        assertThat(certify(address, "www.example.org", larger.generateKeyPair().getPublic()))
                .isInstanceOf(Refused.class);
        for (String text : List.of("", "not base64!", "AAAA")) {
            assertThat(certifications.certify(new Certify(1, address, "www.example.org", text)))
                    .as(text)
                    .isInstanceOf(Refused.class);
        }
    }
}
