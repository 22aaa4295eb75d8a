package dev.agentcontainers.cli.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has no cluster is told so, and not made to wait for one. */
class ClusterOptionsTest {
    @TempDir
    private Path folder;

    private String none() {
        return folder.resolve("none").toString();
    }

    @Test
    void aKubeconfigThatIsNotThereIsSaid() throws IOException {
        String one = Files.createFile(folder.resolve("one")).toString();
        assertThatThrownBy(() -> ClusterOptions.requireSomeCluster(List.of(none()), Map.of("KUBECONFIG", none())))
                .isInstanceOf(UserException.class)
                .hasMessage("KUBECONFIG is '" + none() + "': there is no such file");
        assertThatCode(() -> ClusterOptions.requireSomeCluster(List.of(none(), one), Map.of("KUBECONFIG", "both")))
                .doesNotThrowAnyException();
    }

    @Test
    void whoHasNoneAtAllIsToldWhereOneComesFrom() {
        assertThatThrownBy(() -> ClusterOptions.requireSomeCluster(List.of(none()), Map.of()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--kubeconfig or KUBECONFIG")
                .hasMessageContaining("agentctl up");
        for (String elsewhere : List.of("KUBERNETES_SERVICE_HOST", "KUBERNETES_MASTER")) {
            assertThatCode(() -> ClusterOptions.requireSomeCluster(List.of(none()), Map.of(elsewhere, "10.0.0.1")))
                    .doesNotThrowAnyException();
        }
    }
}
