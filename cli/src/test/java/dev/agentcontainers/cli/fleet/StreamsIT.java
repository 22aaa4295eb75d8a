package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.display.VncViewer;
import dev.agentcontainers.cli.fleet.AgentctlRun.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs, exec and copies of the local fleet, by agentctl as its users start it, through the gateway. */
@Tag("cluster")
@Tag("node")
class StreamsIT {
    private static final String AGENT = "speaks";

    @TempDir
    static Path folder;

    private static TestFleet fleet;

    @BeforeAll
    static void up() throws Exception {
        fleet = TestFleet.start();
        fleet.create(AGENT, "echo first; echo second >&2; sleep 15; echo third; sleep 1000", "");
        fleet.await(AGENT, AgentPhase.Running);
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        if (fleet != null) {
            fleet.close();
        }
    }

    @Test
    void aFinishedAgentsLogIsPrintedWholeOrInPart() {
        fleet.create("finished", "echo one; echo two; echo three", "");
        fleet.await("finished", AgentPhase.Succeeded);
        assertThat(agentctl("logs", "finished")).isEqualTo(new Result(0, "one\ntwo\nthree\n", ""));
        assertThat(agentctl("logs", "--tail", "1", "finished").output()).isEqualTo("three\n");
        assertThat(agentctl("logs", "--tail", "2", "finished").output()).isEqualTo("two\nthree\n");
        assertThat(agentctl("logs", "--timestamps", "--tail", "1", "finished").output())
                .matches("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+\\S+ three\n");
        fleet.delete("finished");
    }

