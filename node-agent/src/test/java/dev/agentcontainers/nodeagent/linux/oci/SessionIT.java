package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an agent with a session has: memory of its own, and a message bus that answers before it begins. */
@Tag("node")
@Tag("runtime")
@Tag("host-kernel")
@Timeout(120)
class SessionIT {
    private static final ResolvedMount SESSION = new ResolvedMount.RuntimeDirectory("/run/session");

    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
    }

    private static String ask(String member) {
        return "dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus." + member;
    }

    /** The first thing that the agent does: nobody had time to wait. */
    @Test
    void itsBusAnswersFromTheFirstInstructionOn() throws Exception {
        List<String> lines = node.outputOf(
                        ask("GetId") + " | grep -cE '[0-9a-f]{32}'; echo $XDG_RUNTIME_DIR $DBUS_SESSION_BUS_ADDRESS;"
                                + " stat -c '%a %F' /run/session; stat -f -c %T /run/session; test -O /run/session && echo its",
                        SESSION)
                .lines()
                .toList();
        assertThat(lines)
                .containsExactly("1", "/run/session unix:path=/run/session/bus", "700 directory", "tmpfs", "its");
    }

    @Test
    void twoAgentsHaveBusesOfTheirOwn() throws Exception {
        String first = node.outputOf(ask("GetId"), SESSION);
        assertThat(node.outputOf(ask("GetId"), SESSION)).isNotEqualTo(first);
        assertThat(node.outputOf("ls -d /run/*; echo \"$DBUS_SESSION_BUS_ADDRESS\"; " + ask("GetId") + " 2>&1 || true"))
                .as("an agent without a session")
                .doesNotContain("/run/session")
                .doesNotContainPattern("[0-9a-f]{32}");
    }

    /** It is of the agent's files, so it must be held as the agent is, and end with it. */
    @Test
    void itIsConfinedAsTheAgentIsAndEndsWithIt() throws Exception {
        SandboxSpec spec = TestNode.shell("exec sleep 1000", SESSION);
        node.begin(spec);
        String status = exec(
                spec,
                "for p in /proc/[0-9]*; do grep -qx dbus-daemon $p/comm &&"
                        + " grep -E '^(NoNewPrivs|CapEff|Seccomp|PPid):' $p/status; done; true");
        assertThat(status)
                .contains("NoNewPrivs:\t1", "CapEff:\t0000000000000000", "Seccomp:\t2")
                .as("it is no child that the agent would wait for")
                .contains("PPid:\t0");
        assertThat(exec(spec, ask("ListNames"))).contains("org.freedesktop.DBus");

        node.driver().kill(spec.id());

        node.driver().awaitExit(spec.id());
        node.driver().purge(spec.id());
        assertThat(node.driver().list()).doesNotContain(spec.id());
    }

    /** Files that it left, and a bus that it broke, are gone with the run. */
    @Test
    void aSessionBeginsAnewWithEachRun() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "cd /run/session; test -e file || echo empty; test -S bus && echo bus; echo left > file; rm bus",
                SESSION);
        assertThat(node.run(spec).code()).isZero();
        node.driver().remove(spec.id());
        assertThat(node.run(spec).code()).isZero();
        assertThat(node.output(spec.id())).isEqualTo("empty\nbus\nempty\nbus");
    }

    /** Said, and not tried for ever: it would begin in vain each time. */
    @Test
    void aBusThatDoesNotGetReadyIsSaid() {
        SandboxSpec spec = TestNode.spec(
                TestNode.newId(),
                List.of("/bin/true"),
                ResourceAmounts.NONE,
                SESSION,
                new ResolvedMount.Denied("/usr/share/dbus-1"));
        assertThatThrownBy(() -> node.begin(spec))
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(SandboxException.Kind.INVALID_SPEC))
                .hasMessageContaining("the session's dbus-daemon does not get ready")
                .hasMessageContaining("session.conf");
    }

    @Test
    @Tag("one-driver")
    void whereThereIsNoSuchProgramThereIsNoBus() throws Exception {
        node.close();
        node = TestNode.start(HostRoot.DEFAULT.without(List.of("/usr/bin/dbus-daemon")), 0);
        assertThat(node.outputOf("ls -A /run/session; echo $XDG_RUNTIME_DIR", SESSION))
                .isEqualTo("/run/session");
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
