package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Doubles of everything that an agent must not see, world-readable, where they would really be: whether the host has them
 * or not. They stand in overlays of a mount namespace of the test's own, so that the host's files stay as they are.
 */
@Tag("node")
@Tag("runtime")
@Tag("one-driver")
@Timeout(120)
class PlantedSecretsIT {
    private static final String SECRET = "planted-4711";
    /** What this JVM, or the runtime, needs something of stays visible under what is planted. */
    private static final List<String> OVERLAID = List.of("/etc", "/root", "/home", "/opt", "/usr/local");

    /** Nothing of these is left: another node agent of this machine may keep its things there. */
    private static final List<String> REPLACED = List.of("/run", "/var", "/srv", "/mnt");

    private static final List<String> FILES = List.of(
            "/root/.ssh/id_ed25519",
            "/home/somebody/.aws/credentials",
            "/var/lib/kubelet/pki/kubelet.key",
            "/var/lib/docker/secret",
            "/var/lib/agentcontainers/node.json",
            "/var/lib/agentcontainers/identity/key.pem",
            "/var/lib/agentcontainers/sandboxes/other/agent.log",
            "/run/agentcontainers/secret",
            "/run/secrets/kubernetes.io/serviceaccount/token",
            "/srv/data",
            "/mnt/data",
            "/opt/vendor/license");
    private static final List<String> SOCKETS = List.of(
            "/run/docker.sock",
            "/run/containerd/containerd.sock",
            "/run/crio/crio.sock",
            "/run/podman/podman.sock",
            "/run/agentcontainers/agent.sock",
            "/opt/vendor/control.sock",
            "/usr/local/share/vendor/control.sock",
            "/etc/vendor/control.sock");
    private static final String ABSTRACT = "agentcontainers-planted";

    private final Mounts mounts = Mounts.ofThisMachine();
    private final List<AutoCloseable> opened = new ArrayList<>();

    @Test
    void anAgentReadsAndReachesNoneOfThem() throws Exception {
        TestNode.requireMachine();
        Process listener = listenToAbstractName();
        try {
            String seen = new MountNamespace(mounts).inNew(() -> {
                plant();
                try (TestNode node = TestNode.at(
                        Path.of("/var/lib/agentcontainers"), Path.of("/run/agentcontainers/oci"), HostRoot.DEFAULT)) {
                    return node.outputOf(
                            TestNode.spec(TestNode.newId(), List.of("python3", "-c", attack()), ResourceAmounts.NONE));
                } finally {
                    for (AutoCloseable each : opened) {
                        each.close();
                    }
                }
            });
            // The control: what may be seen is, so the doubles were really there.
            assertThat(seen.lines()).containsExactly("read /etc/planted-in-the-open");
        } finally {
            listener.destroyForcibly();
        }
    }

    /** With the administrator's consent to show /opt: its files are seen, its sockets are not. */
    @Test
    void socketsInAPathThatIsShownOnRequestAreNotReached() throws Exception {
        TestNode.requireMachine();
        String seen = new MountNamespace(mounts).inNew(() -> {
            plant();
            try (TestNode node = TestNode.at(
                    Path.of("/var/lib/agentcontainers"),
                    Path.of("/run/agentcontainers/oci"),
                    HostRoot.DEFAULT.with(List.of("/opt")))) {
                return node.outputOf(
                        TestNode.spec(TestNode.newId(), List.of("python3", "-c", attack()), ResourceAmounts.NONE));
            } finally {
                for (AutoCloseable each : opened) {
                    each.close();
                }
            }
        });
        assertThat(seen.lines()).containsExactlyInAnyOrder("read /etc/planted-in-the-open", "read /opt/vendor/license");
    }

    private void plant() throws IOException {
        Path upper = Files.createTempDirectory("agentcontainers-planted");
        check(mounts.mount("planted", upper.toString(), "tmpfs", 0, "mode=0755"));
        for (String folder : REPLACED) {
            check(mounts.mount("planted", folder, "tmpfs", 0, "mode=0755"));
        }
        for (String folder : OVERLAID) {
            if (Files.isDirectory(Path.of(folder))) {
                Path content = Files.createDirectories(upper.resolve("content" + folder));
                Path work = Files.createDirectories(upper.resolve("work" + folder));
                Files.setPosixFilePermissions(content, PosixFilePermissions.fromString("rwxr-xr-x"));
                check(mounts.mount(
                        "planted",
                        folder,
                        "overlay",
                        0,
                        "lowerdir=" + folder + ",upperdir=" + content + ",workdir=" + work));
            }
        }
        List<String> files = new ArrayList<>(FILES);
        files.add("/etc/planted-in-the-open");
        HostRoot.DEFAULT.hidden().stream()
                // Each agent has its own.
                .filter(path -> !path.equals("/etc/machine-id"))
                .map(path -> path.replace("*", "planted"))
                .forEach(files::add);
        for (String file : files) {
            Path path = Files.isDirectory(Path.of(file)) ? Path.of(file, "planted") : Path.of(file);
            makeWay(path);
            Files.deleteIfExists(path);
            Files.writeString(path, SECRET);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
        }
        for (String socket : SOCKETS) {
            Path path = Path.of(socket);
            makeWay(path);
            Files.deleteIfExists(path);
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            opened.add(server);
            server.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        }
    }

    /** Open to everybody, so that only what is tested keeps an agent out. */
    private static void makeWay(Path path) throws IOException {
        Files.createDirectories(path.getParent());
        Path folder = Path.of("/");
        for (Path name : path.subpath(0, path.getNameCount() - 1)) {
            folder = folder.resolve(name);
            Path above = folder;
            if (Stream.concat(OVERLAID.stream(), REPLACED.stream()).anyMatch(above::startsWith)) {
                Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
    }

    private static void check(int answer) {
        assertThat(answer).isNotNegative();
    }

    private static String attack() {
        return """
            import os, socket
            for top in %s:
                for folder, _, names in os.walk(top):
                    for name in names:
                        path = os.path.join(folder, name)
                        try:
                            if os.path.isfile(path) and open(path, 'rb').read(100) == b'%s':
                                print('read', path)
                        except OSError:
                            pass
            for place in %s + ['/var' + p for p in %s] + ['\\0%s']:
                try:
                    s = socket.socket(socket.AF_UNIX)
                    s.settimeout(5)
                    s.connect(place)
                    print('reached', repr(place))
                except OSError:
                    pass
            """.formatted(
                python(Stream.concat(OVERLAID.stream(), REPLACED.stream()).toList()),
                SECRET,
                python(SOCKETS),
                python(SOCKETS),
                ABSTRACT);
    }

    private static String python(List<String> paths) {
        return "['" + String.join("', '", paths) + "']";
    }

    /** In the host's network namespace, where every process of the host could reach it. */
    private static Process listenToAbstractName() throws IOException {
        Process process = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0" + ABSTRACT
                                + "'); s.listen(); print('ready', flush=True)\nwhile True: s.accept()")
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("ready");
        return process;
    }
}