    @Test
    void onlyWhatIsYoungIsPrintedWhereAsked() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> fleet.output(AGENT).endsWith("third"));
        String[] lines = agentctl("logs", "--timestamps", AGENT).output().split("\n", -1);
        Duration age = Duration.between(Instant.parse(lines[2].split(" ", 2)[0]), Instant.now());
        // The others are 15 s older.
        String since = age.plusSeconds(7).toSeconds() + "s";
        assertThat(agentctl("logs", "--since", since, AGENT).output()).isEqualTo("third\n");
        assertThat(agentctl("logs", "--since", "1h", AGENT).output()).isEqualTo("first\nsecond\nthird\n");
    }

    @Test
    void followingGoesOnAsTheAgentWritesAndEndsWithIt() {
        fleet.create("followed", "echo begin; sleep 6; echo end; exit 3", "");
        fleet.await("followed", AgentPhase.Running);
        AgentctlRun following = start(Map.of(), "logs", "-f", "followed");
        assertThat(following.await()).isEqualTo(new Result(0, "begin\nend\n", ""));
        fleet.await("followed", AgentPhase.Failed);
        fleet.delete("followed");
    }

    @Test
    void followingEndsWhereTheAgentIsDeleted() {
        fleet.create("deleted", "echo begin; sleep 1000", "lifecycle: {terminationGracePeriodSeconds: 0}");
        fleet.await("deleted", AgentPhase.Running);
        AgentctlRun following = start(Map.of(), "logs", "-f", "deleted");
        Awaitility.await().until(() -> following.handle().isAlive());
        fleet.delete("deleted");
        assertThat(following.await().output()).isIn("begin\n", "");
    }

    @Test
    void aCommandRunsInTheSandboxAndItsExitCodeIsOurs() {
        Result result = agentctl("exec", AGENT, "--", "sh", "-c", "echo out; echo err >&2; pwd; exit 7");
        assertThat(result.exitCode()).isEqualTo(7);
        assertThat(result.output()).startsWith("out\n");
        assertThat(result.errors()).isEqualTo("err\n");
        assertThat(agentctl("exec", AGENT, "--", "/bin/true")).isEqualTo(new Result(0, "", ""));
        assertThat(agentctl("exec", AGENT, "--", "cat", "/etc/shadow").exitCode())
                .as("it is the agent's sandbox, not the host")
                .isNotZero();
    }

    @Test
    void aProgramThatIsNotThereIsSaid() {
        Result result = agentctl("exec", AGENT, "--", "/no/such/program");
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.errors()).contains("/no/such/program");
    }

    @Test
    void standardInputIsPassedOnToItsEnd() {
        AgentctlRun run = start(Map.of(), "exec", "-i", AGENT, "--", "sh", "-c", "cat; echo done");
        assertThat(run.write("hello\n").write("again\n").endInput().await())
                .isEqualTo(new Result(0, "hello\nagain\ndone\n", ""));
    }

    /** To a folder of the agent's own, and back, by all of the way: names, modes, a large file, what tar says, an archive. */
    @Test
    void filesAreCopiedBothWays() throws IOException {
        fleet.create(
                "copied",
                "sleep 1000",
                "workingDir: /workspace\nfilesystem: {mounts: [{path: /workspace, access: ReadWrite, source: {workspace: {}}}]}");
        fleet.await("copied", AgentPhase.Running);
        Path sent = Files.createDirectories(folder.resolve("sent"));
        Files.createDirectories(sent.resolve("-empty folder"));
        Path script = Files.writeString(sent.resolve("run me"), "#!/bin/sh\necho ran\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        byte[] large = new byte[100 << 20];
        new java.util.Random(1).nextBytes(large);
        Files.write(sent.resolve("large"), large);

        assertThat(agentctl("cp", sent.toString(), "copied:.")).isEqualTo(new Result(0, "", ""));
        assertThat(agentctl("exec", "copied", "--", "/workspace/sent/run me").output())
                .isEqualTo("ran\n");
        assertThat(agentctl("exec", "copied", "--", "ls", "/workspace/sent").output())
                .isEqualTo("-empty folder\nlarge\nrun me\n");
        Path back = folder.resolve("back");
        assertThat(agentctl("cp", TestFleet.NAMESPACE + "/copied:/workspace/sent", back.toString()))
                .isEqualTo(new Result(0, "", ""));
        assertThat(back.resolve("-empty folder")).isEmptyDirectory();
        assertThat(Files.mismatch(back.resolve("large"), sent.resolve("large"))).isEqualTo(-1);
        assertThat(back.resolve("run me")).isExecutable();

        Result none = agentctl("cp", "copied:/workspace/none", back.toString());
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.errors())
                .contains("tar in " + TestFleet.NAMESPACE + "/copied ended")
                .contains("none");
        Result readOnly = agentctl("cp", script.toString(), "copied:/usr/here");
        assertThat(readOnly.exitCode()).isEqualTo(1);
        assertThat(readOnly.errors()).contains("tar in " + TestFleet.NAMESPACE + "/copied ended");
        anArchivePassesAsItIs();
        aHostileAgentWritesNothingOutside();
        fleet.delete("copied");
    }

    private static void anArchivePassesAsItIs() throws IOException {
        List<String> listed = new ArrayList<>(List.of("sh", "-c", "\"$@\" | tar -t", "sh"));
        listed.addAll(AgentctlRun.commandLine());
        listed.addAll(List.of("cp", "-n", TestFleet.NAMESPACE, "copied:sent/run me", "-"));
        Result archive = AgentctlRun.startProgram(environment(), listed).await();
        assertThat(archive.errors()).isEmpty();
        assertThat(archive.output()).isEqualTo("./run me\n");
        List<String> unpacked =
                new ArrayList<>(List.of("sh", "-c", "cd " + folder + "; tar -c -f - sent/-empty* | \"$@\"", "sh"));
        unpacked.addAll(AgentctlRun.commandLine());
        unpacked.addAll(List.of("cp", "-n", TestFleet.NAMESPACE, "-", "copied:/tmp"));
        assertThat(AgentctlRun.startProgram(environment(), unpacked).await()).isEqualTo(new Result(0, "", ""));
        assertThat(agentctl("exec", "copied", "--", "ls", "/tmp/sent").output()).isEqualTo("-empty folder\n");
    }

    /** Links of an agent's that lead out stay with it; what it could send by a tar of its own is in DownloadAttacksTest. */
    private static void aHostileAgentWritesNothingOutside() throws IOException {
        Path outside = Files.createDirectories(folder.resolve("outside"));
        Path target = Files.createDirectories(folder.resolve("target"));
        String attack = "mkdir -p h/out && ln -s " + outside
                + " h/out/door && ln -s ../../outside h/out/up && echo kept > h/out/x";
        assertThat(agentctl("exec", "copied", "--", "sh", "-c", attack).exitCode())
                .isZero();
        Result result = agentctl("cp", "copied:h/out", target.toString());
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.errors())
                .contains("left out 'door'")
                .contains("left out 'up'")
                .contains("leads out of what is copied");
        assertThat(outside).isEmptyDirectory();
        assertThat(target.resolve("out/x")).hasContent("kept\n");
        assertThat(target.resolve("out/door")).doesNotExist();
    }

    @Test
    void aTerminalIsOneOnBothSides() {
        List<String> command = new ArrayList<>(AgentctlRun.commandLine());
        command.addAll(List.of("exec", "-n", TestFleet.NAMESPACE, "-it", AGENT, "--"));
        String shell = "stty rows 33 cols 111; " + String.join(" ", command)
                + " sh -c \"test -t 0 && test -t 1 && echo terminal;"
                + " until stty size | grep -q 33; do :; done; stty size; exit 5\"";
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "needs script (bsdutils)");
        Result result = AgentctlRun.startProgram(environment(), List.of("script", "-qec", shell, "/dev/null"))
                .await();
        assertThat(result.output()).contains("terminal", "33 111");
        assertThat(result.exitCode()).isEqualTo(5);
    }

    /** The agent goes where no rule lets it; both who asks for what it is denied and who asks for all see that. */
    @Test
    void whatAnAgentIsDeniedIsWatched() throws IOException {
        fleet.create(
                "watched",
                "for i in $(seq 12); do timeout 1 bash -c \"</dev/tcp/192.0.2.77/4444\"; sleep 0.5; done; exit 0",
                "");
        fleet.await("watched", AgentPhase.Running);
        AgentctlRun text = start(Map.of(), "egress", "watch", "--denied", "watched");
        AgentctlRun json = start(Map.of(), "egress", "watch", "-o", "json", "watched");
        Result shown = text.await();
        assertThat(shown.exitCode()).as(shown.errors()).isZero();
        assertThat(shown.output())
                .containsPattern("denied   TCP   192\\.0\\.2\\.77:4444  no rule of the agent's policies allows it");
        Result events = json.await();
        assertThat(events.exitCode()).as(events.errors()).isZero();
        assertThat(events.output())
                .contains("\"class_uid\":4001")
                .contains("\"name\":\"" + TestFleet.NAMESPACE + "/watched\"")
                .contains("\"ip\":\"192.0.2.77\"");
        fleet.await("watched", AgentPhase.Succeeded);
        whatWasWatchedIsLearnedFrom();
        fleet.delete("watched");
    }

    /** From the files of the fleet's own nodes, without being told where they are. */
    private static void whatWasWatchedIsLearnedFrom() throws IOException {
        Result nothing = agentctl("egress", "learn", "watched");
        assertThat(nothing.exitCode()).isEqualTo(1);
        assertThat(nothing.errors())
                .contains("nothing was recorded that " + TestFleet.NAMESPACE + "/watched was let do");
        Result learned = agentctl("egress", "learn", "--include-denied", "watched");
        assertThat(learned.exitCode()).as(learned.errors()).isZero();
        assertThat(learned.output()).contains("none is denied").contains("- ipBlock: {cidr: \"192.0.2.77/32\"}");

        Path policy = Files.writeString(folder.resolve("learned.yaml"), learned.output());
        Result simulated = agentctl("egress", "simulate", "-f", policy.toString(), "--since", "1h");
        assertThat(simulated.exitCode()).as(simulated.errors()).isEqualTo(1);
        assertThat(simulated.output())
                .contains("opens   egress   192.0.2.77/32  TCP 4444\n")
                .contains("flow      " + TestFleet.NAMESPACE
                        + "/watched → 192.0.2.77 port 4444/TCP: denied, would be allowed\n");
        Result applied = AgentctlRun.startProgram(
                        Map.of("KUBECONFIG", fleet.controlPlane().kubeconfig().toString()),
                        List.of(
                                fleet.controlPlane().kubectl().toString(),
                                "apply",
                                "--dry-run=server",
                                "-f",
                                policy.toString()))
                .await();
        assertThat(applied.exitCode()).as(applied.errors()).isZero();
    }

    /** An agent that is never idle and holds 40 MiB, as its node tells and as it is shown. */
    @Test
    void whatAnAgentUsesIsShown() throws IOException {
        fleet.create(
                "busy",
                "python3 -c \"import itertools; held = bytes([1]) * (40 << 20); print(len(held), flush=True);"
                        + " [held for each in itertools.count() if each < 0]\"",
                "");
        fleet.await("busy", AgentPhase.Running);
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> !fleet.output("busy").isEmpty());

        Result shown = agentctl("top", "agents", "busy");
        assertThat(shown.errors()).isEmpty();
        assertThat(shown.exitCode()).isZero();
        assertThat(shown.output().lines()).hasSize(2).first().asString().startsWith("NAME   NODE");
        String[] row = shown.output().lines().toList().get(1).split(" +", -1);
        assertThat(row[0]).isEqualTo("busy");
        assertThat(Integer.parseInt(row[2].replace("m", ""))).isPositive();
        assertThat(Integer.parseInt(row[4].replace("Mi", ""))).isGreaterThanOrEqualTo(40);

        Result json = agentctl("top", "agents", "--sort-by", "cpu", "-o", "json");
        assertThat(json.output().lines().toList().getFirst())
                .contains("\"name\":\"busy\"")
                .contains("\"memoryBytes\":");
        Result nodes = AgentctlRun.start(environment(), List.of("top", "nodes")).await();
        assertThat(nodes.exitCode()).as(nodes.errors()).isZero();
        assertThat(nodes.output()).startsWith("NAME ").contains("AGENTS");
        Result nobody = agentctl("top", "agents", "nobody");
        assertThat(nobody.exitCode()).isEqualTo(1);
        assertThat(nobody.errors()).contains("there is no AgentContainer 'nobody'");
        fleet.delete("busy");
    }

    /** With its files, by another run, and whatever its restartPolicy. */
    @Test
    void anAgentIsSuspendedAndResumed() {
        fleet.create(
                "resting",
                "echo run >> runs; exec sleep 1000",
                "workingDir: /workspace\nlifecycle: {terminationGracePeriodSeconds: 0}\n"
                        + "filesystem: {mounts: [{path: /workspace, access: ReadWrite, source: {workspace: {}}}]}");
        fleet.await("resting", AgentPhase.Running);

        assertThat(agentctl("suspend", "resting")).isEqualTo(new Result(0, "team-a/resting is suspended\n", ""));
        assertThat(agentctl("exec", "resting", "--", "true").errors())
                .contains("is not running: its phase on the node is Suspended");
        assertThat(agentctl("resume", "team-a/resting")).isEqualTo(new Result(0, "team-a/resting is resumed\n", ""));

        assertThat(agentctl("exec", "resting", "--", "cat", "/workspace/runs").output())
                .isEqualTo("run\nrun\n");
        fleet.delete("resting");
        assertThat(agentctl("suspend", "resting").errors())
                .contains("there is no AgentContainer 'resting' in the namespace 'team-a'");
    }

    /** Its files go on in another agent, which has never run before. */
    @Test
    void theFilesOfASuspendedAgentAreSavedAndRestoredInAnotherOne() throws IOException {
        String mounts = "workingDir: /workspace\nlifecycle: {terminationGracePeriodSeconds: 0%s}\n"
                + "filesystem: {mounts: [{path: /workspace, access: ReadWrite, source: {workspace: {}}}]}";
        fleet.create("origin", "echo run of $(hostname) >> runs; exec sleep 1000", mounts.formatted(""));
        fleet.await("origin", AgentPhase.Running);
        Path file = folder.resolve("origin.tar.gz");
        Result tooEarly = snapshot("save", "origin", "-f", file.toString());
        assertThat(tooEarly.exitCode()).isEqualTo(1);
        assertThat(tooEarly.errors()).contains("is not suspended").contains("agentctl suspend origin");
        assertThat(agentctl("suspend", "origin").exitCode()).isZero();
        fleet.create("copy", "echo run of $(hostname) >> runs; exec sleep 1000", mounts.formatted(", suspended: true"));
        fleet.await("copy", AgentPhase.Suspended);

        Result saved = snapshot("save", "origin", "-f", file.toString());
        assertThat(saved.exitCode()).as(saved.errors()).isZero();
        assertThat(saved.errors()).isEqualTo("2 files, directories and links; 14 bytes\n");
        assertThat(java.nio.file.Files.getPosixFilePermissions(file)).hasSize(2);
        byte[] whole = Files.readAllBytes(file);
        Path part = Files.write(folder.resolve("part.tar.gz"), java.util.Arrays.copyOf(whole, whole.length - 20));
        Result damaged = snapshot("restore", "copy", "-f", part.toString());
        assertThat(damaged.exitCode()).isEqualTo(1);
        assertThat(damaged.errors()).contains("is not whole").contains("the agent's files are as they were");
        Result restored = snapshot("restore", TestFleet.NAMESPACE + "/copy", "-f", file.toString());
        assertThat(restored.exitCode()).as(restored.errors()).isZero();
        assertThat(agentctl("resume", "copy").exitCode()).isZero();

        assertThat(agentctl("exec", "copy", "--", "cat", "/workspace/runs").output())
                .isEqualTo("run of origin\nrun of copy\n");
        fleet.delete("origin");
        fleet.delete("copy");
    }

    /** By all of the way: a viewer here, the gateway, the node, the server in the sandbox. */
    @Test
    void theDisplayOfAnAgentIsShownToWhoMayAndKnowsThePassword() throws IOException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/Xtigervnc")), "needs tigervnc-standalone-server");
        fleet.create("seen", "exec sleep 1000", "session: {display: {width: 640, height: 480}}");
        fleet.await("seen", AgentPhase.Running);
        assertThat(agentctl("display", AGENT).errors())
                .contains("the agent has no display: it has one with spec.session.display");
        Path said = folder.resolve("display.txt");
        AgentctlRun display = AgentctlRun.startProgram(
                Map.of(
                        "AGENTCTL_HOME", fleet.layout().home().toString(),
                        "AGENTCTL_NO_BUILD", "yes",
                        "JAVA_HOME", System.getProperty("java.home")),
                List.of(
                        "sh",
                        "-c",
                        "exec \"$0\" display -n " + TestFleet.NAMESPACE + " seen > " + said,
                        Path.of(System.getProperty("project.root"), "agentctl").toString()));
        try {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> Files.exists(said) && Files.readString(said).endsWith("\n"));
            Matcher line = Pattern.compile("vnc://127[.]0[.]0[.]1:(\\d+) password (\\w{8})\n")
                    .matcher(Files.readString(said));
            assertThat(line.matches()).as(Files.readString(said)).isTrue();
            try (VncViewer viewer = VncViewer.connect(Integer.parseInt(line.group(1)), line.group(2))) {
                assertThat(viewer.title()).isEqualTo(TestFleet.NAMESPACE + "/seen");
                assertThat(viewer.width()).isEqualTo(640);
                assertThat(viewer.height()).isEqualTo(480);
                assertThat(viewer.picture()).isPositive();
            }
        } finally {
            display.handle().destroy();
            display.await();
        }
        fleet.delete("seen");
    }

    private static Result snapshot(String command, String... arguments) {
        List<String> line = new ArrayList<>(List.of("snapshot", command, "-n", TestFleet.NAMESPACE));
        line.addAll(List.of(arguments));
        return AgentctlRun.start(environment(), line).await();
    }

    @Test
    void aUserWithoutTheRightIsRefused() {
        Map<String, String> mallory = Map.of(
                "KUBECONFIG", fleet.controlPlane().kubeconfigFor("mallory").toString());
        Result logs = start(mallory, "logs", AGENT).await();
        assertThat(logs.exitCode()).isEqualTo(1);
        assertThat(logs.output()).isEmpty();
        assertThat(logs.errors()).contains("mallory").contains("agentcontainers/log");
        Result watch = start(mallory, "egress", "watch", AGENT).await();
        assertThat(watch.exitCode()).isEqualTo(1);
        assertThat(watch.errors()).contains("mallory").contains("agentcontainers/egress");
        Result exec = start(mallory, "exec", AGENT, "--", "id").await();
        assertThat(exec.exitCode()).isEqualTo(1);
        assertThat(exec.errors()).contains("mallory").contains("agentcontainers/exec");
        Result save = AgentctlRun.start(
                        mallory, List.of("snapshot", "save", "-n", TestFleet.NAMESPACE, AGENT, "-f", "-"))
                .await();
        assertThat(save.exitCode()).isEqualTo(1);
        assertThat(save.errors()).contains("mallory").contains("agentcontainers/snapshot");
        Result display = start(mallory, "display", AGENT).await();
        assertThat(display.exitCode()).isEqualTo(1);
        assertThat(display.errors()).contains("mallory").contains("agentcontainers/display");
        Result copy = start(mallory, "cp", AGENT + ":/etc/hostname", folder.toString())
                .await();
        assertThat(copy.exitCode()).isEqualTo(1);
        assertThat(copy.errors()).contains("mallory").contains("agentcontainers/exec");
    }

    @Test
    void anAgentThatIsNotThereIsSaid() {
        Result result = agentctl("logs", "nobody");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.errors()).contains("nobody").contains("not found");
    }

    @Test
    void kubectlFindsItAsAPlugin() throws Exception {
        Path plugins = Files.createDirectories(folder.resolve("plugins"));
        Path launcher = Path.of(System.getProperty("project.root"), "agentctl");
        Path plugin = plugins.resolve("kubectl-agent");
        Files.createSymbolicLink(plugin, launcher);
        Map<String, String> environment = new java.util.HashMap<>(environment());
        environment.put("PATH", plugins + ":" + System.getenv("PATH"));
        environment.put("AGENTCTL_NO_BUILD", "true");
        Result result = AgentctlRun.startProgram(
                        environment,
                        List.of(
                                fleet.controlPlane().kubectl().toString(),
                                "agent",
                                "logs",
                                "-n",
                                TestFleet.NAMESPACE,
                                "--tail",
                                "1",
                                AGENT))
                .await();
        assertThat(result.errors()).isEmpty();
        assertThat(result.output()).isIn("second\n", "third\n");
    }

    @Test
    void theGatewayComesBackWithTheOperatorAndNoAgentNotices() {
        ProcessHandle operator = fleet.operator().find().orElseThrow();
        operator.destroyForcibly();
        operator.onExit().join();
        fleet.fleet().up(1, false);
        Awaitility.await("logs are there again")
                .atMost(Duration.ofSeconds(120))
                .pollInterval(Duration.ofSeconds(2))
                .until(() -> agentctl("logs", AGENT).output().startsWith("first\nsecond\n"));
        assertThat(fleet.get(AGENT).getStatus().phase()).isEqualTo(AgentPhase.Running);
    }

    private static Result agentctl(String command, String... arguments) {
        return start(Map.of(), command, arguments).await();
    }

    private static AgentctlRun start(Map<String, String> variables, String command, String... arguments) {
        Map<String, String> environment = new java.util.HashMap<>(environment());
        environment.putAll(variables);
        List<String> line = new ArrayList<>(List.of(command));
        List<String> rest = new ArrayList<>(List.of(arguments));
        if (command.equals("egress") || command.equals("top")) {
            line.add(rest.removeFirst());
        }
        line.addAll(List.of("-n", TestFleet.NAMESPACE));
        line.addAll(rest);
        return AgentctlRun.start(environment, line);
    }

    private static Map<String, String> environment() {
        return Map.of("AGENTCTL_HOME", fleet.layout().home().toString());
    }
}
