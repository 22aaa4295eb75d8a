package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.registry.LiveRegistry;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.signature.TestSigner.Entry;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Attacks on the signatures of images in a real registry, and what goes through. */
@Timeout(120)
class SignedImagesIT {
    private static final String TEAM = "team/agent";
    private static final SandboxId AGENT = new SandboxId("agent-1");

    @TempDir
    Path folder;

    private final TestSigner team = TestSigner.p256();
    private final TestSigner stranger = TestSigner.p256();
    private final TestSigstore sigstore = new TestSigstore();
    private final TestImage image = image("first");
    private final TestImage other = image("other");
    private LiveRegistry registry;
    private NodeImages images;

    private static TestImage image(String content) {
        byte[] layer = new TestLayer().file("etc/release", content).tar();
        return new TestImage().layer(layer, TestLayer.gzip(layer)).built();
    }

    @BeforeEach
    void start() throws Exception {
        registry = LiveRegistry.start(Files.createDirectory(folder.resolve("registry")));
        registry.pushBlob(TEAM, TestSigner.configuration());
        registry.push(TEAM, "1", image);
        rules(team.rules(registry.host() + "/team/*"));
        images = open();
    }

    private void rules(String rules) throws Exception {
        Files.writeString(folder.resolve("signatures.yaml"), rules);
    }

    private NodeImages open() throws Exception {
        StoreLimits limits = new StoreLimits(2, 1 << 20, 0, 0, 1, Duration.ofMillis(1));
        return new NodeImages(
                ImageStore.open(folder.resolve("images"), new WholeArchives(), limits, Clock.systemUTC()),
                new RegistryClient(registry.settings()),
                TestImage.PLATFORM,
                new ImageSettings(
                        folder.resolve("images"),
                        registry.settings(),
                        Optional.empty(),
                        Optional.of(folder.resolve("signatures.yaml")),
                        0),
                "node");
    }

    @AfterEach
    void stop() throws Exception {
        if (images != null) {
            images.close();
        }
        if (registry != null) {
            registry.close();
        }
    }

    private Digest get(String tag) throws Exception {
        return get(tag, PullPolicy.ALWAYS);
    }

    private Digest get(String tag, PullPolicy policy) throws Exception {
        return images.get(
                        ImageUse.root(AGENT),
                        ImageReference.parse(registry.host() + "/" + TEAM + tag),
                        policy,
                        registry.credentials("secret"),
                        PullObserver.NONE)
                .digest();
    }

