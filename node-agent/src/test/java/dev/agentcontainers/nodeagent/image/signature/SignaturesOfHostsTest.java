package dev.agentcontainers.nodeagent.image.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import dev.agentcontainers.nodeagent.image.signature.TestSigner.Entry;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A registry with the API for referrers, a mirror before it, and what a node keeps of both. */
class SignaturesOfHostsTest {
    private static final String TEAM = "team/agent";
    private static final String ALLOWED = "  unsigned: Allowed\n";
    private static final SandboxId AGENT = new SandboxId("agent-1");
    private static final SandboxId SECOND = new SandboxId("agent-2");

    @TempDir
    Path folder;

    private final TestSigner team = TestSigner.p256();
    private final TestSigner stranger = TestSigner.p256();
    private final TestImage image = image();
    private final Digest digest = image.index();
    private final TestRegistry registry = new TestRegistry().with(TEAM, "1", image);
    private final TestRegistry mirror = new TestRegistry().with(TEAM, "1", image);
    private boolean mirrored;
    private NodeImages images;

    private static TestImage image() {
        byte[] layer = new TestLayer().file("etc/release", "1").tar();
        return new TestImage().layer(layer, TestLayer.gzip(layer)).built();
    }

    @BeforeEach
    void start() throws Exception {
        rules(team.rules(registry.host() + "/team/*"));
        images = open();
    }

    private void rules(String rules) throws Exception {
        Files.writeString(folder.resolve("signatures.yaml"), rules);
    }

    private NodeImages open() throws Exception {
        StoreLimits limits = new StoreLimits(2, 1 << 20, 0, 0, 1, Duration.ofMillis(1));
        RegistrySettings settings = new RegistrySettings(
                mirrored ? Map.of(registry.host(), List.of(mirror.host())) : Map.of(),
                Set.of(registry.host(), mirror.host()),
                Optional.empty(),
                Duration.ofSeconds(20));
        return new NodeImages(
                ImageStore.open(folder.resolve("images"), new WholeArchives(), limits, Clock.systemUTC()),
                new RegistryClient(settings),
                TestImage.PLATFORM,
                new ImageSettings(
                        folder.resolve("images"),
                        settings,
                        Optional.empty(),
                        Optional.of(folder.resolve("signatures.yaml")),
                        0),
                "node");
    }

    private void reopen() throws Exception {
        images.close();
        images = open();
    }

    private void reopenWithMirror() throws Exception {
        mirrored = true;
        reopen();
    }

    @AfterEach
    void stop() throws Exception {
        images.close();
        registry.close();
        mirror.close();
    }

    private Digest get(SandboxId agent, String name, PullPolicy policy) throws Exception {
        return images.get(
                        ImageUse.root(agent),
                        ImageReference.parse(registry.host() + "/" + name),
                        policy,
                        RegistryCredentials.NONE,
                        PullObserver.NONE)
                .digest();
    }

    private Digest get() throws Exception {
        return get(AGENT, TEAM + ":1", PullPolicy.IF_NOT_PRESENT);
    }

