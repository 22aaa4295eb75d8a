package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A runtime that hangs holds neither an agent's start nor the node agent's own up for ever. */
@Tag("node")
@Timeout(120)
class SlowRuntimeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    @TempDir
    private Path folder;

    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    /** The real one but for one command, at which it sleeps. */
    private OciDriver hangingAt(String command) throws Exception {
        Path real = Program.find("crun")
                .or(() -> Program.find("runc"))
                .orElseThrow()
                .path();
        Path script = folder.resolve(real.getFileName());
        Files.writeString(script, """
            #!/bin/sh
            for argument; do
                [ "$argument" = %s ] && exec sleep 1000
            done
            exec %s "$@"
            """.formatted(command, real));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return node.driverWith(script, PATIENCE);
    }

    @Test
    void aStartThatHangsFailsWithItsName() throws Exception {
        OciDriver driver = hangingAt("start");
        SandboxSpec spec = TestNode.shell("true");
        driver.prepare(spec);
        driver.create(spec);
        assertThatThrownBy(() -> driver.start(spec.id())).hasMessageContaining("start did not end within 3 s");
        driver.purge(spec.id());
        assertThat(driver.list()).isEmpty();
    }

    @Test
    void aCreationThatHangsFailsAndLeavesNothing() throws Exception {
        OciDriver driver = hangingAt("create");
        SandboxSpec spec = TestNode.shell("true");
        driver.prepare(spec);
        assertThatThrownBy(() -> driver.create(spec)).hasMessageContaining("within 3 s");
        assertThat(ProcessHandle.allProcesses()
                        .filter(process -> process.info()
                                .commandLine()
                                .filter(line -> line.contains(spec.id().value()))
                                .isPresent()))
                .as("shim and runtime")
                .isEmpty();
        driver.purge(spec.id());
        assertThat(driver.list()).isEmpty();
    }

    /** It has a session, and no process that could be slow to answer. */
    @Test
    void aProgramThatTheRuntimeDoesNotBeginHasNotBegun() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000");
        OciDriver driver = hangingAt("exec");
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        try (ExecSession session = driver.exec(spec.id(), new ExecRequest(List.of("/bin/true"), false, false))) {
            await().during(Duration.ofSeconds(1)).until(() -> !session.hasBegun());
        }
        driver.purge(spec.id());
    }

    /** Its terminal is the runtime's to make, so that nothing of it is there to be shown. */
    @Test
    void aTerminalThatDoesNotComeEndsTheSession() throws Exception {
        assumeTrue(Program.find("crun").isPresent(), "needs crun");
        SandboxSpec spec = TestNode.shell("sleep 1000");
        OciDriver driver = hangingAt("exec");
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        try (ExecSession session = driver.exec(spec.id(), new ExecRequest(List.of("/bin/true"), true, false))) {
            session.resize(80, 25);
            assertThat(new String(session.standardOutput().readAllBytes(), UTF_8))
                    .isEqualTo("the runtime handed over no terminal within 3 s\r\n");
            assertThat(session.awaitExit()).isEqualTo(137);
            assertThatThrownBy(() -> session.standardInput().write(1)).hasMessageContaining("no terminal");
        }
        driver.purge(spec.id());
    }

    @Test
    void aSessionThatIsClosedBeforeItsTerminalComesEndsAtOnce() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000");
        OciDriver driver = hangingAt("exec");
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        ExecSession session = driver.exec(spec.id(), new ExecRequest(List.of("/bin/true"), true, false));
        CompletableFuture<Integer> read = CompletableFuture.supplyAsync(() -> {
            try {
                return session.standardOutput().read();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        session.close();
        assertThat(read.get()).isEqualTo(-1);
        assertThat(session.awaitExit()).isEqualTo(137);
        driver.purge(spec.id());
    }

    /** As one thread of the gateway hears both what is typed and that its user has gone. */
    @Test
    void aSessionThatWasTypedIntoBeforeItsTerminalComesIsClosedAtOnce() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000");
        OciDriver driver = hangingAt("exec");
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        ExecSession session = driver.exec(spec.id(), new ExecRequest(List.of("/bin/cat"), true, true));
        long begin = System.nanoTime();
        session.standardInput().write("typed\n".getBytes(UTF_8));
        session.close();
        assertThat(session.awaitExit()).isEqualTo(137);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PATIENCE);
        driver.purge(spec.id());
    }

    @Test
    void theProbeSaysSo() throws Exception {
        assertThat(hangingAt("start").probe())
                .isInstanceOfSatisfying(
                        DriverProbe.NotReady.class,
                        notReady -> assertThat(notReady.reason()).contains("did not end within 3 s"));
        assertThat(node.driver().list()).isEmpty();
    }
}
