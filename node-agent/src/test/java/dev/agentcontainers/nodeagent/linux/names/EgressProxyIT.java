package dev.agentcontainers.nodeagent.linux.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.ForwardingPrograms;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.names.RecordedDecisions;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** The real process with real sockets and a user without rights, on the loopback interface. */
@Tag("node")
class EgressProxyIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String AGENT = "127.0.0.2";

    private final String parent =
            "/agentproxy-test-" + UUID.randomUUID().toString().substring(0, 8);
    private final RecordedDecisions audit = new RecordedDecisions();
    private final List<NameDecision> decisions = audit.names();
    private final LoopbackFence fence = new LoopbackFence();
    private Path folder;
    private LoopbackResolver resolver;
    private LinuxProxyPrograms programs;
    private NamesFence names;
    private Optional<EgressProxyKeeper> keeper = Optional.empty();

    @BeforeEach
    void prepare() throws IOException, SandboxException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Program.find("setpriv").isPresent(), "needs setpriv");
        folder = Files.createTempDirectory("agentcontainers-proxy-test");
        resolver = new LoopbackResolver(Map.of(
                "www.example.org", List.of("192.0.2.1", "10.0.0.1", "127.0.0.1", "169.254.169.254"),
                "intern.example.org", List.of("10.0.0.2")));
        programs = new LinuxProxyPrograms(
                folder.resolve("run"),
                folder.resolve("state"),
                folder.resolve("fence"),
                groups(),
                new IdRange(200_000_000, 65_536));
        // Closed to all others, as a node's is.
        Files.createDirectory(
                folder.resolve("state"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        newNodeAgent(programs);
    }

    private SandboxCgroups groups() throws IOException {
        return new SandboxCgroups(
                Hierarchies.of(MountTable.ofThisThread()),
                parent,
                ProcessCalls.ofThisMachine(),
                DescriptorCalls.ofThisMachine());
    }

    @AfterEach
    void remove() throws Exception {
        if (folder == null) {
            return;
        }
        endNodeAgent();
        programs.forget();
        resolver.close();
        fence.close();
        assertThat(processes()).isEmpty();
        assertThat(groupFolders()).as("control groups that are left").isEmpty();
        assertThat(folder.resolve("run/names")).doesNotExist();
        assertThat(folder.resolve("state/proxy")).doesNotExist();
        DeepDeletion.delete(folder);
    }

    private void newNodeAgent(ProxyPrograms with) throws SandboxException {
        names = new NamesFence(fence);
        names.open(new FenceSettings("100.80.0.0/24", "100.80.0.0/12", List.of()));
        NameSettings settings = new NameSettings(Optional.of(resolver.address()), NameLimits.DEFAULT);
        keeper = Optional.of(new EgressProxyKeeper(names, with, settings, audit));
        keeper.get().start();
    }

    private void endNodeAgent() throws InterruptedException {
        if (keeper.isPresent()) {
            keeper.get().close();
        }
        keeper = Optional.empty();
    }

    private void allow(String... domains) throws SandboxException {
        names.apply(List.of(new GroupRuleset(
                "group",
                "hash",
                List.of(),
                List.of(),
                Stream.of(domains)
                        .map(domain -> new AllowedName(domain, Protocol.TCP, 443, 443))
                        .toList())));
    }

    private void attach() throws SandboxException {
        names.attach(new SandboxId("agent"), new NetworkAttachment(1), "group");
    }

    private Message ask(String name) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(AGENT, 0))) {
            socket.setSoTimeout(3000);
            byte[] question = Message.newQuery(Record.newRecord(Name.fromString(name + "."), Type.A, DClass.IN))
                    .toWire();
            socket.send(new DatagramPacket(question, question.length, fence.address()));
            DatagramPacket answer = new DatagramPacket(new byte[4096], 4096);
            socket.receive(answer);
            return new Message(answer.getData());
        }
    }

    private int code(String name) throws IOException {
        try {
            return ask(name).getRcode();
        } catch (SocketTimeoutException e) {
            return -1;
        }
    }

    private void awaitCode(String name, int code) {
        await().atMost(PATIENCE).ignoreExceptions().until(() -> code(name) == code);
    }

    private List<Long> processes() throws IOException {
        List<Long> pids = new ArrayList<>();
        for (Path group : groupFolders()) {
            try {
                for (String line : Files.readAllLines(group.resolve("cgroup.procs"))) {
                    pids.add(Long.valueOf(line));
                }
            } catch (NoSuchFileException e) {
                // It has gone meanwhile, and whoever was in it.
            }
        }
        return pids.stream().distinct().toList();
    }

    private List<Path> groupFolders() throws IOException {
        try (Stream<Path> all = Files.find(
                Path.of("/sys/fs/cgroup"), 6, (path, _) -> path.toString().contains(parent + "/"))) {
            return all.filter(Files::isDirectory).toList();
        }
    }

    /** Without the one that waits for it outside its namespaces. */
    private long pid() throws IOException {
        List<Long> pids =
                processes().stream().filter(EgressProxyIT::isOfTheProxysUser).toList();
        assertThat(pids).hasSize(1);
        return pids.getFirst();
    }

    private static boolean isOfTheProxysUser(long pid) {
        try {
            return Files.getAttribute(Path.of("/proc", Long.toString(pid)), "unix:uid")
                    .equals((int) LoopbackFence.USER);
        } catch (IOException e) {
            return false;
        }
    }

    private static Map<String, String> status(Path process) throws IOException {
        return Files.readAllLines(process.resolve("status")).stream()
                .map(line -> line.split(":\\s*", 2))
                .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1].replaceAll("\\s+", " ")));
    }

    private static Path namespace(String process, String kind) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc", process, "ns", kind));
    }

    /** What a shell with the proxy's user in the proxy's namespaces says. */
    private String inItsPlace(String script) throws IOException {
        String id = Long.toString(LoopbackFence.USER);
        Process process = new ProcessBuilder(
                        "nsenter",
                        "--target=" + pid(),
                        "--mount",
                        "--pid",
                        "--ipc",
                        "--uts",
                        "setpriv",
                        "--reuid=" + id,
                        "--regid=" + id,
                        "--clear-groups",
                        "--bounding-set=-all",
                        "--no-new-privs",
                        "/bin/sh",
                        "-c",
                        script)
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    @Test
    void resolvesAndOpensWithoutAnyRight() throws Exception {
        allow("www.example.org", "intern.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);

        Message answer = ask("www.example.org");
        assertThat(answer.getSection(Section.ANSWER))
                .extracting(each -> ((ARecord) each).getAddress().getHostAddress())
                .containsExactly("192.0.2.1");
        assertThat(fence.opened())
                .extracting(ResolvedDestination::address, ResolvedDestination::protocol, ResolvedDestination::port)
                .containsOnly(tuple("192.0.2.1", Protocol.TCP, 443));
        assertThat(code("intern.example.org")).as("private addresses alone").isEqualTo(Rcode.REFUSED);
        assertThat(code("data.attacker.test")).isEqualTo(Rcode.REFUSED);
        assertThat(resolver.asked()).containsOnly("www.example.org", "intern.example.org");
        await().atMost(PATIENCE)
                .until(() -> decisions.stream()
                        .map(NameDecision::verdict)
                        .toList()
                        .containsAll(List.of(NameVerdict.RESOLVED, NameVerdict.DENIED, NameVerdict.REFUSED_ADDRESSES)));

        Map<String, String> status = status(Path.of("/proc/" + pid()));
        String id = Long.toString(LoopbackFence.USER);
        assertThat(status)
                .containsEntry("Uid", String.join(" ", id, id, id, id))
                .containsEntry("Gid", String.join(" ", id, id, id, id))
                .containsEntry("Groups", "")
                .containsEntry("NoNewPrivs", "1")
                .containsEntry("Umask", "0077");
        for (String capabilities : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
            assertThat(status).containsEntry(capabilities, "0000000000000000");
        }
        assertThat(Files.readString(Path.of("/proc/" + pid() + "/limits")))
                .containsPattern("Max core file size\\s+0\\s+0")
                .containsPattern("Max open files\\s+4096\\s+4096")
                .containsPattern("Max processes\\s+512\\s+512");
    }

    @Test
    void isConfined() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);
        String pid = Long.toString(pid());

        for (String kind : List.of("mnt", "pid", "ipc", "uts")) {
            assertThat(namespace(pid, kind)).as(kind).isNotEqualTo(namespace("self", kind));
        }
        int filters = Integer.parseInt(status(Path.of("/proc/self")).get("Seccomp_filters")) + 1;
        try (Stream<Path> threads = Files.list(Path.of("/proc", pid, "task"))) {
            assertThat(threads.toList())
                    .hasSizeGreaterThan(5)
                    .allSatisfy(thread -> assertThat(status(thread))
                            .containsEntry("Seccomp", "2")
                            .containsEntry("Seccomp_filters", Integer.toString(filters)));
        }
        for (String limit : List.of("memory", "pids")) {
            Path group = controlGroup(pid, limit);
            List<String> files =
                    limit.equals("pids") ? List.of("pids.max") : List.of("memory.max", "memory.limit_in_bytes");
            assertThat(files.stream().map(group::resolve).filter(Files::exists).map(EgressProxyIT::read))
                    .containsExactly(limit.equals("pids") ? "64" : Long.toString(384L << 20));
        }
    }

    /** Of the whole of the proxy: that above its own. */
    private static Path controlGroup(String pid, String controller) throws IOException {
        Hierarchies.Hierarchy hierarchy =
                Hierarchies.of(MountTable.ofThisThread()).of(controller).orElseThrow();
        String path = Files.readAllLines(Path.of("/proc", pid, "cgroup")).stream()
                .map(line -> line.split(":", 3))
                .filter(fields -> hierarchy.version2()
                        ? fields[1].isEmpty()
                        : List.of(fields[1].split(",")).contains(controller))
                .map(fields -> fields[2])
                .findFirst()
                .orElseThrow();
        assertThat(path).startsWith("/agentproxy-test-");
        return Path.of(hierarchy.mountPoint() + path.substring(0, path.indexOf('/', 1)));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By what has the proxy's user and is where the proxy is, without its filter of system calls. */
    @Test
    void findsNobodyElse() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);

        assertThat(Integer.parseInt(inItsPlace("ls -d /proc/[0-9]* | wc -l")))
                .as("itself, this shell, its pipe")
                .isBetween(2, 5);
        assertThat(inItsPlace("kill -9 " + ProcessHandle.current().pid())).contains("No such process");
    }

    /** As by kill -STOP; it keeps its connection and its sockets. */
    @Test
    void isReplacedWhenItIsStopped() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);
        long before = pid();

        new ProcessBuilder("kill", "-STOP", Long.toString(before)).start().waitFor();

        await().atMost(PATIENCE.multipliedBy(2))
                .ignoreExceptions()
                .until(() -> !processes().contains(before) && code("www.example.org") == Rcode.NOERROR);
    }

    /** A node agent that is killed at the worst moment leaves nothing that the next does not find by the group. */
    @Test
    void isInItsGroupBeforeAnythingOfItRuns() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);
        List<String> first = Files.readAllLines(Path.of("/proc", Long.toString(pid()), "cgroup"));
        long outer = processes().stream()
                .filter(each -> !isOfTheProxysUser(each))
                .findFirst()
                .orElseThrow();

        assertThat(Files.readAllLines(Path.of("/proc", Long.toString(outer), "cgroup")))
                .isEqualTo(first);
        assertThat(Files.readString(Path.of("/proc", Long.toString(outer), "cmdline")))
                .startsWith("/usr/bin/unshare");
    }

    @Test
    void isNotStartedAsAnAgent() throws Exception {
        LinuxProxyPrograms ofAgents = new LinuxProxyPrograms(
                folder.resolve("run"),
                folder.resolve("state"),
                folder.resolve("fence"),
                groups(),
                new IdRange(LoopbackFence.USER - 10, 65_536));
        try (NameServerSockets sockets = fence.nameServerSockets()) {
            assertThatIOException()
                    .isThrownBy(() -> ofAgents.start(sockets, LoopbackFence.USER))
                    .withMessageContaining("agents have the user ids");
        }
    }

    @Test
    void tellsChangesOfRulesAndAgents() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);

        allow("intern.example.org");
        awaitCode("www.example.org", Rcode.REFUSED);

        allow("www.example.org");
        awaitCode("www.example.org", Rcode.NOERROR);
        names.detach(new SandboxId("agent"));
        awaitCode("www.example.org", Rcode.SERVFAIL);
    }

    @Test
    void outlivesTheNodeAgentAndOpensNothingMeanwhile() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);
        long before = pid();

        endNodeAgent();
        awaitCode("www.example.org", Rcode.SERVFAIL);
        assertThat(code("data.attacker.test")).isEqualTo(Rcode.REFUSED);
        assertThat(pid()).isEqualTo(before);

        newNodeAgent(programs);
        allow("www.example.org");
        awaitCode("www.example.org", Rcode.NOERROR);
        assertThat(pid()).as("the same process").isEqualTo(before);
    }

    @Test
    void isReplacedByAnotherBuild() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);
        long before = pid();
        endNodeAgent();

        newNodeAgent(new OtherBuild(programs));
        allow("www.example.org");
        await().atMost(PATIENCE).until(() -> !processes().contains(before));
    }

    @Test
    void isStartedAgainWhenItDies() throws Exception {
        allow("www.example.org");
        attach();
        awaitCode("www.example.org", Rcode.NOERROR);
        long before = pid();

        ProcessHandle.of(before).orElseThrow().destroyForcibly();

        await().atMost(PATIENCE).until(() -> !processes().isEmpty() && pid() != before);
        awaitCode("www.example.org", Rcode.NOERROR);
    }

    @Test
    void isNotStartedWithoutNames() throws Exception {
        names.apply(List.of(new GroupRuleset("group", "hash", List.of())));
        attach();

        await().during(Duration.ofMillis(500))
                .atMost(PATIENCE)
                .until(() -> groupFolders().isEmpty());
    }

    /** The same programs, that call themselves another. */
    private static final class OtherBuild extends ForwardingPrograms {
        OtherBuild(ProxyPrograms programs) {
            super(programs);
        }

        @Override
        public String build() {
            return "another";
        }
    }
}
