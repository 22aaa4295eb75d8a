package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.linux.TestRights;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A machine for fence tests, made of network namespaces: one that takes the host's part, so that the real host's tables,
 * routes and sysctls are never touched, and one with servers at several addresses behind it.
 */
final class Machine implements AutoCloseable {
    static final String HOST = "10.9.0.1";
    static final String ALLOWED = "10.20.0.1";
    static final String DENIED = "10.20.9.1";
    static final String METADATA = "169.254.169.254";

    /** Not private: names may lead there. */
    static final String PUBLIC = "198.51.100.10";

    static final int PORT = 8080;
    static final int OTHER_PORT = 8081;

    private final String id = UUID.randomUUID().toString().substring(0, 6);
    private final String host = "acft-host-" + id;
    private final String servers = "acft-servers-" + id;
    private final Path directory;
    private final List<Process> processes = new ArrayList<>();

    /** Makes one; skips the test where that can't be done. */
    static Machine create() throws IOException {
        assumeThat(System.getProperty("user.name")).as("node tests need root").isEqualTo("root");
        for (String tool : List.of("ip", "nft", "tcpdump", "python3", "unshare", "nsenter")) {
            assumeThat(Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin").map(Path::of))
                    .as("node tests need the program " + tool)
                    .anyMatch(folder -> Files.isExecutable(folder.resolve(tool)));
        }
        return new Machine();
    }

    private Machine() throws IOException {
        directory = Files.createTempDirectory("fence-test");
        run("ip", "netns", "add", host);
        run("ip", "netns", "add", servers);
        onHost("ip link set lo up");
        onServers("ip link set lo up");
        onHost("ip link add up0 type veth peer name down0 netns " + servers);
        onHost("ip addr add " + HOST + "/24 dev up0; ip link set up0 up; ip route add default via 10.9.0.2");
        onHost("ip route add " + METADATA + " via 10.9.0.2");
        // A new namespace inherits the setting of the machine that the test runs on.
        onHost("sysctl -qw net.ipv4.ip_forward=0");
        onServers("ip addr add 10.9.0.2/24 dev down0; ip link set down0 up; sysctl -qw net.ipv4.ip_forward=0");
        for (String address : List.of(ALLOWED, DENIED, METADATA, PUBLIC, "203.0.113.5")) {
            onServers("ip addr add " + address + "/32 dev lo");
        }
        listen(servers, ALLOWED + "," + DENIED + "," + METADATA + "," + PUBLIC + ",203.0.113.5", PORT, OTHER_PORT);
        listen(host, "0.0.0.0", PORT, OTHER_PORT);
    }

    /** A process in the host's namespace. */
    long hostProcess() {
        return processes.get(1).pid();
    }

    /** A fence on this machine that no other test uses. */
    LinuxFenceSettings settings() {
        return TestRights.limit(new LinuxFenceSettings(
                "acft-fence-" + id, Optional.of(Path.of("/run/netns", host)), Path.of("/run/netns"), directory, 1500));
    }

    /** Where fences of this machine note at which interfaces they switched on forwarding. */
    Path forwardingRecord() throws IOException {
        Path namespace = Path.of("/run/netns", host);
        return settings()
                .forwardingRecord(
                        Files.getAttribute(namespace, "unix:dev") + ":" + Files.getAttribute(namespace, "unix:ino"));
    }

    LinuxFence fence() {
        return new LinuxFence(settings(), FenceSystem.linux());
    }

    static FenceSettings fenceSettings() {
        return fenceSettings("100.80.4.0/24");
    }

    static FenceSettings fenceSettings(String agents) {
        return new FenceSettings(agents, "100.80.0.0/12", List.of("203.0.113.0/24"));
    }

    /** Lays a wire to the other machine, at which this one has the address 10.200.0.1 and the other 10.200.0.2. */
    void connectTo(Machine other) {
        onHost("ip link add wire type veth peer name wire netns " + other.host
                + "; ip addr add 10.200.0.1/24 dev wire; ip link set wire up");
        other.onHost("ip addr add 10.200.0.2/24 dev wire; ip link set wire up");
    }

    /** Something that has the name server's sockets, as an egress proxy has them, and no rights. */
    Process nameServer(NameServerSockets sockets) throws IOException {
        Process process = new ProcessBuilder(
                        "/usr/bin/python3",
                        resource("names.py").toString(),
                        Long.toString(ProcessHandle.current().pid()),
                        Integer.toString(sockets.datagrams()),
                        Integer.toString(sockets.streams()),
                        Integer.toString(sockets.intercepted()),
                        Integer.toString(sockets.asked()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        processes.add(process);
        awaitReady(process, "the name server");
        return process;
    }

    /** Something at these addresses that answers TLS with what it was called and what it was sent. */
    void serveTls(String addresses, int port) throws IOException {
        Path key = directory.resolve("key.pem");
        Path certificate = directory.resolve("certificate.pem");
        run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-subj",
                "/CN=test",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
        start(List.of(
                "ip",
                "netns",
                "exec",
                servers,
                "/usr/bin/python3",
                resource("tls_server.py").toString(),
                addresses,
                Integer.toString(port),
                certificate.toString(),
                key.toString()));
    }

    /** Something at these addresses that answers each request of HTTP with what it was. */
    void serveHttp(String addresses, int port) throws IOException {
        start(List.of(
                "ip",
                "netns",
                "exec",
                servers,
                "/usr/bin/python3",
                resource("http_server.py").toString(),
                addresses,
                Integer.toString(port)));
    }

    /** The same inside TLS. */
    void serveHttps(String addresses, int port, ServerIdentity identity) throws IOException {
        start(List.of(
                "ip",
                "netns",
                "exec",
                servers,
                "/usr/bin/python3",
                resource("http_server.py").toString(),
                addresses,
                Integer.toString(port),
                identity.certificate().toString(),
                identity.key().toString()));
    }

    /** Something at this address of the servers that takes and gives as much as it can. */
    void meter(String address, int sink, int source) throws IOException {
        meter(List.of("ip", "netns", "exec", servers), address, sink, source);
    }

    /** The same at an agent's address. */
    void meter(HostileAgent at, String address, int sink, int source) throws IOException {
        meter(List.of("nsenter", "--net=/proc/" + at.network().pid() + "/ns/net"), address, sink, source);
    }

    private void meter(List<String> there, String address, int sink, int source) throws IOException {
        List<String> command = new ArrayList<>(there);
        command.addAll(List.of(
                "/usr/bin/python3",
                resource("meter.py").toString(),
                address,
                Integer.toString(sink),
                Integer.toString(source)));
        start(command);
    }

    /** Bytes that have come to the servers so far. */
    long arrived() {
        return Long.parseLong(onServers("cat /proc/self/net/dev")
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("down0:"))
                .findFirst()
                .orElseThrow()
                .split(" +")[1]);
    }

    HostileAgent agent() throws IOException {
        HostileAgent agent = HostileAgent.start(resource("agent.py"));
        processes.add(agent.process());
        return agent;
    }

    String onHost(String script) {
        return run("ip", "netns", "exec", host, "sh", "-ec", script);
    }

    String onServers(String script) {
        return run("ip", "netns", "exec", servers, "sh", "-ec", script);
    }

    String inFence(String script) {
        return run("ip", "netns", "exec", settings().name(), "sh", "-ec", script);
    }

    /** Has the server there send to who connected to it last, by TCP and by UDP, without being asked by them. */
    void push(String address) {
        String pushed = onServers("exec python3 -c 'import socket; "
                + "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); "
                + "s.sendto(b\"push\", (\"" + address + "\", " + PORT + ")); print(s.recv(16).decode())'");
        if (!pushed.equals("pushed\n")) {
            throw new IllegalStateException("the server at " + address + " says " + pushed);
        }
    }

    /** Captures what arrives at the servers. */
    Capture captureAtServers(String filter) throws IOException {
        return Capture.start(List.of("ip", "netns", "exec", servers), "down0", filter);
    }

    /** Captures what comes by the wire from another machine. */
    Capture captureAtWire(String filter) throws IOException {
        return Capture.start(List.of("ip", "netns", "exec", host), "wire", filter);
    }

    /** Captures what comes out of the fence towards the host. */
    Capture captureAtUplink(String filter) throws IOException {
        return Capture.start(List.of("ip", "netns", "exec", host), settings().hostInterface(), filter);
    }

    private void listen(String namespace, String addresses, int... ports) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "ip",
                "netns",
                "exec",
                namespace,
                "/usr/bin/python3",
                resource("server.py").toString(),
                addresses));
        Arrays.stream(ports).mapToObj(Integer::toString).forEach(command::add);
        start(command);
    }

    private void start(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        processes.add(process);
        awaitReady(process, String.join(" ", command));
    }

    private static void awaitReady(Process process, String what) throws IOException {
        BufferedReader output = process.inputReader();
        if (!"ready".equals(output.readLine())) {
            throw new IOException(what + " did not start");
        }
    }

    private Path resource(String name) throws IOException {
        Path file = directory.resolve(name);
        if (!Files.exists(file)) {
            try (InputStream stream = Machine.class.getResourceAsStream(name)) {
                Files.copy(stream, file);
            }
        }
        return file;
    }

    static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        processes.forEach(Process::destroyForcibly);
        processes.forEach(process -> process.onExit().join());
        run("ip", "netns", "del", host);
        run("ip", "netns", "del", servers);
        try (var files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
