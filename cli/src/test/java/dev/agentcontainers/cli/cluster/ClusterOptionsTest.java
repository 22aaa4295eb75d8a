package dev.agentcontainers.cli.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has no cluster is told so, and not made to wait for one. */
class ClusterOptionsTest {
    @TempDir
    private Path home;

    @Test
    void aKubeconfigThatIsNotThereIsSaid() throws IOException {
        Path none = home.resolve("none");
        assertThatThrownBy(() -> require(Map.of("KUBECONFIG", none.toString())))
                .isInstanceOf(UserException.class)
                .hasMessage("KUBECONFIG is '" + none + "': there is no such file");

        Path one = Files.createFile(home.resolve("one"));
        assertThatCode(() -> require(Map.of("KUBECONFIG", none + File.pathSeparator + one)))
                .doesNotThrowAnyException();
    }

    @Test
    void whoHasNoneAtAllIsToldWhereOneComesFrom() throws IOException {
        assertThatThrownBy(() -> require(Map.of()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--kubeconfig or KUBECONFIG")
                .hasMessageContaining("agentctl up");
        assertThatCode(() -> require(Map.of("KUBERNETES_SERVICE_HOST", "10.0.0.1")))
                .doesNotThrowAnyException();

        assertThatCode(() -> require(Map.of("KUBERNETES_MASTER", "https://10.0.0.1")))
                .doesNotThrowAnyException();

        Files.createFile(Files.createDirectory(home.resolve(".kube")).resolve("config"));
        assertThatCode(() -> require(Map.of())).doesNotThrowAnyException();
        Path another = Files.createDirectory(home.resolve("another"));
        assertThatThrownBy(() -> require(Map.of("HOME", another.toString()))).isInstanceOf(UserException.class);
    }

    private void require(Map<String, String> environment) {
        ClusterOptions.requireSomeCluster(environment, home);
    }
}
