package dev.agentcontainers.operator.enrolment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.operator.enrolment.NodeAdmission.Decision;
import dev.agentcontainers.operator.enrolment.NodeAdmission.Existing;
import dev.agentcontainers.protocol.BootstrapToken;
import java.security.SecureRandom;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeAdmissionTest {
    @ParameterizedTest(name = "deleting {0}, key {1}, alive {2}, assignments {3}, named by the API server {4}: {5}")
    @CsvSource({
        // deleting, known key, alive, assignments, named, admitted
        "false, mine, true, 5, false, true",
        "false, mine, false, 0, false, true",
        "false, other, true, 0, false, false",
        "false, other, true, 0, true, true",
        "false, other, false, 1, false, false",
        "false, other, false, 1, true, true",
        "false, other, false, 0, false, true",
        "false, '', false, 0, false, true",
        "false, '', true, 0, false, false",
        "false, '', false, 3, false, false",
        "true, mine, true, 0, true, false"
    })
    void whoMayHaveANameThatIsTaken(
            boolean deleting, String key, boolean alive, int assignments, boolean named, boolean admitted) {
        Existing existing =
                new Existing(deleting, key.isEmpty() ? Optional.empty() : Optional.of(key), alive, assignments);

        Decision decision = NodeAdmission.decide("worker", "mine", named, Optional.of(existing));

        assertThat(decision instanceof Decision.Admit).isEqualTo(admitted);
    }

    @Test
    void aFreeNameIsGiven() {
        assertThat(NodeAdmission.decide("worker", "mine", false, Optional.empty()))
                .isEqualTo(new Decision.Admit());
    }

    @ParameterizedTest
    @CsvSource({
        "abcdef.0123456789abcdef, true",
        "abcdef.0123456789abcde, false",
        "abcde.0123456789abcdef, false",
        "ABCDEF.0123456789abcdef, false",
        "abcdef0123456789abcdef, false",
        "abcdef.0123456789abcdef.x, false",
        "'', false"
    })
    void formOfTokens(String text, boolean valid) {
        assertThat(BootstrapToken.parse(text).isPresent()).isEqualTo(valid);
    }

    @Test
    void generatedTokensAreOfTheFormAndHideTheirSecret() {
        BootstrapToken token = BootstrapToken.generate(new SecureRandom());

        assertThat(BootstrapToken.parse(token.value())).contains(token);
        assertThat(token.toString()).doesNotContain(token.secret());
        assertThat(token.hasHash(token.hash())).isTrue();
        assertThat(token.hasHash(BootstrapToken.generate(new SecureRandom()).hash()))
                .isFalse();
    }
}
