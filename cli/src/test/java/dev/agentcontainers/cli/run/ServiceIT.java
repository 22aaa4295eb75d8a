package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.cli.process.ExternalCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code agentctl run} by users without root, through {@code agentctl serve}. */
@Tag("node")
class ServiceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** A user and a group that every Linux has, and that nothing else uses here. */
    private static final String USER = "65534";

    private static final String GROUP = "games";

    @TempDir
    private static Path folder;

    private static String classPath = "";
    private static AgentctlProcess service;

    @BeforeAll
    static void serve() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv");
        assertThat(StandaloneTraces.found()).isEmpty();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        classPath = ReadableClassPath.in(folder);
        // As on a machine whose administrator lets nobody read what root makes.
        List<String> strictly = List.of("sh", "-c", "umask 0077; exec \"$@\"", "sh");
        service = AgentctlProcess.start(
                new AgentctlProcess.Launch(strictly, System.getProperty("java.class.path"), Map.of(), ""),
                folder,
                List.of("serve", "--socket", socket(), "--group", GROUP, "--runs-per-user", "2"));
        await().atMost(PATIENCE).until(() -> Files.exists(Path.of(socket())));
    }

    @AfterAll
    static void endServing() throws Exception {
        if (service != null) {
            service.signal("TERM");
            assertThat(service.await()).isZero();
            assertThat(Path.of(socket())).doesNotExist();
            assertThat(StandaloneTraces.found()).isEmpty();
        }
    }

    @AfterEach
    void leavesNothing() {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(StandaloneTraces.found()).isEmpty());
    }

    @Test
    void theSocketIsTheGroupsAlone() throws IOException {
        Path socket = Path.of(socket());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-rw----");
        assertThat(Files.getAttribute(socket, "posix:group").toString()).isEqualTo(GROUP);
        assertThat(Files.getOwner(socket).getName()).isEqualTo("root");
    }

    @Test
    void aMemberOfTheGroupRunsAnAgent() throws Exception {
        AgentctlProcess run = asMember("sh", "-c", "echo out; echo err >&2; printf 'no end'; exit 7");

        assertThat(run.await()).isEqualTo(7);
        assertThat(run.output()).isEqualTo("out\nno end");
        assertThat(run.errorOutput()).isEqualTo("err\n");
    }

    @Test
    void allOfAMegabyteArrives() throws Exception {
        AgentctlProcess run = asMember("sh", "-c", "seq 1 150000");

        assertThat(run.await()).isZero();
        assertThat(run.output().lines()).hasSize(150_000).endsWith("150000");
    }

    @Test
    void anInterruptIsPassedOn() throws Exception {
        AgentctlProcess run =
                asMember("--", "sh", "-c", "trap 'echo bye; exit 5' TERM; printf ready; while :; do sleep 0.1; done");
        run.awaitOutput("ready");

        run.signal("INT");

        assertThat(run.await()).isEqualTo(5);
        assertThat(run.output()).isEqualTo("readybye\n");
    }

    @Test
    void aRunEndsWithItsClient() throws Exception {
        AgentctlProcess run = asMember("--grace-period", "0", "sh", "-c", "echo ready; sleep 1000");
        run.awaitOutput("ready\n");
        assertThat(StandaloneTraces.fences()).hasSize(1);

        run.signal("KILL");
        run.await();

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(StandaloneTraces.found()).isEmpty());
    }

    @Test
    void aUserHasNoMoreRunsThanAllowed() throws Exception {
        AgentctlProcess first = asMember("--grace-period", "0", "sh", "-c", "echo ready; sleep 1000");
        AgentctlProcess second = asMember("--grace-period", "0", "sh", "-c", "echo ready; sleep 1000");
        first.awaitOutput("ready\n");
        second.awaitOutput("ready\n");

        AgentctlProcess third = asMember("true");

        assertThat(third.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(third.errorOutput()).contains("has 2 runs under way, which is as many as one user may have");
        first.signal("INT");
        second.signal("INT");
        assertThat(first.await()).isEqualTo(137);
        assertThat(second.await()).isEqualTo(137);
    }

    @Test
    void noRunGetsMoreThanTheShare() throws Exception {
        AgentctlProcess run = asMember("--memory", "100Ti", "true");

        assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(run.errorOutput())
                .contains("spec.resources.limits.memory: is")
                .contains("are free");
    }

    @Test
    void noRunIsInANamespaceOfTheSystem() throws Exception {
        AgentctlProcess run = asMember("-n", "kube-system", "true");

        assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(run.errorOutput())
                .contains("is 'kube-system', but namespaces that begin with kube- are the system's");
    }

    @Test
    void aUserOutsideTheGroupIsRefused() throws Exception {
        AgentctlProcess run = as(List.of("--clear-groups"), socket(), "true");

        assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(run.errorOutput()).contains("you may not use its socket " + socket(), "usermod -aG " + GROUP);
    }

    /** The service of a machine runs by its own rules and registries, and what is passed over would be taken for heeded. */
    @ParameterizedTest
    @ValueSource(strings = {"--registries", "--dns-upstream", "--never-allow"})
    void flagsThatTheServiceDoesNotHeedAreRefused(String flag) throws Exception {
        AgentctlProcess run = asMember(flag, "192.0.2.53", "--", "true");

        assertThat(run.await()).isEqualTo(2);
        assertThat(run.errorOutput())
                .contains("run: " + flag + " can't go with the service of this machine, which has its own");
    }

    @Test
    void saysWhatToDoWhereThereIsNoService() throws Exception {
        AgentctlProcess run = as(List.of("--clear-groups"), "/run/no-such.sock", "true");

        assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(run.errorOutput()).contains("there is no socket /run/no-such.sock", "sudo agentctl serve");
    }

    private static String socket() {
        return folder.resolve("sockets/node.sock").toString();
    }

    private static AgentctlProcess asMember(String... arguments) throws IOException {
        String number = ExternalCommand.of("getent", "group", GROUP).run().split(":", -1)[2];
        return as(List.of("--groups=" + number), socket(), arguments);
    }

    private static AgentctlProcess as(List<String> groups, String socket, String... arguments) throws IOException {
        List<String> before = new ArrayList<>(List.of("setpriv", "--reuid=" + USER, "--regid=" + USER));
        before.addAll(groups);
        before.add("--");
        List<String> words = new ArrayList<>(List.of("run"));
        words.addAll(List.of(arguments));
        return AgentctlProcess.start(
                new AgentctlProcess.Launch(before, classPath, Map.of("AGENTCTL_SOCKET", socket), ""), folder, words);
    }
}
