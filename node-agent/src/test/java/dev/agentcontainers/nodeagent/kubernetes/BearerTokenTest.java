package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {
    @Test
    void isRenewedBeforeFourFifthsOfItsLifeHavePassed() {
        BearerToken token = BearerToken.of(jwt("{\"iat\":1000000,\"exp\":1003600}"));

        assertThat(token.expires()).contains(Instant.ofEpochSecond(1_003_600));
        assertThat(token.renewAt()).contains(Instant.ofEpochSecond(1_002_520));
        assertThat(token).hasToString("BearerToken[until Optional[1970-01-12T14:46:40Z]]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"opaque", "a.b.c", "a.!!.c", "e30.e30.e30"})
    void oneThatSaysNothingOfItsEndIsNeverRenewed(String value) {
        assertThat(BearerToken.of(value).renewAt()).isEmpty();
        assertThat(BearerToken.of(value).outlives(BearerToken.of(jwt("{\"exp\":1}"))))
                .isTrue();
    }

    private static String jwt(String claims) {
        return "e30."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8))
                + ".c2ln";
    }
}
