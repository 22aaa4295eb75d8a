package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.ControlPlane;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperatorProcessTest {
    @TempDir
    private Path folder;

    @Test
    void oneThatCannotBeginIsStartedAgainTwiceAndThenSaysWhy() throws Exception {
        OperatorProcess operator = operator("echo the connection was lost; exit 1");

        startAndSeeItEnd(operator);
        startAndSeeItEnd(operator);
        assertThatThrownBy(() -> operator.keepAlive(new NoControlPlane()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("the operator has ended")
                .hasMessageContaining("the connection was lost");
        assertThat(operator.process().log()).hasContent("the connection was lost\nthe connection was lost\n");
    }

    private static void startAndSeeItEnd(OperatorProcess operator) {
        try {
            operator.keepAlive(new NoControlPlane());
        } catch (UserException e) {
            // It has ended already by the time that is asked.
            assertThat(e).hasMessageContaining("the operator has ended");
        }
        await().until(() -> operator.process().find().isEmpty());
    }

    private OperatorProcess operator(String script) throws Exception {
        Path target = Files.createDirectories(folder.resolve("installation/operator/target"));
        Files.createFile(target.resolve("operator-runner.jar"));
        Path java = Files.createFile(
                folder.resolve("java"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(java, "#!/bin/sh\n" + script + "\n");
        return new OperatorProcess(
                new FleetLayout(folder.resolve("home"), folder.resolve("run")),
                new Programs(folder.resolve("installation"), java),
                new FleetPlace(0));
    }

    /** Which a program that ends at once never asks anything. */
    private static final class NoControlPlane implements ControlPlane {
        @Override
        public Path kubeconfig() {
            return Path.of("/nonexistent");
        }

        @Override
        public URI apiServer() {
            return URI.create("https://127.0.0.1:1");
        }

        @Override
        public String certificateAuthority() {
            return "";
        }

        @Override
        public Path kubectl() {
            return Path.of("/nonexistent");
        }

        @Override
        public Optional<Path> auditLog() {
            return Optional.empty();
        }

        @Override
        public Path kubeconfigFor(String user, String... groups) {
            return kubeconfig();
        }

        @Override
        public void close() {}
    }
}
