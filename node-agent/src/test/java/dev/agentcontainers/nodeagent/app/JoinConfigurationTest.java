package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.enrolment.JoinSettings;
import dev.agentcontainers.nodeagent.enrolment.JoinSettings.TrustSource;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JoinConfigurationTest {
    private static final URI GATEWAY = URI.create("https://gateway.example.org:9443");
    private static final Path FILE = Path.of("/run/somewhere");
    private static final String HASH = "sha256:" + "0a".repeat(32);

    private record Given(
            Optional<URI> gateway,
            Optional<Path> caFile,
            Optional<String> caHash,
            Optional<Path> tokenFile,
            Optional<List<String>> labels)
            implements NodeConfiguration.Join {

        static Given of(
                @Nullable URI gateway,
                @Nullable Path caFile,
                @Nullable String caHash,
                @Nullable Path tokenFile,
                String... labels) {
            return new Given(
                    Optional.ofNullable(gateway),
                    Optional.ofNullable(caFile),
                    Optional.ofNullable(caHash),
                    Optional.ofNullable(tokenFile),
                    labels.length == 0 ? Optional.empty() : Optional.of(List.of(labels)));
        }
    }

    @Test
    void nothingSetMeansThatTheMachineIsJoinedByHand() {
        assertThat(JoinConfiguration.read(Given.of(null, null, null, null))).isEmpty();
    }

    @Test
    void readsWhatIsSet() {
        JoinSettings read = JoinConfiguration.read(Given.of(GATEWAY, FILE, null, FILE, "pool=fast", "zone = a"))
                .orElseThrow();
        assertThat(read.gateway()).isEqualTo(GATEWAY);
        assertThat(read.trust()).isEqualTo(new TrustSource.AuthorityFile(FILE));
        assertThat(read.labels()).isEqualTo(Map.of("pool", "fast", "zone", "a"));
    }

    @Test
    void trustsByAHashToo() {
        assertThat(JoinConfiguration.read(Given.of(GATEWAY, null, HASH, FILE))
                        .orElseThrow()
                        .trust())
                .isInstanceOf(TrustSource.Pinned.class);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of(Given.of(null, null, null, FILE), "join.gateway is not set, but"),
                Arguments.of(
                        Given.of(URI.create("http://gateway:9443"), FILE, null, FILE),
                        "join.gateway is 'http://gateway:9443': it must be an https URL"),
                Arguments.of(Given.of(URI.create("gateway"), FILE, null, FILE), "join.gateway is 'gateway'"),
                Arguments.of(Given.of(GATEWAY, null, null, FILE), "join.ca-hash are both not set"),
                Arguments.of(Given.of(GATEWAY, FILE, HASH, FILE), "join.ca-hash are both set"),
                Arguments.of(Given.of(GATEWAY, null, "sha256:abc", FILE), "join.ca-hash: the hash of the authority"),
                Arguments.of(Given.of(GATEWAY, FILE, null, null), "join.token-file is not set"),
                Arguments.of(Given.of(GATEWAY, FILE, null, FILE, "fast"), "join.labels has 'fast'"),
                Arguments.of(Given.of(GATEWAY, FILE, null, FILE, "=fast"), "join.labels has '=fast'"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void saysWhichSettingIsWrong(NodeConfiguration.Join given, String message) {
        assertThatThrownBy(() -> JoinConfiguration.read(given))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(message);
    }
}
