package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("node")
class OciDriverIT {
    private DriverFixture fixture;

    @BeforeEach
    void open() throws Exception {
        fixture = DriverFixture.open();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        fixture.closeAndCheck();
    }

    @Test
    void probeRunsASandbox() {
        assertThat(fixture.driver().probe()).isInstanceOf(DriverProbe.Ready.class);
    }

    @Test
    void goesThroughEveryState() throws Exception {
        var spec = fixture.spec("states", "sleep 1; exit 7");
        OciDriver driver = fixture.driver();
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Absent.class);
        driver.prepare(spec);
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Absent.class);
        driver.create(spec);
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Created.class);
        driver.start(spec.id());
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Running.class);
        assertThat(driver.awaitExit(spec.id()).code()).isEqualTo(7);
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Exited.class);
        driver.remove(spec.id());
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Absent.class);
    }

    @Test
    void keepsOutputAndWorkspaceOverRestarts() throws Exception {
        var spec = fixture.spec(
                "again",
                "echo run >> /workspace/runs; wc -l < /workspace/runs",
                new ResolvedMount.Workspace("/workspace", true));
        assertThat(fixture.run(spec).code()).isZero();
        fixture.driver().remove(spec.id());
        assertThat(fixture.run(spec).code()).isZero();
        assertThat(fixture.output(spec.id())).isEqualTo("1\n2\n");
    }

    @Test
    void aLaterDriverKnowsTheExitOfAnAgentThatNobodyWatched() throws Exception {
        var spec = fixture.spec("unwatched", "sleep 0.2; exit 9");
        fixture.launch(spec);
        OciDriver later = fixture.anotherDriver();
        ExitStatus exit = later.awaitExit(spec.id());
        assertThat(exit.code()).isEqualTo(9);
    }

    @Test
    void showsFilesAndHidesWhatIsDenied() throws Exception {
        var spec = fixture.spec(
                "files",
                "cat /opt/agent/main.txt; ls /etc/ssh; ls -d /workspace; touch /opt/agent/x",
                new ResolvedMount.Files(
                        "/opt/agent", Map.of("main.txt", "hello\n".getBytes(StandardCharsets.UTF_8)), false),
                new ResolvedMount.Denied("/etc/ssh"),
                new ResolvedMount.Workspace("/workspace", true));
        assertThat(fixture.run(spec).code()).isNotZero();
        assertThat(fixture.output(spec.id()))
                .contains("hello", "/etc/ssh", "Permission denied", "Read-only file system");
    }

    @Test
    void execRunsBesideTheAgentAndReturnsItsExitCode() throws Exception {
        var spec = fixture.spec("exec", "echo up; sleep 30");
        fixture.launch(spec);
        Awaitility.await().until(() -> fixture.output(spec.id()).equals("up\n"));
        try (ExecSession session = fixture.driver()
                .exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", "cat; echo err >&2; exit 5"), false, true))) {
            session.standardInput().write("in\n".getBytes(StandardCharsets.UTF_8));
            session.standardInput().close();
            assertThat(new String(session.standardOutput().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("in\n");
            assertThat(new String(session.standardError().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("err\n");
            assertThat(session.awaitExit()).isEqualTo(5);
        }
    }

    @Test
    void execOnATerminalHasItsSize() throws Exception {
        var spec = fixture.spec("terminal", "echo up; sleep 30");
        fixture.launch(spec);
        Awaitility.await().until(() -> fixture.output(spec.id()).equals("up\n"));
        try (ExecSession session = fixture.driver()
                .exec(
                        spec.id(),
                        new ExecRequest(List.of("/bin/sh", "-c", "read line; stty size; exit 3"), true, true))) {
            session.resize(120, 40);
            session.standardInput().write("go\n".getBytes(StandardCharsets.UTF_8));
            String output = new String(session.standardOutput().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(output).contains("40 120");
            assertThat(session.awaitExit()).isEqualTo(3);
        }
    }

    @Test
    void anAgentThatIgnoresTheRequestToStopIsKilled() throws Exception {
        var spec = fixture.spec("stubborn", "trap '' TERM; while true; do sleep 0.1; done");
        fixture.launch(spec);
        fixture.driver().terminate(spec.id());
        fixture.driver().kill(spec.id());
        assertThat(fixture.driver().awaitExit(spec.id()).code()).isEqualTo(137);
    }

    @Test
    void theMemoryLimitKillsAndIsReported() throws Exception {
        var spec = fixture.limited("memory", "python3 -c 'x = bytearray(200_000_000)'", 32L << 20, 64);
        ExitStatus exit = fixture.run(spec);
        assertThat(exit.code()).isEqualTo(137);
        assertThat(exit.outOfMemory()).isTrue();
    }

    @Test
    void theProcessLimitRefusesForks() throws Exception {
        var spec = fixture.limited("forks", "for i in $(seq 1 50); do sleep 5 & done; echo not reached", 64L << 20, 16);
        fixture.run(spec);
        assertThat(fixture.output(spec.id())).contains("Cannot fork").doesNotContain("not reached");
    }

    @Test
    void theStorageLimitIsTheEndOfTheDisk() throws Exception {
        var spec = fixture.withStorage("disk", "head -c 20000000 /dev/zero > /workspace/big; echo code $?", 8L << 20);
        fixture.run(spec);
        assertThat(fixture.output(spec.id())).contains("No space left on device", "code 1");
    }

    @Test
    void secretsOfTheHostAreNotSeen() throws Exception {
        var spec = fixture.spec(
                "secrets",
                "for p in /etc/shadow /etc/gshadow /root /home " + fixture.stateDirectory()
                        + " /run/docker.sock /var/lib; do echo \"$p: $(cat $p 2>&1 | head -c 60; ls -A $p 2>/dev/null)\"; done");
        fixture.run(spec);
        assertThat(fixture.output(spec.id()))
                .doesNotContain("root:x", "root:*", "root:!")
                .doesNotContain(".ssh")
                .doesNotContain("dpkg");
        assertThat(Files.exists(java.nio.file.Path.of("/etc/shadow"))).isTrue();
    }

    @Test
    void theAgentHasNoPrivilege() throws Exception {
        var spec = fixture.spec(
                "privilege",
                "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; cat /proc/self/uid_map; ls /sys/class/net;"
                        + " touch /sys/x; touch /usr/x; touch /x; unshare -U true; echo > /proc/sys/kernel/core_pattern");
        fixture.run(spec);
        String output = fixture.output(spec.id());
        assertThat(output)
                .contains("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2")
                .contains("65536")
                .contains("touch: cannot touch '/sys/x': Read-only file system")
                .contains("touch: cannot touch '/usr/x': Read-only file system")
                .contains("touch: cannot touch '/x': Read-only file system")
                .contains("unshare: unshare failed: Operation not permitted")
                .contains("core_pattern: Read-only file system");
        assertThat(output.lines().filter(line -> line.equals("lo") || line.startsWith("eth") || line.startsWith("ac")))
                .containsExactly("lo");
    }
}
