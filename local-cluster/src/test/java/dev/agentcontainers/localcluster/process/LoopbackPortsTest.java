package dev.agentcontainers.localcluster.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.localcluster.PortInUseException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LoopbackPortsTest {

    @Test
    void givesDifferentPortsThatAreFree() {
        int[] ports = LoopbackPorts.free(3);

        assertThat(ports).hasSize(3).doesNotHaveDuplicates();
        assertThat(IntStream.of(ports)).allMatch(LoopbackPorts::isFree);
    }

    @Test
    void namesThePortItsPurposeAndItsHolder() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            int port = socket.getLocalPort();

            assertThatThrownBy(() -> LoopbackPorts.requireFree(port, "kube-apiserver"))
                    .isInstanceOf(PortInUseException.class)
                    .hasMessageStartingWith("127.0.0.1:" + port + ", which kube-apiserver needs, is in use by ")
                    .hasMessageEndingWith(": stop it, or choose another port");
        }
    }

    @Test
    void knowsTheHolderOnLinux() throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/net/tcp")), "needs Linux's /proc");
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            assertThat(PortHolder.of(socket.getLocalPort()))
                    .contains(new PortHolder(ProcessHandle.current().pid(), "java"));
        }
    }
}