    private AbstractThrowableAssert<?, ?> assertRefused(ThrowingCallable start) throws Exception {
        AbstractThrowableAssert<?, ?> refused = assertThatThrownBy(start)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        e -> assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(ImageException.Kind.UNSIGNED))
                .hasMessageContaining(registry.host() + "/" + TEAM)
                .hasMessageContaining("is refused");
        try (Stream<Path> layers = Files.list(folder.resolve("images/layers"))) {
            assertThat(layers).describedAs("nothing is unpacked").isEmpty();
        }
        assertThat(images.of(ImageUse.root(AGENT))).isEmpty();
        return refused;
    }

    private void sign(Digest digest, Entry... entries) throws Exception {
        registry.pushBlob(TEAM, TestSigner.configuration());
        for (Entry entry : entries) {
            registry.pushBlob(TEAM, entry.payload());
        }
        registry.pushManifest(TEAM, TestSigner.tag(digest), TestSigner.list(List.of(entries)));
    }

    private byte[] payload(Digest digest) {
        return TestSigner.payload(registry.host() + "/" + TEAM, digest);
    }

    /** As cosign does where a registry has no API for referrers, as this one has none. */
    private void refer(Digest digest, byte[]... bundles) throws Exception {
        byte[][] referrers = new byte[bundles.length][];
        for (int i = 0; i < bundles.length; i++) {
            registry.pushBlob(TEAM, bundles[i]);
            referrers[i] = TestSigner.referrer(bundles[i], digest, 100);
            registry.pushManifest(TEAM, Digest.of(referrers[i]).toString(), referrers[i]);
        }
        registry.pushManifest(TEAM, digest.algorithm() + "-" + digest.hex(), TestSigner.referring(referrers));
    }

    /** An index with nothing but that manifest, which a registry takes. */
    private byte[] index(TestImage of) {
        return TestSigner.index(List.of(Map.of(
                "mediaType", ImageDocuments.manifestTypes().get(1),
                "digest", of.manifest().toString(),
                "size", of.bytes(of.manifest()).length,
                "platform", Map.of("os", "linux", "architecture", "amd64"))));
    }

    @Test
    void aSignatureUnderItsTagIsEnough() throws Exception {
        sign(image.manifest(), team.entry(payload(image.manifest())));

        assertThat(get(":1")).isEqualTo(image.manifest());
        images.requireSigned(ImageUse.root(AGENT));
    }

    @Test
    void aBundleThatRefersToTheImageIsEnough() throws Exception {
        refer(image.manifest(), team.bundle(TestSigner.approval(image.manifest())));

        assertThat(get(":1")).isEqualTo(image.manifest());
        images.requireSigned(ImageUse.root(AGENT));
    }

    @Test
    void aKeylessBundleOfTheIdentityIsEnoughWithoutARegistryLaterToo() throws Exception {
        rules(sigstore.rules(registry.host() + "/team/*"));
        refer(image.manifest(), TestSigstore.bytes(sigstore.bundle(TestSigner.approval(image.manifest()))));

        assertThat(get(":1")).isEqualTo(image.manifest());
        registry.close();
        images.close();
        images = open();
        images.requireSigned(ImageUse.root(AGENT));
        assertThat(get(":1", PullPolicy.NEVER)).isEqualTo(image.manifest());
        // A root that is trusted no more is no proof: of another deployment, with logs of the same names.
        rules(new TestSigstore().rules(registry.host() + "/team/*"));
        assertThatThrownBy(() -> images.requireSigned(ImageUse.root(AGENT)))
                .hasMessageContaining("the stored signature has an entry of the log");
    }

    @Test
    void aKeylessSignatureUnderItsTagIsEnough() throws Exception {
        rules(sigstore.rules(registry.host() + "/team/*"));
        sign(image.manifest(), sigstore.entryUnderTag(payload(image.manifest())));

        assertThat(get(":1")).isEqualTo(image.manifest());
        registry.close();
        images.requireSigned(ImageUse.root(AGENT));
        assertThat(get(":1", PullPolicy.NEVER)).isEqualTo(image.manifest());
    }

    @Test
    void aKeylessSignatureOfAnotherIdentityIsRefusedAndBothAreNamed() throws Exception {
        rules(sigstore.rules(registry.host() + "/team/*"));
        sigstore.by(TestSigstore.ISSUER, "https://github.com/stranger/agent/.github/workflows/a.yaml@refs/heads/main");
        sign(image.manifest(), sigstore.entryUnderTag(payload(image.manifest())));
        refer(image.manifest(), TestSigstore.bytes(sigstore.bundle(TestSigner.approval(image.manifest()))));

        assertRefused(() -> get(":1"))
                .hasMessageContaining("[release ('" + TestSigstore.SUBJECT + "' of the issuer '" + TestSigstore.ISSUER)
                .hasMessageContaining(
                        "is of 'https://github.com/stranger/agent/.github/workflows/a.yaml@refs/heads/main'"
                                + " of the issuer '" + TestSigstore.ISSUER)
                .hasMessageEndingWith("Right would be one as 'cosign sign' makes it, of this digest");
    }

    @Test
    void aSignatureNestedWithoutEndIsSkippedAndTheRightOneBesideItCounts() throws Exception {
        rules(sigstore.rules(registry.host() + "/team/*"));
        ObjectNode nested = sigstore.bundle(TestSigner.approval(image.manifest()));
        nested.withObject("/verificationMaterial/timestampVerificationData")
                .putArray("rfc3161Timestamps")
                .addObject()
                .put("signedTimestamp", TestSigstore.nested(300_000, false));
        refer(image.manifest(), TestSigstore.bytes(nested));
        assertRefused(() -> get(":1")).hasMessageContaining("has a time stamp that can't be read");

        refer(
                image.manifest(),
                TestSigstore.bytes(sigstore.bundle(TestSigner.approval(image.manifest()))),
                TestSigstore.bytes(nested));
        assertThat(get(":1")).isEqualTo(image.manifest());
    }

    @Test
    void anOversizeBundleIsNotRead() throws Exception {
        rules(sigstore.rules(registry.host() + "/team/*"));
        byte[] bundle = TestSigstore.bytes(sigstore.bundle(TestSigner.approval(image.manifest())));
        refer(image.manifest(), (new String(bundle, UTF_8) + " ".repeat(SignatureSearch.MOST_BUNDLE)).getBytes(UTF_8));

        assertRefused(() -> get(":1")).hasMessageContaining("has more than " + SignatureSearch.MOST_BUNDLE);
    }

    @Test
    void theRightSignatureAmongOthersIsFound() throws Exception {
        sign(
                image.manifest(),
                stranger.entry(payload(image.manifest())),
                team.entry(payload(image.manifest())),
                stranger.entry(payload(image.manifest())));

        assertThat(get(":1")).isEqualTo(image.manifest());
    }

    @Test
    void anImageWithoutASignatureIsRefused() throws Exception {
        assertRefused(() -> get(":1"))
                .hasMessageContaining("rule 1 (" + registry.host() + "/team/*)")
                .hasMessageContaining("[team]")
                .hasMessageContaining(TestSigner.tag(image.manifest()) + " is not there");
    }

    @Test
    void theSignatureOfAnotherDigestIsRefused() throws Exception {
        sign(image.manifest(), team.entry(payload(other.manifest())));
        refer(image.manifest(), team.bundle(TestSigner.approval(other.manifest())));

        assertRefused(() -> get(":1"))
                .hasMessageContaining("by the key 'team' is of another image, " + other.manifest())
                .hasMessageContaining("another image, " + other.manifest().hex());
    }

    @Test
    void anAlteredPayloadIsRefused() throws Exception {
        Entry signed = team.entry(payload(other.manifest()));
        sign(image.manifest(), new Entry(payload(image.manifest()), signed.signature()));

        assertRefused(() -> get(":1")).hasMessageContaining("by none of the rule's keys, or was altered");
    }

    @Test
    void theSignatureOfAnotherKeyIsRefused() throws Exception {
        sign(image.manifest(), stranger.entry(payload(image.manifest())));
        refer(image.manifest(), stranger.bundle(TestSigner.approval(image.manifest())));

        assertRefused(() -> get(":1")).hasMessageContaining("by none of the rule's keys");
    }

    /** Who owns the key says by it what is wrong with the image, perhaps. */
    @Test
    void anAttestationIsNoSignature() throws Exception {
        refer(
                image.manifest(),
                team.bundle(TestSigner.statement("https://cosign.sigstore.dev/attestation/vuln/v1", image.manifest())));

        assertRefused(() -> get(":1")).hasMessageContaining("is an attestation");
    }

    @Test
    void aTagThatMovedAfterTheSignatureIsRefusedAndItsOldDigestIsNot() throws Exception {
        sign(image.manifest(), team.entry(payload(image.manifest())));
        registry.push(TEAM, "1", other);

        assertRefused(() -> get(":1")).hasMessageContaining(other.manifest().toString());
        assertThat(get(":1@" + image.manifest())).isEqualTo(image.manifest());
    }

    @Test
    void aStartAfterTheSignatureWasRemovedIsByTheStoredOneAndAsksNobody() throws Exception {
        Entry signed = team.entry(payload(image.manifest()));
        sign(image.manifest(), signed);
        get(":1");
        registry.deleteManifest(TEAM, Digest.of(TestSigner.list(List.of(signed))));

        images.requireSigned(ImageUse.root(AGENT));
        assertThat(get(":1", PullPolicy.IF_NOT_PRESENT)).isEqualTo(image.manifest());
        registry.close();
        images.close();
        images = open();
        images.requireSigned(ImageUse.root(AGENT));
        assertThat(get(":1", PullPolicy.NEVER)).isEqualTo(image.manifest());
    }

    @Test
    void theSignatureOfAnIndexCountsForWhatItLists() throws Exception {
        byte[] index = index(image);
        registry.pushManifest(TEAM, "2", index);
        sign(Digest.of(index), team.entry(payload(Digest.of(index))));

        assertThat(get(":2")).isEqualTo(Digest.of(index));
        images.requireSigned(ImageUse.root(AGENT));
    }

    @Test
    void theSignatureOfThePlatformsManifestCountsInAnyIndex() throws Exception {
        byte[] index = index(image);
        registry.pushManifest(TEAM, "2", index);
        sign(image.manifest(), team.entry(payload(image.manifest())));

        assertThat(get(":2")).isEqualTo(Digest.of(index));
        images.requireSigned(ImageUse.root(AGENT));
    }

    @Test
    void aSignedIndexWhosePlatformsManifestWasSwappedIsRefused() throws Exception {
        byte[] signed = index(image);
        registry.pushManifest(TEAM, "2", signed);
        sign(Digest.of(signed), team.entry(payload(Digest.of(signed))));
        registry.push(TEAM, "other", other);
        byte[] swapped = index(other);
        registry.pushManifest(TEAM, "2", swapped);

        assertRefused(() -> get(":2")).hasMessageContaining(Digest.of(swapped).toString());
        // Or where the registry itself gives another manifest for the digest that the index lists.
        Path content = folder.resolve("registry/content/docker/registry/v2/blobs/sha256")
                .resolve(image.manifest().hex().substring(0, 2))
                .resolve(image.manifest().hex())
                .resolve("data");
        Files.write(content, other.bytes(other.manifest()));
        assertThatThrownBy(() -> get("@" + Digest.of(signed)))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        e -> assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(ImageException.Kind.CORRUPT));
        assertThat(images.of(ImageUse.root(AGENT))).isEmpty();
    }

    @Test
    void anOversizeListOfSignaturesIsNotLookedAt() throws Exception {
        Entry right = team.entry(payload(image.manifest()));
        byte[] many = TestSigner.list(Collections.nCopies(SignatureSearch.MOST_SIGNATURES + 1, right));
        registry.pushBlob(TEAM, right.payload());
        registry.pushManifest(TEAM, TestSigner.tag(image.manifest()), many);
        assertRefused(() -> get(":1")).hasMessageContaining("has 129 entries");

        byte[] large = (new String(TestSigner.list(List.of(right)), UTF_8) + " ".repeat(SignatureSearch.MOST_DOCUMENT))
                .getBytes(UTF_8);
        registry.pushManifest(TEAM, TestSigner.tag(image.manifest()), large);
        assertRefused(() -> get(":1")).hasMessageContaining("has more than " + SignatureSearch.MOST_DOCUMENT);
    }

    @Test
    void anOversizePayloadIsNotRead() throws Exception {
        byte[] payload = (new String(payload(image.manifest()), UTF_8) + " ".repeat(SignatureSearch.MOST_PAYLOAD))
                .getBytes(UTF_8);
        sign(image.manifest(), team.entry(payload));

        assertRefused(() -> get(":1")).hasMessageContaining("has more than " + SignatureSearch.MOST_PAYLOAD);
    }

    /** What is here is had by no name but its own: whether it is another repository's too says that one's registry. */
    @Test
    void aRefusedImageIsNotHadByItsDigestUnderANameThatARuleLetsIn() throws Exception {
        String sandbox = "- images: ['" + registry.host() + "/sandbox/*']\n  unsigned: Allowed\n";
        sign(image.manifest(), team.entry(payload(image.manifest())));
        rules(team.rules(registry.host() + "/team/*") + sandbox);
        get(":1");
        rules(stranger.rules(registry.host() + "/team/*") + sandbox);
        SandboxId attacker = new SandboxId("agent-2");

        for (PullPolicy policy : PullPolicy.values()) {
            assertThatThrownBy(() -> images.get(
                            ImageUse.root(attacker),
                            ImageReference.parse(registry.host() + "/sandbox/any@" + image.manifest()),
                            policy,
                            registry.credentials("secret"),
                            PullObserver.NONE))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            e -> assertThat(e.kind())
                                    .describedAs(e.getMessage())
                                    .isEqualTo(ImageException.Kind.NOT_FOUND));
        }
        assertThat(images.of(ImageUse.root(attacker))).isEmpty();
    }

    @Test
    void anImageThatNoRuleIsForIsRefused() throws Exception {
        rules(team.rules("registry.example.org/team/*"));

        assertRefused(() -> get(":1")).hasMessageContaining("no rule");
    }

    @Test
    void aRepositoryThatIsNotTheSignedOneIsRefusedWhereTheRuleAsksForIt() throws Exception {
        sign(image.manifest(), team.entry(TestSigner.payload(registry.host() + "/team/debug", image.manifest())));
        String rules = team.rules(registry.host() + "/team/*");
        rules(rules + "  repository: Signed\n");
        assertRefused(() -> get(":1"))
                .hasMessageContaining("names the repository '" + registry.host() + "/team/debug'");

        rules(rules);
        assertThat(get(":1")).isEqualTo(image.manifest());
    }

    /** As it was loaded from an archive, or pulled before there were rules. */
    @Test
    void anImageThatIsHereWithoutASignatureIsRefusedUntilItsRegistryHasOne() throws Exception {
        rules("rules:\n- images: ['*']\n  unsigned: Allowed\n");
        get(":1");
        rules(team.rules(registry.host() + "/team/*"));

        for (PullPolicy policy : List.of(PullPolicy.IF_NOT_PRESENT, PullPolicy.NEVER)) {
            assertThatThrownBy(() -> get(":1", policy)).hasMessageContaining("is refused");
        }
        assertThatThrownBy(() -> images.requireSigned(ImageUse.root(AGENT))).hasMessageContaining("is not stored");

        sign(image.manifest(), team.entry(payload(image.manifest())));
        assertThatThrownBy(() -> get(":1", PullPolicy.NEVER)).hasMessageContaining("no registry was asked");
        assertThat(get(":1", PullPolicy.IF_NOT_PRESENT)).isEqualTo(image.manifest());
        images.requireSigned(ImageUse.root(AGENT));
        assertThat(get(":1", PullPolicy.NEVER)).isEqualTo(image.manifest());
    }

    @Test
    void aKeyThatIsTrustedNoMoreStopsTheNextStart() throws Exception {
        sign(image.manifest(), team.entry(payload(image.manifest())));
        get(":1");

        rules(stranger.rules(registry.host() + "/team/*"));

        assertThatThrownBy(() -> images.requireSigned(ImageUse.root(AGENT)))
                .hasMessageContaining("by none of the rule's keys");
        assertThatThrownBy(() -> get(":1", PullPolicy.IF_NOT_PRESENT)).hasMessageContaining("is refused");
    }

    @Test
    void rulesThatCannotBeReadStopEveryStart() throws Exception {
        sign(image.manifest(), team.entry(payload(image.manifest())));
        get(":1");

        rules(team.rules(registry.host() + "/team/*").replace("signedBy", "signedby"));
        assertThatThrownBy(() -> images.requireSigned(ImageUse.root(AGENT))).hasMessageContaining("signedby");
        Files.delete(folder.resolve("signatures.yaml"));
        assertThatThrownBy(() -> images.requireSigned(ImageUse.root(AGENT)))
                .hasMessageContaining("signatures.yaml does not exist");
    }

    @Test
    void aStoredSignatureThatWasAlteredProvesNothing() throws Exception {
        sign(image.manifest(), team.entry(payload(image.manifest())));
        get(":1");
        registry.close();
        images.requireSigned(ImageUse.root(AGENT));

        try (Stream<Path> blobs = Files.list(folder.resolve("images/blobs"))) {
            for (Path blob : blobs.toList()) {
                if (Files.readString(blob).startsWith("{\"payload\"")
                        || Files.readString(blob).startsWith("{\"signature\"")) {
                    Files.write(blob, stranger.entry(payload(image.manifest())).signature());
                }
            }
        }
        assertThatThrownBy(() -> images.requireSigned(ImageUse.root(AGENT))).hasMessageContaining("is refused");
    }
}
