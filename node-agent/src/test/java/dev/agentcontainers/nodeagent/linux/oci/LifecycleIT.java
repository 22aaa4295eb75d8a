package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Absent;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Created;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Exited;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Running;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("node")
@Tag("runtime")
@Timeout(120)
class LifecycleIT {
    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
    }

    @Test
    void everyStateIsReached() throws Exception {
        SandboxSpec spec = TestNode.shell("read line < /tmp/never || sleep 1000");
        OciDriver driver = node.driver();
        assertThat(driver.state(spec.id())).isInstanceOf(Absent.class);
        assertThat(driver.list()).isEmpty();

        driver.prepare(spec);
        assertThat(driver.state(spec.id())).isInstanceOf(Absent.class);
        assertThat(driver.list()).containsExactly(spec.id());

        NetworkAttachment network = driver.create(spec);
        assertThat(driver.state(spec.id())).isEqualTo(new Created(network));
        assertThat(Files.readSymbolicLink(Path.of("/proc/" + network.pid() + "/ns/net")))
                .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")));
        assertThat(driver.create(spec)).isEqualTo(network);

        Instant before = Instant.now().minusMillis(20);
        driver.start(spec.id());
        driver.start(spec.id());
        assertThat(driver.state(spec.id())).isInstanceOfSatisfying(Running.class, running -> {
            assertThat(running.network()).isEqualTo(network);
            assertThat(running.startedAt()).isAfter(before);
        });

        driver.kill(spec.id());
        assertThat(driver.awaitExit(spec.id()).code()).isEqualTo(137);
        driver.kill(spec.id());
        driver.terminate(spec.id());
        assertThat(driver.state(spec.id())).isInstanceOf(Exited.class);

        driver.remove(spec.id());
        assertThat(driver.state(spec.id())).isInstanceOf(Absent.class);
        assertThat(driver.list()).containsExactly(spec.id());
        driver.purge(spec.id());
        driver.purge(spec.id());
        assertThat(driver.list()).isEmpty();
    }

    @Test
    void exitCodeAndOutputAreKept() throws Exception {
        SandboxSpec spec = TestNode.shell("echo $GREETING $HOSTNAME; echo problem >&2; exit 42");
        assertThat(node.run(spec)).satisfies(exit -> {
            assertThat(exit.code()).isEqualTo(42);
            assertThat(exit.outOfMemory()).isFalse();
            assertThat(exit.finishedAt()).isBetween(Instant.now().minusSeconds(30), Instant.now());
        });
        assertThat(node.logLines(spec.id()))
                .anySatisfy(line -> assertThat(line).endsWith(" stdout F hello agent-host"))
                .anySatisfy(line -> assertThat(line).endsWith(" stderr F problem"));
    }

    @Test
    void anAgentCanBeRestartedAndItsLogGoesOn() throws Exception {
        SandboxSpec spec = TestNode.shell("echo again");
        node.run(spec);
        node.driver().remove(spec.id());
        node.run(spec);
        assertThat(node.output(spec.id())).isEqualTo("again\nagain");
    }

    @Test
    void terminateIsAnswerableByTheAgent() throws Exception {
        SandboxSpec spec = TestNode.shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done");
        node.begin(spec);
        org.awaitility.Awaitility.await().until(() -> node.output(spec.id()).contains("ready"));
        node.driver().terminate(spec.id());
        assertThat(node.driver().awaitExit(spec.id()).code()).isEqualTo(5);
        assertThat(node.output(spec.id())).endsWith("bye");
    }

    @Test
    void aCommandThatDoesNotExistIsNamed() throws Exception {
        SandboxSpec spec = TestNode.spec(TestNode.newId(), List.of("/no/such/program"), ResourceAmounts.NONE);
        node.driver().prepare(spec);
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> {
                    node.driver().create(spec);
                    node.driver().start(spec.id());
                })
                .hasMessageContaining("/no/such/program");
        assertThat(node.driver().state(spec.id())).isNotInstanceOf(Running.class);
    }

    @Test
    void theProbeReallyLaunches() {
        assertThat(node.driver().probe()).isInstanceOfSatisfying(DriverProbe.Ready.class, ready -> {
            assertThat(ready.version()).contains("conmon");
            assertThat(ready.features()).contains("ephemeral-storage");
        });
    }

    @Test
    void aKilledAgentThatNeverStartedHasExited() throws Exception {
        SandboxSpec spec = TestNode.shell("true");
        node.driver().prepare(spec);
        node.driver().create(spec);
        node.driver().kill(spec.id());
        assertThat(node.driver().awaitExit(spec.id()).code()).isEqualTo(137);
        assertThat(node.driver().state(spec.id())).isInstanceOf(SandboxState.Exited.class);
    }

    /** As a service or a shell of a hardened machine has it: nothing has to be opened by hand. */
    @Test
    void aNarrowUmaskHoldsNothingUp() throws Exception {
        TestNode.requireMachine();
        Mounts mounts = Mounts.ofThisMachine();
        Path directory = Files.createTempDirectory("umask");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        try {
            // A mask of this thread's own.
            String output = new MountNamespace(mounts).inNew(() -> {
                mounts.setCreationMask(0077);
                Files.createDirectories(directory.resolve("agentcontainers/local"));
                try (TestNode node = TestNode.at(
                        directory.resolve("state"),
                        directory.resolve("agentcontainers/local/node/oci"),
                        HostRoot.DEFAULT)) {
                    return node.outputOf(
                            "echo ran; ls /usr/bin/env; touch /workspace/x", new Workspace("/workspace", true));
                }
            });
            assertThat(output).isEqualTo("ran\n/usr/bin/env");
        } finally {
            DeepDeletion.delete(directory);
        }
    }

    @Test
    void whatTheNodeAgentKeepsIsForRootOnly() throws Exception {
        SandboxSpec spec = TestNode.spec(
                TestNode.newId(), List.of("/bin/true"), TestNode.storage(32 << 20), new Workspace("/workspace", true));
        node.run(spec);
        SandboxFiles files = new SandboxFiles(node.settings(), spec.id());
        for (Path closed : List.of(
                node.settings().stateDirectory(),
                SandboxFiles.sandboxes(node.settings()),
                files.directory(),
                files.run(),
                files.directory().resolve("workspace"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(closed)))
                    .as(closed.toString())
                    .isEqualTo("rwx------");
        }
        node.driver().purge(spec.id());
    }
}
