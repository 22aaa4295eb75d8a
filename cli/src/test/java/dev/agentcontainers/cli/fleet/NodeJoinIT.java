package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.fleet.AgentctlRun.Result;
import dev.agentcontainers.cli.node.NodeUnit;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.localcluster.process.FileTrees;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A machine outside Kubernetes joins a real operator through its gateway, works, and is reset without a trace. */
@Tag("cluster")
@Tag("node")
class NodeJoinIT {
    private static final String NODE = "joined-1";
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** A user and a group that every Linux has, and that nothing else uses here. */
    private static final String USER = "65534";

    private static final String GROUP = "games";

    private static TestFleet fleet;
    private static Path folder;

    @BeforeAll
    static void up() throws Exception {
        fleet = TestFleet.start();
        folder = Files.createTempDirectory("joined");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        if (fleet != null) {
            agentctl(reset());
            fleet.close();
            FileTrees.delete(folder);
        }
    }

    @Test
    void joinsRunsAgentsAndIsResetWithoutATrace() throws Exception {
        Result token = agentctl(List.of("node", "token", "--for", NODE, "--valid", "10m"));
        assertThat(token.exitCode()).as(token.errors()).isZero();
        assertThat(token.output()).startsWith("agentctl node join --gateway https://127.0.0.1:");

        List<String> join = new ArrayList<>(List.of(token.output().strip().split(" ")));
        join.removeFirst();
        join.addAll(List.of("--name", NODE, "--label", "pool=joined", "--no-service", "--first-user-id", "1000000000"));
        join.addAll(List.of("--local-socket", socket(), "--local-group", GROUP, "--local-share", "30"));
        join.addAll(folders());
        Result joined = agentctl(join);
        assertThat(joined.exitCode()).as(joined.errors()).isZero();
        assertThat(joined.output()).contains("-Dagentcontainers.node.name=" + NODE);
        assertThat(agentctl(join).exitCode()).as("joining may be repeated").isZero();
        assertThat(agentctl(List.of(
                                "node",
                                "join",
                                "--no-service",
                                "--state-directory",
                                folder.resolve("state").toString()))
                        .output())
                .as("what is not said again stays")
                .isEqualTo(joined.output());

        Process running = run(joined.output());
        try {
            Awaitility.await(NODE + " is Ready").atMost(PATIENCE).until(() -> isReady(running));
            assertThat(node().getMetadata().getLabels()).containsEntry("pool", "joined");
            runAnAgent();
            usersOfTheGroupRunAgentsOfTheirOwn();
            itSaysHowStronglyItIsolates();
            Result reset = agentctl(reset());
            assertThat(reset.exitCode()).as(reset.errors()).isZero();
            assertThat(reset.output())
                    .contains("removed process " + running.pid() + " (node agent)")
                    .contains("removed agent ")
                    .contains("removed network namespace agentfence-" + NODE)
                    .contains("removed control group ")
                    .contains("removed files in " + folder.resolve("state"));
            assertThat(running.isAlive()).isFalse();
        } finally {
            running.destroyForcibly();
        }
        assertThat(folder.resolve("state")).doesNotExist();
        assertThat(folder.resolve("run")).doesNotExist();
        assertThat(Path.of(socket())).doesNotExist();
        Result again = agentctl(reset());
        assertThat(again.exitCode()).isZero();
        assertThat(again.output()).contains("Nothing of node agent");
        // As the reset said; until then the operator waits for the node to come back.
        fleet.client().resource(node()).delete();
        fleet.delete("on-joined");
    }

    /** Asked anew, while an agent of it runs. */
    private static void itSaysHowStronglyItIsolates() {
        Result verified = agentctl(List.of("node", "verify", NODE));
        assertThat(verified.exitCode())
                .as(verified.output() + verified.errors())
                .isZero();
        assertThat(verified.output())
                .contains("Isolation of driver process on " + NODE, "Isolation of driver container on " + NODE)
                .contains("level Process", "level Container")
                .contains("private-file-of-host", "descriptors-exhausted")
                .doesNotContain("FAILED");
        Result unknown = agentctl(List.of("node", "verify", "nowhere"));
        assertThat(unknown.exitCode()).isEqualTo(1);
        assertThat(unknown.errors()).contains("there is no AgentNode nowhere");
    }

