package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.Screen;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an agent with a display has, and who sees it: nobody but who comes by its node. */
@Tag("node")
@Tag("runtime")
@Tag("host-kernel")
@Timeout(120)
class DisplayIT {
    private static final Screen SCREEN = new Screen(640, 480);
    private static final ResolvedMount SESSION =
            new ResolvedMount.RuntimeDirectory("/run/session", Optional.of(SCREEN));
    private static final int COLOUR = 0x336699;

    /** Gives the whole screen a colour, as any program of X does, and says how large it is. */
    private static final String DRAWING = """
            import os, socket, struct
            x = socket.socket(socket.AF_UNIX)
            x.connect('/tmp/.X11-unix/X' + os.environ['DISPLAY'][1:])
            def read(n):
                b = b''
                while len(b) < n:
                    b += x.recv(n - len(b))
                return b
            x.sendall(struct.pack('<BxHHHHxx', ord('l'), 11, 0, 0, 0))
            head = read(8)
            setup = read(4 * struct.unpack('<H', head[6:])[0])
            at = 32 + (struct.unpack('<H', setup[16:18])[0] + 3) // 4 * 4 + 8 * setup[21]
            root, width, height = struct.unpack('<I16xHH', setup[at:at + 24])
            x.sendall(struct.pack('<BxHIII', 2, 4, root, 2, 0x336699))
            x.sendall(struct.pack('<BBHIhhHH', 61, 0, 4, root, 0, 0, 0, 0))
            x.sendall(struct.pack('<BxH', 43, 1))
            read(32)
            print('drew on', width, 'by', height, flush=True)
            """;

    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        assumeTrue(Program.find("Xtigervnc").isPresent(), "needs tigervnc-standalone-server");
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    private static SandboxSpec drawing() {
        return TestNode.shell("python3 -c \"" + DRAWING + "\"; exec sleep 1000", SESSION);
    }

    /** The first thing that the agent does: nobody had time to wait. */
    @Test
    void whatTheAgentDrawsFromTheFirstInstructionOnIsSeenByManyAtOnceAndOneAfterTheOther() throws Exception {
        SandboxSpec spec = drawing();
        node.begin(spec);
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(node.output(spec.id())).isNotEmpty());
        assertThat(node.output(spec.id())).isEqualTo("drew on 640 by 480");
        try (RfbViewer first = new RfbViewer(node.driver().display(spec.id()));
                RfbViewer second = new RfbViewer(node.newDriver().display(spec.id()))) {
            assertThat(first.screen()).isEqualTo(SCREEN);
            assertThat(first.pixel(0, 0)).isEqualTo(COLOUR);
            assertThat(second.pixel(639, 479))
                    .as("after a restart of the node agent")
                    .isEqualTo(COLOUR);
        }
        try (RfbViewer third = new RfbViewer(node.driver().display(spec.id()))) {
            assertThat(third.pixel(320, 240)).isEqualTo(COLOUR);
        }

        String server = exec(
                spec,
                "for p in /proc/[0-9]*; do grep -qx Xtigervnc $p/comm &&"
                        + " grep -E '^(NoNewPrivs|CapEff|Seccomp|PPid|Uid):' $p/status; done; true");
        assertThat(server)
                .contains("NoNewPrivs:\t1", "CapEff:\t0000000000000000", "Seccomp:\t2", "PPid:\t0")
                .contains(exec(spec, "grep ^Uid: /proc/1/status"));
        assertThat(exec(spec, "cat /proc/net/tcp /proc/net/tcp6 | grep -v local_address; true"))
                .as("what listens for the network")
                .isEmpty();

