package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatewayPortTest {
    @TempDir
    private Path folder;

    @Test
    void isChosenOnceAndRemembered() {
        Path file = folder.resolve("operator/gateway-port");
        int port = new GatewayPort(file).choose();
        assertThat(new GatewayPort(file).requireFree()).isEqualTo(port);
        assertThat(new GatewayPort(file).url()).hasToString("https://127.0.0.1:" + port);
    }

    @Test
    void whoHasItIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Path file = Files.writeString(folder.resolve("port"), Integer.toString(taken.getLocalPort()));
            assertThatThrownBy(() -> new GatewayPort(file).requireFree())
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort() + " is in use by java (process "
                            + ProcessHandle.current().pid() + ")")
                    .hasMessageContaining("agentctl down");
        }
    }

    @Test
    void aDamagedFileIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("port"), "ninety");
        assertThatThrownBy(() -> new GatewayPort(file).choose())
                .isInstanceOf(UserException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("agentctl down");
    }
}