    @Test
    void aMachineWithoutSystemdIsToldSoBeforeAnythingIsDone() {
        assumeFalse(Files.isDirectory(Path.of("/run/systemd/system")), "needs a machine without systemd");
        List<String> join = new ArrayList<>(List.of("node", "join", "--gateway", "https://127.0.0.1:1"));
        join.addAll(List.of("--ca-hash", "sha256:" + "0".repeat(64), "--token", "abcdef.0123456789abcdef"));
        join.addAll(folders());
        Result result = agentctl(join);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.errors()).contains("systemd does not run this machine", "--no-service", "--foreground");
        assertThat(folder.resolve("state")).doesNotExist();
    }

    @Test
    void wrongTokensAndHashesAreSaid() {
        List<String> start = List.of(
                "node",
                "join",
                "--no-service",
                "--name",
                "other",
                "--gateway",
                fleet.gateway().toString());
        List<String> token = List.of("--token", "abcdef.0123456789abcdef");
        String right = agentctl(List.of("node", "token")).output().replaceAll("(?s).*--ca-hash (\\S+) .*", "$1");
        assertThat(agentctl(join(start, List.of("--ca-hash", right), token, folders()))
                        .errors())
                .contains("this bootstrap token is not valid");
        assertThat(agentctl(join(start, List.of("--ca-hash", "sha256:" + "0".repeat(64)), token, folders()))
                        .errors())
                .contains("shows no authority whose key has the hash");
        assertThat(agentctl(join(start, token, folders())))
                .satisfies(result -> assertThat(result.exitCode()).isEqualTo(2))
                .satisfies(result -> assertThat(result.errors()).contains("--ca-hash or --ca-file is missing"));
        assertThat(agentctl(join(start, List.of("--name", "Wrong_Name"), folders()))
                        .exitCode())
                .isEqualTo(2);
        agentctl(reset());
    }

    @SafeVarargs
    private static List<String> join(List<String>... parts) {
        List<String> line = new ArrayList<>();
        for (List<String> part : parts) {
            line.addAll(part);
        }
        return line;
    }

    /** One that can run on no other node, so it is this one that runs it. */
    private static void runAnAgent() {
        fleet.create(
                "on-joined",
                "echo here; sleep 1000",
                "placement: {nodeSelector: {pool: joined}}\nlifecycle: {terminationGracePeriodSeconds: 0}");
        AgentContainer agent = fleet.await("on-joined", AgentPhase.Running);
        assertThat(agent.getStatus().nodeName()).isEqualTo(NODE);
        Awaitility.await("its log is read through the gateway")
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> fleet.output("on-joined").equals("here"));
    }

    private static void usersOfTheGroupRunAgentsOfTheirOwn() {
        String number = ExternalCommand.of("getent", "group", GROUP).run().split(":", -1)[2];
        Result member = asUser("--groups=" + number, "run", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
        assertThat(member.exitCode()).as(member.errors()).isEqualTo(7);
        assertThat(member.output()).isEqualTo("out\n");
        assertThat(member.errors()).isEqualTo("err\n");
        Result tooMuch = asUser("--groups=" + number, "run", "--memory", "100Ti", "--", "true");
        assertThat(tooMuch.exitCode()).isNotZero();
        assertThat(tooMuch.errors()).contains("spec.resources.limits.memory");
        Result other = asUser("--clear-groups", "run", "--", "true");
        assertThat(other.exitCode()).isNotZero();
        assertThat(other.errors()).contains("you may not use its socket " + socket());
    }

    /** Agentctl lies in root's home perhaps, where others can't read. */
    private static Result asUser(String groups, String... arguments) {
        Path copy = folder.resolve("program");
        if (!Files.exists(copy)) {
            String built = System.getProperty("project.root") + "/cli/target/";
            ExternalCommand.of("mkdir", copy.toString()).run();
            ExternalCommand.of("cp", "-rL", built + "agentctl.jar", built + "lib", copy.toString())
                    .run();
            ExternalCommand.of("chmod", "-R", "a+rX", copy.toString()).run();
        }
        List<String> line = new ArrayList<>(List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, groups, "--"));
        line.addAll(AgentctlRun.commandLine());
        line.set(line.size() - 1, copy.resolve("agentctl.jar").toString());
        line.addAll(List.of(arguments));
        return AgentctlRun.startProgram(Map.of("AGENTCTL_SOCKET", socket()), line)
                .await();
    }

    private static String socket() {
        return folder.resolve("sockets/node.sock").toString();
    }

    private static boolean isReady(Process process) {
        assertThat(process.isAlive()).as("the node agent runs").isTrue();
        return NodeMembership.isReady(node());
    }

    private static AgentNode node() {
        return fleet.client().resources(AgentNode.class).withName(NODE).get();
    }

    /** As a supervisor would, with no more capabilities than the unit leaves. */
    private static Process run(String command) throws IOException {
        File log = folder.resolve("log").toFile();
        String without = NodeUnit.capabilitiesDropped().stream()
                .map(capability -> "-" + capability.substring("CAP_".length()).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(","));
        return new ProcessBuilder("sh", "-c", "exec setpriv --bounding-set=" + without + " " + command.strip())
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
    }

    private static List<String> folders() {
        return List.of(
                "--state-directory", folder.resolve("state").toString(),
                "--run-directory", folder.resolve("run").toString());
    }

    private static List<String> reset() {
        return List.of(
                "node", "reset", "--state-directory", folder.resolve("state").toString());
    }

    private static Result agentctl(List<String> arguments) {
        Map<String, String> environment =
                new HashMap<>(Map.of("AGENTCTL_HOME", fleet.layout().home().toString()));
        return AgentctlRun.start(environment, arguments).await();
    }
}