    private static AbstractThrowableAssert<?, ?> assertFails(Kind kind, ThrowingCallable step) {
        return assertThatThrownBy(step)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        e -> assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(kind));
    }

    private void sign(TestRegistry at, TestSigner... signers) {
        List<Entry> entries = List.of(signers).stream()
                .map(signer -> signer.entry(TestSigner.payload(registry.host() + "/" + TEAM, digest)))
                .toList();
        entries.forEach(entry -> at.give("/v2/team/agent/blobs/" + Digest.of(entry.payload()), entry.payload()));
        at.give("/v2/team/agent/manifests/" + TestSigner.tag(digest), TestSigner.list(entries));
    }

    /** By the registry's API. */
    private void refer(TestSigner signer) {
        byte[] bundle = signer.bundle(TestSigner.approval(digest));
        byte[] referrer = TestSigner.referrer(bundle, digest, 100);
        registry.give("/v2/team/agent/blobs/" + Digest.of(bundle), bundle);
        registry.give("/v2/team/agent/manifests/" + Digest.of(referrer), referrer);
        registry.give("/v2/team/agent/referrers/" + digest, TestSigner.referring(referrer));
    }

    @Test
    void aBundleIsFoundByTheApiForReferrers() throws Exception {
        refer(stranger);
        assertFails(Kind.UNSIGNED, this::get).hasMessageContaining("by none of the rule's keys");

        refer(team);
        assertThat(get()).isEqualTo(digest);
        images.requireSigned(ImageUse.root(AGENT));
        assertThat(registry.asked)
                .anyMatch(
                        line -> line.contains("/referrers/" + digest + "?artifactType=application%2Fvnd.dev.sigstore"));
        // Where there is the API, no list under a tag is asked for.
        assertThat(registry.asked)
                .noneMatch(line -> line.contains("/manifests/sha256-" + digest.hex() + " ")
                        || line.endsWith("/manifests/sha256-" + digest.hex()));
    }

    @Test
    void aMirrorWithoutSignaturesHidesNoneOfTheRegistrys() throws Exception {
        reopenWithMirror();
        sign(registry, team);

        assertThat(get()).isEqualTo(digest);
        assertThat(mirror.countOf(TestSigner.tag(digest))).isPositive();
    }

    @Test
    void aMirrorWithAStrangersSignatureHidesNoneOfTheRegistrys() throws Exception {
        reopenWithMirror();
        sign(mirror, stranger);
        assertFails(Kind.UNSIGNED, this::get)
                .hasMessageContaining(mirror.host() + ": ")
                .hasMessageContaining(registry.host() + ": ");

        sign(registry, team);
        assertThat(get()).isEqualTo(digest);
    }

    /** What a mirror has counts where it is right, whoever runs it. */
    @Test
    void aMirrorsRightSignatureIsEnough() throws Exception {
        reopenWithMirror();
        sign(mirror, team);

        assertThat(get()).isEqualTo(digest);
    }

    /** Nor is it asked for more than one thing: each could take as long as it has patience. */
    @Test
    void aHostThatCannotAnswerIsNotOneWithoutSignatures() throws Exception {
        reopenWithMirror();
        mirror.broken = true;

        assertFails(Kind.UNREACHABLE, this::get)
                .hasMessageContaining("it can't be said whether the image")
                .hasMessageContaining(mirror.host() + ": ")
                .hasMessageContaining("HTTP 503")
                .hasMessageContaining(registry.host() + ": ");
        assertThat(images.of(ImageUse.root(AGENT))).isEmpty();
        assertThat(folder.resolve("images/layers")).isEmptyDirectory();
        assertThat(mirror.countOf("/sha256-")).isEqualTo(1);
        assertThat(mirror.countOf("/referrers/")).isZero();

        sign(registry, team);
        assertThat(get()).isEqualTo(digest);
    }

    /** A rule that lets the one in says nothing of the other, whatever is here of it. */
    @Test
    void aRefusedImageIsNotHadByItsDigestUnderANameThatARuleLetsIn() throws Exception {
        String sandbox = "- images: ['" + registry.host() + "/sandbox/*']\n" + ALLOWED;
        sign(registry, team);
        rules(team.rules(registry.host() + "/team/*") + sandbox);
        get();
        String refused = "rules:\n- images: ['" + registry.host() + "/team/*']\n  unsigned: Refused\n" + sandbox;
        for (String rules : List.of(refused, stranger.rules(registry.host() + "/team/*") + sandbox)) {
            rules(rules);
            for (PullPolicy policy : PullPolicy.values()) {
                assertFails(Kind.NOT_FOUND, () -> get(SECOND, "sandbox/any@" + digest, policy));
                assertFails(Kind.NOT_FOUND, () -> get(SECOND, "sandbox/any:1@" + digest, policy));
            }
        }
        assertThat(images.of(ImageUse.root(SECOND))).isEmpty();
    }

    @Test
    void whatProvedAnImageByRulesOfBeforeIsKept() throws Exception {
        sign(registry, team, stranger);
        get();
        rules(stranger.rules(registry.host() + "/team/*"));
        assertFails(Kind.UNSIGNED, () -> images.requireSigned(ImageUse.root(AGENT)));
        get();
        images.requireSigned(ImageUse.root(AGENT));

        registry.broken = true;
        rules(team.rules(registry.host() + "/team/*"));
        images.requireSigned(ImageUse.root(AGENT));
        assertThat(get()).isEqualTo(digest);
        rules(stranger.rules(registry.host() + "/team/*"));
        images.requireSigned(ImageUse.root(AGENT));
    }

    /** Rules came after both had begun, and only one has been started since. */
    @Test
    void anAgentOfBeforeTheRulesLosesNothingOfWhatAnotherFound() throws Exception {
        rules("rules:\n- images: ['*']\n" + ALLOWED);
        get();
        get(SECOND, TEAM + ":1", PullPolicy.IF_NOT_PRESENT);
        rules(team.rules(registry.host() + "/team/*"));
        sign(registry, team);
        get();

        reopen();
        assertThat(images.of(ImageUse.root(SECOND))).isPresent();
        registry.broken = true;

        assertThat(get(SECOND, TEAM + ":1", PullPolicy.NEVER)).isEqualTo(digest);
        images.requireSigned(ImageUse.root(SECOND));
        images.requireSigned(ImageUse.root(AGENT));
    }

    /** A file of the store that is lost, or holds something else. */
    @Test
    void aLostSignatureIsStoredAgain() throws Exception {
        sign(registry, team);
        get();
        Path proof;
        try (Stream<Path> blobs = Files.list(folder.resolve("images/blobs"))) {
            proof = blobs.filter(SignaturesOfHostsTest::isEvidence).findFirst().orElseThrow();
        }
        for (boolean lost : new boolean[] {true, false}) {
            if (lost) {
                Files.delete(proof);
            } else {
                Files.writeString(proof, "{}");
            }
            assertFails(Kind.UNSIGNED, () -> images.requireSigned(ImageUse.root(AGENT)));
            assertThat(get()).isEqualTo(digest);
            images.requireSigned(ImageUse.root(AGENT));
        }
    }

    private static boolean isEvidence(Path blob) {
        try {
            return Evidence.restored(Files.readAllBytes(blob)).isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
