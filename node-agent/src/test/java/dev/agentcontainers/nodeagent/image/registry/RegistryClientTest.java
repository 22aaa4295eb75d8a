package dev.agentcontainers.nodeagent.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenContent;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryClientTest {
    private static final byte[] LAYER =
            TestLayer.gzip(new TestLayer().file("a", "content").tar());
    private static final ContentDescriptor WANTED = new ContentDescriptor("", Digest.of(LAYER), LAYER.length);

    /** Impatient, since a server without TLS waits for more of what it takes for a request. */
    private static final RegistrySettings NO_EXCEPTIONS =
            new RegistrySettings(Map.of(), Set.of(), Optional.empty(), Duration.ofMillis(300));

    private final TestImage image =
            new TestImage().layer(Digest.of(LAYER), LAYER).built();
    private final TestRegistry registry = new TestRegistry().with("team/agent", "1", image);

    @AfterEach
    void stop() {
        registry.close();
    }

    private ImageSource source(RegistrySettings settings, RegistryCredentials credentials) throws IOException {
        return new RegistryClient(settings)
                .source(ImageReference.parse(registry.host() + "/team/agent:1"), credentials);
    }

    private RegistryCredentials credentials(String user, String password) {
        return RegistryCredentials.ofDockerConfig(
                "test",
                ("{\"auths\":{\"" + registry.host() + "\":{\"username\":\"" + user + "\",\"password\":\"" + password
                                + "\"}}}")
                        .getBytes(UTF_8));
    }

    private static byte[] read(ImageSource source, long offset) throws IOException, InterruptedException {
        try (GivenContent content = source.content(WANTED, offset)) {
            return content.stream().readAllBytes();
        }
    }

    @Test
    void givesManifestsAndContentFromWhereItIsAsked() throws Exception {
        ImageSource source = source(registry.settings(), RegistryCredentials.NONE);

        assertThat(Digest.of(source.manifest("1").content())).isEqualTo(image.index());
        assertThat(source.manifest(image.manifest().toString()).declared())
                .contains("application/vnd.oci.image.manifest.v1+json");
        assertThat(read(source, 0)).isEqualTo(LAYER);
        assertThat(read(source, 10)).isEqualTo(Arrays.copyOfRange(LAYER, 10, LAYER.length));
    }

    @Test
    void saysWhereContentBeginsThatCannotBeAskedForInPart() throws Exception {
        registry.ranges = false;

        try (GivenContent content =
                source(registry.settings(), RegistryCredentials.NONE).content(WANTED, 10)) {
            assertThat(content.offset()).isZero();
            assertThat(content.stream().readAllBytes()).isEqualTo(LAYER);
        }
    }

    @Test
    void getsATokenOnceAndAnotherWhereItHasExpired() throws Exception {
        registry.password = Optional.of("me:secret");
        ImageSource source = source(registry.settings(), credentials("me", "secret"));

        source.manifest("1");
        read(source, 0);
        assertThat(registry.countOf("/token")).isEqualTo(1);
        assertThat(registry.asked)
                .anyMatch(line -> line.contains("scope=repository%3Ateam%2Fagent%3Apull&service=test"));

        registry.token = "second-token";
        assertThat(read(source, 0)).isEqualTo(LAYER);
        assertThat(registry.countOf("/token")).isEqualTo(2);
    }

    @Test
    void givesThePasswordToARegistryThatWantsIt() throws Exception {
        registry.password = Optional.of("me:secret");
        registry.basic = true;

        assertThat(read(source(registry.settings(), credentials("me", "secret")), 0))
                .isEqualTo(LAYER);
        assertThat(registry.countOf("/token")).isZero();
    }

    @Test
    void saysWhoseCredentialsAreNotEnough() {
        registry.password = Optional.of("me:secret");

        assertThatThrownBy(() ->
                        source(registry.settings(), credentials("me", "wrong")).manifest("1"))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.DENIED))
                .hasMessageContaining("user 'me'")
                .hasMessageNotContaining("wrong");
        registry.basic = true;
        assertThatThrownBy(() ->
                        source(registry.settings(), RegistryCredentials.NONE).manifest("1"))
                .hasMessageContaining("no pull secret for " + registry.host());
    }

    @Test
    void sendsNothingThatAuthorisesToWhereItIsRedirected() throws Exception {
        registry.password = Optional.of("me:secret");
        try (TestRegistry storage = new TestRegistry().with("team/agent", "1", image)) {
            registry.redirect = Optional.of("http://" + storage.host());
            RegistrySettings settings = new RegistrySettings(
                    Map.of(), Set.of(registry.host(), storage.host()), Optional.empty(), Duration.ofSeconds(20));

            assertThat(read(source(settings, credentials("me", "secret")), 10)).hasSize(LAYER.length - 10);
            assertThat(storage.asked)
                    .singleElement()
                    .asString()
                    .doesNotContain("Bearer")
                    .contains("bytes=10-");
        }
    }

    @Test
    void followsNoRedirectToAHostWithoutTls() {
        registry.redirect = Optional.of("http://169.254.169.254");

        assertThatThrownBy(() -> read(source(registry.settings(), RegistryCredentials.NONE), 0))
                .hasMessageContaining("redirected to http://169.254.169.254");
    }

    /** Java takes some of them for addresses until they are asked. */
    @ParameterizedTest
    @ValueSource(strings = {"https://a_b:x", "https://127.0.0.1:99999", "https:", "https://", "https://[", "//"})
    void urlsThatNobodyCanAskAreNoSurprise(String url) {
        registry.redirect = Optional.of(url);
        assertThatThrownBy(() -> read(source(registry.settings(), RegistryCredentials.NONE), 0))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE));
        registry.password = Optional.of("me:secret");
        registry.realm = Optional.of(url + "/token");
        assertThatThrownBy(() ->
                        source(registry.settings(), credentials("me", "secret")).manifest("1"))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE))
                .hasMessageContaining("for tokens");
    }

    @Test
    void speaksToNoHostWithoutTlsThatIsNotNamed() {
        assertThatThrownBy(() -> source(NO_EXCEPTIONS, RegistryCredentials.NONE).manifest("1"))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE));
        assertThat(registry.asked).isEmpty();
    }

    @Test
    void asksMirrorsFirstAndGivesThemNoneOfTheRegistrysCredentials() throws Exception {
        registry.password = Optional.of("me:secret");
        try (TestRegistry mirror = new TestRegistry()) {
            RegistrySettings settings = new RegistrySettings(
                    Map.of(registry.host(), List.of("127.0.0.1:1", mirror.host())),
                    Set.of(registry.host(), mirror.host(), "127.0.0.1:1"),
                    Optional.empty(),
                    Duration.ofSeconds(20));
            ImageSource source = source(settings, credentials("me", "secret"));

            assertThat(read(source, 0)).isEqualTo(LAYER);
            assertThat(mirror.asked)
                    .singleElement()
                    .asString()
                    .doesNotContain("Basic")
                    .doesNotContain("Bearer");

            mirror.with("team/agent", "1", image);
            int asked = registry.asked.size();
            assertThat(read(source, 0)).isEqualTo(LAYER);
            assertThat(registry.asked).hasSize(asked);
        }
    }

    @Test
    void waitsForNobodyForEver() throws Exception {
        registry.stalls = Optional.of(WANTED.digest().toString());
        RegistrySettings settings =
                new RegistrySettings(Map.of(), Set.of(registry.host()), Optional.empty(), Duration.ofMillis(300));

        // On a machine that is busy it may run out of patience before the answer has begun (WatchedStreamTest has the
        // rest).
        assertThatThrownBy(() -> read(source(settings, RegistryCredentials.NONE), 0))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE));
    }

    @Test
    void saysWhatIsNotThere() {
        assertThatThrownBy(() ->
                        source(registry.settings(), RegistryCredentials.NONE).manifest("2"))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NOT_FOUND))
                .hasMessageContaining("the manifest 2 of " + registry.host() + "/team/agent does not exist");
    }
}
