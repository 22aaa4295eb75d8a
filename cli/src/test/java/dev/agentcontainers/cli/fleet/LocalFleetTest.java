package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalFleetTest {
    /** Its status and its removal would know nothing of a cluster that was there before. */
    @Test
    void isNotPutOnAnExistingCluster() {
        assertThatThrownBy(() ->
                        LocalFleet.requireControlPlaneOfItsOwn(Map.of("AGENTCONTAINERS_CONTROL_PLANE", "existing")))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("AGENTCONTAINERS_CONTROL_PLANE is 'existing'")
                .hasMessageContaining("unset it")
                .hasMessageContaining("crds/yaml")
                .hasMessageContaining("agentctl node join")
                .returns(2, refused -> ((UserException) refused).exitCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "assets", "built"})
    void hasItsControlPlaneFromElsewhere(String provider) {
        assertThatCode(() -> LocalFleet.requireControlPlaneOfItsOwn(Map.of("AGENTCONTAINERS_CONTROL_PLANE", provider)))
                .doesNotThrowAnyException();
        assertThatCode(() -> LocalFleet.requireControlPlaneOfItsOwn(Map.of())).doesNotThrowAnyException();
    }
}
