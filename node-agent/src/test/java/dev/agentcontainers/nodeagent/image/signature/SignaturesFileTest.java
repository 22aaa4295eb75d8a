package dev.agentcontainers.nodeagent.image.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SignaturesFileTest {
    @TempDir
    Path folder;

    @BeforeEach
    void writeKeys() throws IOException {
        Files.writeString(folder.resolve("team.pem"), TestSigner.p256().publicKey());
        Files.writeString(folder.resolve("short.pem"), TestSigner.rsa(1024).publicKey());
        Files.write(folder.resolve("root.json"), TestSigstore.bytes(new TestSigstore().trustedRoot()));
    }

    private SignatureRules read(String content) throws IOException {
        return SignaturesFile.read(Files.writeString(folder.resolve("signatures.yaml"), content));
    }

    @Test
    void theFirstRuleThatFitsDecides() throws IOException {
        SignatureRules rules =
                read("""
            rules:
            - images: [registry.example.org/sandbox/*]
              unsigned: Allowed
            - images: [registry.example.org/*, docker.io/library/debian]
              signedBy:
              - {name: team, keyFile: team.pem}
              - name: other
                key: |
            %s  repository: Signed
            - images: ["*"]
              unsigned: Refused
            """.formatted(TestSigner.ed25519().publicKey().indent(6)));

        assertThat(demand(rules, "registry.example.org/sandbox/a")).isInstanceOf(Demand.None.class);
        for (String image : new String[] {"registry.example.org/team/agent:1", "debian:13"}) {
            assertThat(demand(rules, image)).isInstanceOfSatisfying(Demand.SignedBy.class, signed -> {
                assertThat(signed.keys()).extracting(TrustedKey::name).containsExactly("team", "other");
                assertThat(signed.repository()).isTrue();
            });
        }
        assertThat(demand(rules, "elsewhere.example.org/a")).isInstanceOf(Demand.Refusal.class);
    }

    @Test
    void identitiesStandBesideKeys() throws IOException {
        SignatureRules rules = read("""
            rules:
            - images: ["*"]
              signedBy:
              - {name: team, keyFile: team.pem}
              - name: release
                identity:
                  issuer: https://token.actions.githubusercontent.com
                  subjectPattern: https://github.com/team/agent/.github/workflows/release.yaml@refs/tags/*
                  trustedRootFile: root.json
              - name: ann
                identity:
                  issuer: https://accounts.example.org
                  subject: ann@example.org
                  trustedRoot: '%s'
            """.formatted(new TestSigstore().trustedRoot()));

        assertThat(demand(rules, "debian:13")).isInstanceOfSatisfying(Demand.SignedBy.class, signed -> {
            assertThat(signed.keys()).extracting(TrustedKey::name).containsExactly("team");
            assertThat(signed.identities())
                    .extracting(TrustedIdentity::toString)
                    .containsExactly(
                            "release ('https://github.com/team/agent/.github/workflows/release.yaml@refs/tags/*' of the"
                                    + " issuer 'https://token.actions.githubusercontent.com')",
                            "ann ('ann@example.org' of the issuer 'https://accounts.example.org')");
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {}                                                                           | identity.issuer'
        {issuer: "", subject: a, trustedRootFile: root.json}                         | identity.issuer'
        {issuer: "https://*", subject: a, trustedRootFile: root.json}                | identity.issuer'
        {issuer: token.example.org, subject: a, trustedRootFile: root.json}          | identity.issuer'
        {issuer: "https://a.example", trustedRootFile: root.json}                    | exactly one of subject and subjectPattern
        {issuer: "https://a.example", subject: a, subjectPattern: "*@a.example", trustedRootFile: root.json} | exactly one of subject
        {issuer: "https://a.example", subject: "", trustedRootFile: root.json}       | identity.subject'
        {issuer: "https://a.example", subject: "*", trustedRootFile: root.json}      | identity.subject'
        {issuer: "https://a.example", subjectPattern: "", trustedRootFile: root.json} | identity.subjectPattern'
        {issuer: "https://a.example", subjectPattern: "**", trustedRootFile: root.json} | identity.subjectPattern'
        {issuer: "https://a.example", subject: a}                                    | exactly one of trustedRoot (JSON) and trustedRootFile
        {issuer: "https://a.example", subject: a, trustedRootFile: none.json}        | identity.trustedRootFile'
        {issuer: "https://a.example", subject: a, trustedRootFile: team.pem}         | identity.trustedRootFile'
        {issuer: "https://a.example", subject: a, trustedRoot: "{}"}                 | identity.trustedRoot'
        {issuer: "https://a.example", subject: a, root: "{}"}                        | identity.root'
        """)
    void whatIsWrongOfAnIdentityIsNamed(String identity, String says) {
        assertThatThrownBy(() -> read("rules: [{images: ['*'], signedBy: [{name: a, identity: " + identity + "}]}]"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("rules[0].signedBy[0]")
                .hasMessageContaining(says);
    }

    private static Demand demand(SignatureRules rules, String image) throws IOException {
        return rules.decisive(ImageReference.parse(image)).demand();
    }

    @Test
    void whatNoRuleIsForIsRefusedAndWithoutRulesNothingIs() throws IOException {
        SignatureRules rules = read("rules: [{images: [r.example.org/a], unsigned: Allowed}]");

        assertThatThrownBy(() -> demand(rules, "r.example.org/b"))
                .hasMessageContaining("r.example.org/b")
                .hasMessageContaining("signatures.yaml");
        assertThat(demand(SignatureRules.NONE, "r.example.org/b")).isInstanceOf(Demand.None.class);
    }

    @Test
    void aFileThatIsNotThereIsCalledSo() {
        assertThatThrownBy(() -> SignaturesFile.read(folder.resolve("none.yaml")))
                .hasMessage(folder.resolve("none.yaml") + " does not exist");
        assertThatThrownBy(() -> read("rules: [{images: ['*'], signedBy: [{name: a, keyFile: a.pem}]}]"))
                .hasMessageEndingWith("'rules[0].signedBy[0].keyFile': " + folder.resolve("a.pem") + " does not exist");
    }

    /** What somebody appended would not be read, and he would think that it was. */
    @Test
    void aSecondDocumentIsRefused() {
        assertThatThrownBy(() -> read("rules: [{images: ['*'], unsigned: Allowed}]\n---\nrules: []\n"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("signatures.yaml")
                .hasMessageContaining("railing token");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ''                                                                           | 'rules'
        rules: []                                                                    | 'rules'
        rule: []                                                                     | 'rule'
        rules: {a: b}                                                                | 'rules'
        rules: [~]                                                                   | 'rules[0].images'
        rules: [{unsigned: Allowed}]                                                 | 'rules[0].images'
        rules: [{images: [debian], unsigned: Allowed}]                               | 'rules[0].images[0]'
        rules: [{images: ["*"]}]                                                     | 'rules[0]'
        rules: [{images: ["*"], unsigned: Allowed, signedBy: [{}]}]                  | 'rules[0]'
        rules: [{images: ["*"], unsigned: allowed}]                                  | 'rules[0].unsigned'
        rules: [{images: ["*"], unsigned: Allowed, repository: Any}]                 | 'rules[0].repository'
        rules: [{images: ["*"], unsigned: Allowed, unsigned: Refused}]               | unsigned
        rules: [{images: ["*"], signedBy: []}]                                       | 'rules[0].signedBy'
        rules: [{images: ["*"], signedBy: [{keyFile: team.pem}]}]                    | 'rules[0].signedBy[0].name'
        rules: [{images: ["*"], signedBy: [{name: a}]}]                              | 'rules[0].signedBy[0]'
        rules: [{images: ["*"], signedBy: [{name: a, keyFile: a.pem}]}]              | 'rules[0].signedBy[0].keyFile'
        rules: [{images: ["*"], signedBy: [{name: a, keyFile: short.pem}]}]          | 'rules[0].signedBy[0].keyFile'
        rules: [{images: ["*"], signedBy: [{name: a, key: MFkw}]}]                   | 'rules[0].signedBy[0].key'
        rules: [{images: ["*"], signedBy: [{name: a, key: MFkw, identity: {}}]}]     | 'rules[0].signedBy[0]'
        rules: [{images: ["*"], signedBy: [{name: a, pem: MFkw}]}]                   | 'rules[0].signedBy[0].pem'
        rules: [{images: ["*"], signedBy: [{name: a, keyFile: team.pem}, {name: a, keyFile: team.pem}]}] | 'rules[0].signedBy[1].name'
        rules: [{images: ["*"], signedBy: [{name: a, keyFile: team.pem}], repository: signed}] | 'rules[0].repository'
        """)
    void whatIsWrongIsNamed(String content, String says) {
        assertThatThrownBy(() -> read(content))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("signatures.yaml")
                .hasMessageContaining(says);
    }
}
