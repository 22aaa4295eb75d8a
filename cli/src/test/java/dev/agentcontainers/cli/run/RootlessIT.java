package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.localcluster.binaries.Gvisor;
import dev.agentcontainers.nodeagent.linux.landlock.Landlock;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code agentctl run} by a user who is not root, without any service; nothing of any run is left after it. */
@Tag("node")
class RootlessIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Says for each {@code HOST:PORT} whether it is open. */
    private static final String CONNECT = """
            import socket, sys
            def tell(place):
                host, port = place.rsplit(":", 1)
                try:
                    socket.create_connection((host, int(port)), 3).close(); print(place, "open", flush=True)
                except socket.gaierror:
                    print(place, "not resolved", flush=True)
                except OSError:
                    print(place, "closed", flush=True)
            for place in sys.argv[1:]: tell(place)
            """;

    @TempDir
    private static Path folder;

    private static UsersMachine machine;
    private static String classPath = "";

    @BeforeAll
    static void setUp() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "makes namespaces as root");
        for (String program : List.of("conmon", "crun", "newuidmap", "slirp4netns", "setpriv")) {
            assumeTrue(Files.isExecutable(Path.of("/usr/bin", program)), "needs " + program);
        }
        assertThat(UsersMachine.processesOfTheUser()).isEmpty();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        classPath = ReadableClassPath.in(folder);
        machine = UsersMachine.start(folder);
    }

    @AfterAll
    static void stop() {
        if (machine != null) {
            machine.close();
        }
    }

    @AfterEach
    void leavesNothing() {
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(UsersMachine.processesOfTheUser()).isEmpty());
    }

    @Test
    void givesBothStreamsApartAndTheExitCodeAndLeavesNoFile() throws Exception {
        AgentctlProcess run =
                run("--mount", "/w", "-q", "--", "sh", "-c", "echo out > /w/x; cat /w/x; echo err >&2; exit 7");

        assertThat(run.await()).as("%s", run).isEqualTo(7);
        assertThat(run.output()).isEqualTo("out\n");
        assertThat(run.errorOutput()).isEqualTo("err\n");
        assertThat(machine.files()).isEmpty();
    }

    /** The rule allows every address; where the machine is, and what carries its packets, is closed all the same. */
    @Test
    void reachesWhatIsAllowedButNeitherTheMachineNorWhatCarriesItsPackets() throws Exception {
        AgentctlProcess run = run(
                "--allow",
                "0.0.0.0/0:8080",
                "--allow",
                "0.0.0.0/0:53",
                "--",
                "python3",
                "-c",
                CONNECT,
                UsersMachine.SITE + ":8080",
                UsersMachine.SITE + ":8081",
                UsersMachine.MACHINE + ":8080",
                UsersMachine.ANY + ":8080",
                "100.127.254.2:8080",
                "100.127.254.3:53");

        assertThat(run.await()).as("%s", run).isZero();
        assertThat(run.output()).isEqualTo("""
                        198.51.100.40:8080 open
                        198.51.100.40:8081 closed
                        198.51.100.39:8080 closed
                        192.0.2.9:8080 closed
                        100.127.254.2:8080 closed
                        100.127.254.3:53 closed
                        """);
        assertThat(run.errorOutput())
                .contains("denied: TCP to " + UsersMachine.SITE + ":8081", "packets of the agent were denied");
    }

    /** A command that is stopped can't tell which addresses the machine gets meanwhile: nothing is reached until it goes on. */
    @Test
    void anAddressThatTheMachineGetsLaterIsClosedTooAndAllAreWhereNobodyTellsThem() throws Exception {
        String later = "198.51.100.77";
        String asked = CONNECT + """
                import time
                print("ready", flush=True)
                time.sleep(6)
                tell("%1$s:8080"); tell("%2$s:8080")
                for moment in range(60):
                    time.sleep(1)
                    tell("%2$s:8080")
                """.formatted(later, UsersMachine.SITE);
        AgentctlProcess run = run("--allow", "198.51.100.0/24:8080", "--", "python3", "-c", asked);
        run.awaitOutput("ready\n");

        machine.addAddress(later);
        await().atMost(PATIENCE)
                .until(() -> run.output()
                        .startsWith("ready\n" + later + ":8080 closed\n" + UsersMachine.SITE + ":8080 open\n"));
        run.signal("STOP");
        await().atMost(PATIENCE).until(() -> run.output().endsWith(UsersMachine.SITE + ":8080 closed\n"));
        run.signal("CONT");
        await().atMost(PATIENCE).until(() -> run.output().endsWith(UsersMachine.SITE + ":8080 open\n"));
        run.signal("INT");
        run.signal("INT");

        assertThat(run.await()).as("%s", run).isEqualTo(137);
    }

    @ParameterizedTest(name = "by the resolver of {0}")
    @CsvSource({"the machine's loopback,", "the site," + UsersMachine.RESOLVER})
    void resolvesAndReachesTheNamesThatItsManifestAllows(String whose, String upstream) throws Exception {
        Path manifest = folder.resolve("named.yaml");
        Files.writeString(manifest, """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: caller}
                spec:
                  isolation: {className: process}
                  command: [python3, /code/connect.py, "www.service.example:8080", "www.service.example:8081", "www.other.example:8080"]
                  filesystem: {mounts: [{path: /code, source: {configMap: {name: code}}}]}
                  network:
                    egress: [{name: service, to: [{domain: "*.service.example"}], ports: [{port: 8080}]}]
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: code}
                data:
                  connect.py: |
                %s
                """.formatted(CONNECT.indent(4)));
        List<String> words = new ArrayList<>(List.of("run", "-f", "/dev/fd/9"));
        if (upstream != null) {
            words.addAll(List.of("--dns-upstream", upstream));
        }

        AgentctlProcess run = machine.start(
                classPath, List.of("sh", "-c", "exec \"$@\" 9<" + manifest, "sh"), words.toArray(String[]::new));

        assertThat(run.await()).as("%s", run).isZero();
        assertThat(run.output())
                .isEqualTo("www.service.example:8080 open\nwww.service.example:8081 closed\n"
                        + "www.other.example:8080 not resolved\n");
    }

    /** Of the users' own namespaces: with a fence and agents that try to get out of both. What was found is kept for runs. */
    @Test
    void measuresHowStronglyRunsAreIsolatedAndBelievesItFromThenOn() throws Exception {
        AgentctlProcess verify = machine.start(classPath, List.of(), "node", "verify");

        assertThat(verify.await()).as("%s", verify).isZero();
        assertThat(verify.output())
                .contains("Isolation of driver process", ", without root", "level Process;", " 0 not, 0 not known")
                .containsPattern("passed +Process +denied-address +[0-9]+ packets left its interface, none arrived")
                .containsPattern("passed +Process +processes-exhausted ")
                .containsPattern("n/a +Process +memory-exhausted ")
                .containsPattern("n/a +Process +descriptors-exhausted ");
        Path kept = machine.state().resolve("lib/standalone/strength");
        Path report = kept.resolve("process.json");
        assertThat(report).exists();

        Files.writeString(
                report,
                Files.readString(report)
                        .replace(
                                "\"probe\":\"denied-address\",\"level\":\"Process\",\"verdict\":\"PASSED\"",
                                "\"probe\":\"denied-address\",\"level\":\"Process\",\"verdict\":\"FAILED\""));
        AgentctlProcess run = run("--", "true");
        assertThat(run.await()).as("%s", run).isEqualTo(125);
        assertThat(run.errorOutput()).contains("it was found not to hold (denied-address:", "agentctl node verify");
        DeepDeletion.delete(kept);
    }

    @Test
    void keepsToTheLimitOfPids() throws Exception {
        String forks = """
                import os, time
                made = 1
                try:
                    while made < 1000:
                        if os.fork() == 0:
                            time.sleep(30); os._exit(0)
                        made += 1
                except BlockingIOError:
                    print(made)
                """;
        AgentctlProcess run = run("--pids", "40", "--", "python3", "-c", forks);

        assertThat(run.await()).as("%s", run).isZero();
        assertThat(run.output()).isEqualTo("40\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--cpu=1, spec.resources.limits.cpu",
        "--memory=64Mi, spec.resources.limits.memory",
        "--ephemeral-storage=64Mi, spec.resources.limits.ephemeral-storage",
        "--disk-read-rate=1Mi, spec.resources.limits.disk-read-rate",
        "--disk-write-rate=1Mi, spec.resources.limits.disk-write-rate",
        "--dns-upstream=127.0.0.1, can't be asked without root",
        "--dns-upstream=[2001:db8::1]:53, can't be asked without root"
    })
    void refusesWhatItCannotDoAndNamesIt(String flag, String named) throws Exception {
        AgentctlProcess run = run(flag, "--mount", "/w", "--", "true");

        assertThat(run.await()).as("%s", run).isIn(2, RunCommand.NOT_RUN);
        assertThat(run.errorOutput()).contains(named);
    }

    @Test
    void anInterruptIsPassedOn() throws Exception {
        AgentctlProcess run =
                run("--", "sh", "-c", "trap 'echo bye; exit 5' TERM; printf ready; while :; do sleep 0.1; done");
        run.awaitOutput("ready");

        run.signal("INT");

        assertThat(run.await()).isEqualTo(5);
        assertThat(run.output()).isEqualTo("readybye\n");
    }

    @Test
    void endsWithTheCommandThatIsKilledAndTheNextRunRemovesWhatItLeft() throws Exception {
        AgentctlProcess run = run("--mount", "/w", "--", "sh", "-c", "echo x > /w/x; echo ready; sleep 1000");
        run.awaitOutput("ready\n");

        run.signal("KILL");
        run.await();

        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(UsersMachine.processesOfTheUser()).isEmpty());
        assertThat(run("--", "true").await()).isZero();
        assertThat(machine.files()).isEmpty();
    }

    @Test
    void twoRunsOfAUserDoNotDisturbEachOther() throws Exception {
        String waits = "trap 'exit %d' TERM; echo ready; while :; do sleep 0.1; done";
        AgentctlProcess first = run("--", "sh", "-c", waits.formatted(3));
        first.awaitOutput("ready\n");
        AgentctlProcess second = run("--", "sh", "-c", waits.formatted(4));
        second.awaitOutput("ready\n");

        first.signal("INT");
        assertThat(first.await()).isEqualTo(3);
        assertThat(second.isAlive()).isTrue();
        second.signal("TERM");

        assertThat(second.await()).isEqualTo(4);
    }

    @Test
    void signalsEndItWhileItWaitsForItsManifests() throws Exception {
        Path pipe = folder.resolve("pipe.yaml");
        ExternalCommand.of("mkfifo", "-m", "644", pipe.toString()).run();
        AgentctlProcess run = run("-f", pipe.toString());
        await().atMost(PATIENCE)
                .until(() -> UsersMachine.processesOfTheUser().stream().anyMatch(line -> line.contains("slirp4netns")));

        run.signal("TERM");

        assertThat(run.await()).isEqualTo(143);
    }

    @Test
    void saysWhyItEndsWhereItsNetworkDoes() throws Exception {
        AgentctlProcess run = run("--grace-period", "0", "--", "sh", "-c", "echo ready; sleep 1000");
        run.awaitOutput("ready\n");

        ExternalCommand.of("pkill", "-KILL", "-x", "-u", "" + UsersMachine.USER, "slirp4netns")
                .run();

        assertThat(run.await()).isEqualTo(137);
        assertThat(run.errorOutput()).contains("the network of this command's namespaces has ended");
    }

    @Test
    void refusesMoreTasksThanTheUserMayHave() throws Exception {
        AgentctlProcess run = machine.start(classPath, List.of("prlimit", "--nproc=400"), "run", "--", "true");

        assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(run.errorOutput())
                .contains("spec.resources.limits.pids is 512, and without root an agent may have 400 at most");
    }

    /** With ids of the image, without what layers hide, and behind the fence. */
    @ParameterizedTest
    @ValueSource(strings = {"container", "gvisor"})
    void runsAnImageFromAStoreOfTheUsers(String isolation) throws Exception {
        Optional<Path> runsc = Gvisor.find(System.getenv());
        assumeTrue(
                isolation.equals("container") || runsc.isPresent(),
                "needs runsc, which the tests of local-cluster build");
        if (isolation.equals("gvisor")) {
            Files.createDirectories(folder.resolve("bin"));
            ExternalCommand.of(
                            "cp",
                            runsc.orElseThrow().toString(),
                            folder.resolve("bin/runsc").toString())
                    .run();
        }
        AgentctlProcess load = machine.start(classPath, List.of(), "image", "load", image().toString());
        assertThat(load.await()).as("%s", load).isZero();
        AgentctlProcess list = machine.start(classPath, List.of(), "image", "list");
        assertThat(list.await()).isZero();
        assertThat(list.output()).contains("registry.example.org/shell:1");
        Path manifest = folder.resolve("image.yaml");
        Files.writeString(manifest, """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: worker}
                spec:
                  isolation: {className: %s}
                  image: registry.example.org/shell:1
                  imagePullPolicy: Never
                  command:
                  - /bin/bash
                  - -c
                  - |
                    id -u; cat ~/own; stat -c %%u:%%g /etc/passwd ~/own; ls /opaque; [ -e /removed ] || echo removed
                    echo new > ~/new && cat ~/new; (echo x > /etc/x) 2>&- || echo refused
                    for port in 8080 8081; do (exec 3<>/dev/tcp/%s/$port) 2>&- && echo open || echo closed; done
                  network:
                    egress: [{name: site, to: [{ipBlock: {cidr: %s/32}}], ports: [{port: 8080}]}]
                """.formatted(isolation, UsersMachine.SITE, UsersMachine.SITE));

        AgentctlProcess run = machine.start(
                classPath,
                List.of("sh", "-c", "PATH=$PATH:" + folder.resolve("bin") + " exec \"$@\"", "sh"),
                "run",
                "-f",
                manifest.toString());

        assertThat(run.await()).as("%s", run).isZero();
        assertThat(run.output())
                .isEqualTo("1000\nof the image\n0:0\n1000:1000\nupper\nremoved\nnew\nrefused\nopen\nclosed\n");
        assertThat(machine.files()).isEmpty();
    }

    private static Path image() throws IOException {
        Path archive = folder.resolve("image.tar");
        if (Files.notExists(archive)) {
            Path program = folder.resolve("image.py");
            try (InputStream text = RootlessIT.class.getResourceAsStream("image.py")) {
                Files.copy(Objects.requireNonNull(text), program);
            }
            ExternalCommand.of("python3", program.toString(), archive.toString())
                    .run();
        }
        return archive;
    }

    /** What it may do is less than what the user may: it has another id, no capability, and no way to the fence or to others. */
    @Test
    void anAgentHasNoIdOfTheUsersAndCannotTouchWhatConfinesIt() throws Exception {
        String attacks = """
                import ctypes, os, socket
                libc = ctypes.CDLL(None, use_errno=True)
                def attempt(what, done):
                    try:
                        print(what, "done" if done() else "refused")
                    except OSError:
                        print(what, "refused")
                attempt("see others' processes", lambda: len([p for p in os.listdir("/proc") if p.isdigit()]) > 3)
                attempt("join a network", lambda: libc.setns(os.open("/proc/1/ns/net", os.O_RDONLY), 0) == 0)
                attempt("make a user namespace", lambda: libc.unshare(0x10000000) == 0)
                attempt("make a network", lambda: libc.unshare(0x40000000) == 0)
                attempt("mount", lambda: libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0)
                attempt("send raw packets", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
                attempt("have a capability", lambda: "CapEff:\\t0000000000000000" not in open("/proc/self/status").read())
                def restrictions():
                    ruleset, taken = ctypes.c_uint64(1 << 12), 0
                    while True:
                        made = libc.syscall(444, ctypes.byref(ruleset), 8, 0)
                        if made < 0 or libc.syscall(446, made, 0) < 0:
                            return taken
                        taken += 1
                print("restrictions of its own", restrictions(), flush=True)
                print("ready", flush=True)
                import time; time.sleep(1000)
                """;
        // The kernel takes sixteen, of which it has one.
        int ofItsOwn = Landlock.ofThisKernel() instanceof Landlock.Available ? 15 : 0;

        AgentctlProcess run = run("--allow", "0.0.0.0/0", "--grace-period", "0", "--", "python3", "-c", attacks);
        run.awaitOutput("""
                see others' processes refused
                join a network refused
                make a user namespace refused
                make a network refused
                mount refused
                send raw packets refused
                have a capability refused
                restrictions of its own %d
                ready
                """.formatted(ofItsOwn));
        assertThat(UsersMachine.processesOfTheUser())
                .filteredOn(line ->
                        line.contains("see others' processes") && !line.contains("conmon") && !line.contains("java"))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(Long.parseLong(line.split("\\s", 2)[0]))
                        .isBetween((long) UsersMachine.FIRST_SUBORDINATE, UsersMachine.FIRST_SUBORDINATE + 65_535L));

        run.signal("INT");

        assertThat(run.await()).isEqualTo(137);
    }

    @Test
    void saysWhatToDoForAUserWithoutSubordinateIds() throws Exception {
        machine.giveSubordinateIds("other:%d:65536%n".formatted(UsersMachine.FIRST_SUBORDINATE));
        try {
            AgentctlProcess run = run("--", "true");

            assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
            assertThat(run.errorOutput())
                    .contains("/etc/subuid gives the user rootless no ids", "usermod --add-subuids", "sudo");
        } finally {
            machine.giveSubordinateIds("rootless:%d:65536%n".formatted(UsersMachine.FIRST_SUBORDINATE));
        }
    }

    private static AgentctlProcess run(String... arguments) throws IOException {
        List<String> words = new ArrayList<>(List.of("run"));
        words.addAll(List.of(arguments));
        return machine.start(classPath, List.of(), words.toArray(String[]::new));
    }
}