        node.driver().kill(spec.id());
        node.driver().awaitExit(spec.id());
        assertThatThrownBy(() -> node.driver().display(spec.id())).hasMessageContaining("the agent does not run");
    }

    /** Each has the same number, and knows the name of the other's socket. */
    @Test
    void anotherAgentDoesNotReachTheDisplay() throws Exception {
        SandboxSpec owner = TestNode.shell("exec sleep 1000", SESSION);
        node.begin(owner);
        SandboxSpec other = TestNode.shell("exec sleep 1000", new ResolvedMount.RuntimeDirectory("/run/session"));
        node.begin(other);
        String attempt = """
                python3 -c "
                import socket
                for name in '/tmp/.X11-unix/X0', '\\0/tmp/.X11-unix/X0':
                    try:
                        socket.socket(socket.AF_UNIX).connect(name)
                        print('reached')
                    except OSError as e:
                        print('refused')
                "; echo "$DISPLAY"
                """;
        assertThat(exec(owner, attempt)).isEqualTo("reached\nreached\n:0\n");
        assertThat(exec(other, attempt)).isEqualTo("refused\nrefused\n\n");
        assertThatThrownBy(() -> node.driver().display(other.id()))
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(Kind.INVALID_SPEC))
                .hasMessageContaining("it has one with spec.session.display");
    }

    /**
     * The node connects as root: to a socket of the host's it would be let in. The agent may end its server, and learn from the kernel
     * what the server's socket is called; it has no such place, and no way to make one there.
     */
    @Test
    void theAgentCannotHaveTheNodeConnectElsewhere() throws Exception {
        SandboxSpec spec = TestNode.shell("exec sleep 1000", SESSION);
        node.begin(spec);
        node.driver().display(spec.id()).close();
        String said = exec(spec, """
                find / -xdev -type s 2>/dev/null | sort | tr '\\n' ' '
                for p in /proc/[0-9]*; do
                    if grep -qx Xtigervnc $p/comm; then
                        ls -l $p/fd/0 2>&1 | grep -c display
                        kill -9 ${p#/proc/}
                    fi
                done
                for place in $(grep -o '/.*/display$' /proc/net/unix) %s /run/session /tmp; do
                    mkdir -p $place 2>/dev/null; ln -sf /run/docker.sock $place/display 2>/dev/null
                    rm -f $place; ln -sf /run/docker.sock $place 2>/dev/null
                done
                true
                """.formatted(node.settings().runDirectory().resolve("private/bundle")));
        assertThat(said).as("sockets that the agent sees").doesNotContain("/display ");
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThatThrownBy(
                                () -> node.driver().display(spec.id()).close())
                        .isInstanceOfSatisfying(
                                SandboxException.class,
                                failure -> assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT))
                        .hasMessageContaining("the agent's display has ended"));
        assertThat(exec(spec, "echo goes on")).isEqualTo("goes on\n");
    }

    @Test
    @Tag("one-driver")
    void whereThereIsNoServerTheNodeDoesNotClaimOneAndTheAgentIsRefused() throws Exception {
        assertThat(node.driver().probe())
                .isInstanceOfSatisfying(
                        DriverProbe.Ready.class,
                        ready -> assertThat(ready.features()).contains(DriverFeature.DISPLAY));
        node.close();
        node = TestNode.start(HostRoot.DEFAULT.without(List.of("/usr/bin/Xtigervnc", "/usr/bin/Xvnc")), 0);
        assertThat(node.driver().probe())
                .isInstanceOfSatisfying(
                        DriverProbe.Ready.class,
                        ready -> assertThat(ready.features())
                                .contains(DriverFeature.SESSION)
                                .doesNotContain(DriverFeature.DISPLAY));
        assertThatThrownBy(() -> node.begin(TestNode.shell("true", SESSION)))
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(Kind.INVALID_SPEC))
                .hasMessageContaining("spec.session.display: the agent's files have no program Xtigervnc or Xvnc");
    }

    /** Said, and not tried for ever: it would begin in vain each time. */
    @Test
    void aDisplayThatDoesNotGetReadyIsSaid() {
        SandboxSpec spec = TestNode.shell("true", SESSION, new ResolvedMount.Denied("/usr/share/X11/xkb"));
        assertThatThrownBy(() -> node.begin(spec))
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(Kind.INVALID_SPEC))
                .hasMessageContaining("the session's Xtigervnc does not get ready")
                .hasMessageContaining("xkb-data");
    }

    private String exec(SandboxSpec spec, String script) throws Exception {
        try (var session =
                node.driver().exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", script), false, false))) {
            String output = new String(session.standardOutput().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(session.awaitExit()).as(output).isZero();
            return output;
        }
    }
}
