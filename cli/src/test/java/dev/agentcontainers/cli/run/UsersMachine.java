package dev.agentcontainers.cli.run;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.cli.process.ExternalCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A machine as an ordinary user knows it, in namespaces of the test's: the user has subordinate ids, {@code /dev/net/tun} is open to
 * everybody, and beyond a wire there is a site. On the machine and at the site a server listens at ports 8080 and 8081 of every
 * address; resolvers, on the machine's loopback and at the site, know the site's address by every name.
 */
final class UsersMachine implements AutoCloseable {
    static final String MACHINE = "198.51.100.39";
    static final String SITE = "198.51.100.40";

    /** Of the site, beside port 53 of the machine's loopback. */
    static final String RESOLVER = SITE + ":5300";

    /** Of a range that the machine takes for its own, though no interface has it. */
    static final String ANY = "192.0.2.9";

    static final int USER = 61_234;
    static final int FIRST_SUBORDINATE = 900_000_000;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final String SERVERS = """
            import http.server, socket, sys, threading
            class Quiet(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
                def log_message(self, *words): pass
            def resolve():
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], int(sys.argv[2])))
                while True:
                    q, peer = s.recvfrom(512)
                    end = q.index(b"\\0", 12) + 5
                    s.sendto(q[:2] + b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0" + q[12:end]
                             + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton(sys.argv[3]), peer)
            threading.Thread(target=resolve).start()
            asked = socket.create_server((sys.argv[1], int(sys.argv[2])))
            for port in (8080, 8081):
                threading.Thread(target=http.server.ThreadingHTTPServer(("", port), Quiet).serve_forever).start()
            print("ready", flush=True)
            """;

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final Process machine;

    private UsersMachine(Path folder) throws IOException {
        this.folder = folder;
        this.machine = begin("unshare", "--mount", "--propagation=private", "--net", "--", "sleep", "infinity");
    }

    /** @param folder that everybody can get to */
    static UsersMachine start(Path folder) throws IOException {
        UsersMachine made = new UsersMachine(folder);
        try {
            made.setUp();
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private void setUp() throws IOException {
        Process site = begin("unshare", "--net", "--", "sleep", "infinity");
        await().atMost(PATIENCE).until(() -> hasOwnNetwork(machine) && hasOwnNetwork(site));
        on(machine, "ip", "link", "set", "lo", "up");
        on(machine, "ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", "" + site.pid());
        connect(machine, MACHINE);
        on(machine, "ip", "route", "add", "local", "192.0.2.0/24", "dev", "lo");
        connect(site, SITE);
        Path etc = folder.resolve("etc");
        ExternalCommand.of("cp", "-a", "/etc", etc.toString()).run();
        Files.writeString(etc.resolve("passwd"), "rootless:x:%d:%d::/nonexistent:/bin/sh%n".formatted(USER, USER));
        giveSubordinateIds("rootless:%d:65536%n".formatted(FIRST_SUBORDINATE));
        Files.deleteIfExists(etc.resolve("resolv.conf"));
        Files.writeString(etc.resolve("resolv.conf"), "nameserver 127.0.0.1\n");
        on(machine, "mount", "--bind", etc.toString(), "/etc");
        Path tun = folder.resolve("tun");
        ExternalCommand.of("mknod", "-m", "666", tun.toString(), "c", "10", "200")
                .run();
        on(machine, "mount", "--bind", tun.toString(), "/dev/net/tun");
        // As of a user whose home is where services have theirs.
        on(machine, "mount", "-t", "tmpfs", "homes", "/var/lib");
        on(machine, "mkdir", "/var/lib/home");
        Files.createDirectory(folder.resolve("state"));
        ExternalCommand.of("chown", USER + ":" + USER, folder.resolve("state").toString())
                .run();
        on(machine, "mount", "--bind", folder.resolve("state").toString(), "/var/lib/home");
        serve(machine, "127.0.0.1", "53");
        serve(site, SITE, "5300");
    }

    /** Replaces what the machine gives the user. */
    void giveSubordinateIds(String lines) throws IOException {
        for (String file : List.of("subuid", "subgid")) {
            Files.writeString(folder.resolve("etc").resolve(file), lines);
        }
    }

    private static void connect(Process place, String address) {
        on(place, "ip", "address", "add", address + "/24", "dev", "wire");
        on(place, "ip", "link", "set", "wire", "up");
    }

    private void serve(Process place, String address, String port) throws IOException {
        Path said = Files.createTempFile(folder, "servers", ".log");
        Process servers = new ProcessBuilder(
                        "nsenter", "-t", "" + place.pid(), "--net", "python3", "-c", SERVERS, address, port, SITE)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(said.toFile())
                .start();
        processes.add(servers);
        await().atMost(PATIENCE).until(() -> Files.readString(said).contains("ready"));
    }

    /** Has the machine get a further address. */
    void addAddress(String address) {
        on(machine, "ip", "address", "add", address + "/24", "dev", "wire");
    }

    private static boolean hasOwnNetwork(Process process) throws IOException {
        return !Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/ns/net"))
                .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net")));
    }

    private static void on(Process place, String... command) {
        ExternalCommand.of("nsenter", "-t", "" + place.pid(), "--mount", "--net", "--")
                .with(Arrays.asList(command))
                .run();
    }

    private Process begin(String... command) throws IOException {
        Process process = new ProcessBuilder(command).start();
        processes.add(process);
        return process;
    }

    /**
     * agentctl by the user.
     *
     * @param before what starts it in the user's place
     */
    AgentctlProcess start(String classPath, List<String> before, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of("nsenter", "-t", "" + machine.pid(), "--mount", "--net", "--"));
        line.addAll(List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups", "--"));
        line.addAll(before);
        Map<String, String> environment =
                Map.of("XDG_STATE_HOME", "/var/lib/home", "HOME", "/nonexistent", "USER", "rootless");
        return AgentctlProcess.start(
                new AgentctlProcess.Launch(line, classPath, environment, ""), folder, List.of(arguments));
    }

    /** Command lines of what the user runs, also by subordinate ids. */
    static List<String> processesOfTheUser() {
        return ExternalCommand.of("ps", "-eo", "uid=,args=")
                .run()
                .lines()
                .map(String::strip)
                .filter(line -> isTheUsers(Long.parseLong(line.split("\\s", 2)[0])))
                .toList();
    }

    private static boolean isTheUsers(long id) {
        return id == USER || id >= FIRST_SUBORDINATE && id < FIRST_SUBORDINATE + 65_536;
    }

    /** Of the user's runs. */
    Path state() {
        return folder.resolve("state/agentcontainers/rootless");
    }

    /** What is left of runs, but for empty lock files. */
    List<String> files() {
        return Stream.of("lib", "run")
                .map(part -> state().resolve(part).resolve("standalone"))
                .flatMap(
                        runs -> ExternalCommand.of("find", runs.toString(), "-mindepth", "1", "-not", "-name", "*.lock")
                                .run()
                                .lines())
                .toList();
    }

    @Override
    public void close() {
        processes.reversed().forEach(Process::destroyForcibly);
        processes.forEach(process -> process.onExit().join());
    }
}
