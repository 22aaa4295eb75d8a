package dev.agentcontainers.nodeagent.linux.tap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.rootfs.DeviceFiles;
import dev.agentcontainers.nodeagent.linux.rootfs.DeviceFiles.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real frames between two network namespaces, one of which has the agent's interface. */
@Tag("node")
class TapLinkIT {
    private static final long OWNER = 300_000_123;

    /**
     * Opens the tap as a machine's monitor does: sends a frame until one comes, and prints that. The kernel drops what goes to a tap
     * until it has noticed that the tap is open, which it does a little later.
     */
    private static final String CARD = """
            import fcntl, os, select, struct, sys, time
            tap = os.open(sys.argv[1], os.O_RDWR)
            fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH22x', b'tap0', 0x5002))
            own, other = bytes.fromhex('020000000001'), bytes.fromhex('020000000002')
            end = time.monotonic() + 20
            while time.monotonic() < end:
                os.write(tap, bytes(10) + other + own + b'\\x88\\xb5' + b'from the card'.ljust(50, b'.'))
                while select.select([tap], [], [], 0.2)[0]:
                    frame = os.read(tap, 2000)[10:]
                    if frame[12:14] == b'\\x88\\xb5':
                        print(frame[14:].rstrip(b'.').decode())
                        sys.exit()
            sys.exit('nothing came')
            """;

    /** Answers frames, and says of each what it was. */
    private static final String OUTSIDE = """
            import socket
            outside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
            outside.bind(('out', 0x88b5))
            print('ready', flush=True)
            while True:
                frame = outside.recv(2000)
                print(frame[14:].rstrip(b'.').decode(), flush=True)
                outside.send(frame[6:12] + frame[0:6] + frame[12:14] + b'from outside'.ljust(50, b'.'))
            """;

    @TempDir
    private Path folder;

    private final List<Process> processes = new ArrayList<>();
    private long agent;
    private long outside;

    @BeforeEach
    void makeNamespaces() throws Exception {
        TestRights.assumeGuarded();
        agent = namespace();
        outside = namespace();
        inside(agent, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "out", "netns", "" + outside);
        inside(agent, "ip", "addr", "add", "10.9.9.2/24", "dev", "eth0");
        inside(agent, "ip", "link", "set", "eth0", "up");
        inside(outside, "ip", "addr", "add", "10.9.9.1/24", "dev", "out");
        inside(outside, "ip", "link", "set", "out", "up");
    }

    @AfterEach
    void endNamespaces() {
        processes.forEach(Process::destroyForcibly);
    }

    private long namespace() throws IOException {
        Process process = new ProcessBuilder("unshare", "--net", "sh", "-c", "echo there; exec sleep 60").start();
        processes.add(process);
        assertThat(process.inputReader(UTF_8).readLine()).isEqualTo("there");
        return process.pid();
    }

    private static String inside(long pid, String... command) throws Exception {
        Process process = begin(pid, command);
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return process.exitValue() + " " + output.strip();
    }

    private static Process begin(long pid, String... command) throws IOException {
        List<String> all = new ArrayList<>(List.of("nsenter", "--net=/proc/" + pid + "/ns/net"));
        all.addAll(List.of(command));
        return new ProcessBuilder(all).redirectErrorStream(true).start();
    }

    private String card(long user, Path device) throws Exception {
        String id = Long.toString(user);
        return inside(
                agent, "setpriv", "--reuid", id, "--regid", id, "--clear-groups", "python3", "-c", CARD, "" + device);
    }

    /** What the agent's address answers, where nobody listens. */
    private String connection() throws Exception {
        return inside(outside, "python3", "-c", """
                import socket
                try:
                    socket.create_connection(('10.9.9.2', 9), 1)
                except OSError as e:
                    print(type(e).__name__)
                """);
    }

    private Path device(long owner) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path device = folder.resolve("tun-" + owner);
        new DeviceFiles().make(device, Device.TUN, owner);
        return device;
    }

    @Test
    void framesPassBothWaysAndTheNamespacesOwnStackSeesNone() throws Exception {
        assertThat(connection()).isEqualTo("0 ConnectionRefusedError");
        new TapLink().make(agent, OWNER);

        Process answering = begin(outside, "python3", "-c", OUTSIDE);
        processes.add(answering);
        assertThat(answering.inputReader(UTF_8).readLine()).isEqualTo("ready");
        assertThat(card(OWNER, device(OWNER))).isEqualTo("0 from outside");
        assertThat(answering.inputReader(UTF_8).readLine()).isEqualTo("from the card");
        assertThat(connection()).isEqualTo("0 TimeoutError");
    }

    @Test
    void onlyItsOwnerOpensTheTap() throws Exception {
        new TapLink().make(agent, OWNER);
        assertThat(card(OWNER + 1, device(OWNER + 1))).startsWith("1 ").contains("Operation not permitted");
        assertThat(card(OWNER + 1, device(OWNER))).startsWith("1 ").contains("Permission denied");
    }

    @Test
    void whatIsThereIsNotMadeAgain() throws Exception {
        new TapLink().make(agent, OWNER);
        new TapLink().make(agent, OWNER);
        assertThat(inside(agent, "tc", "filter", "show", "dev", "eth0", "ingress"))
                .containsOnlyOnce("handle 0x1 ac_to_");
        assertThat(inside(agent, "tc", "filter", "show", "dev", "tap0", "ingress"))
                .containsOnlyOnce("handle 0x1 ac_to_");
    }

    @Test
    void withoutTheAgentsInterfaceThereIsNone() throws Exception {
        inside(agent, "ip", "link", "delete", "eth0");
        new TapLink().make(agent, OWNER);
        assertThat(inside(agent, "ip", "link", "show", "tap0")).startsWith("1 ");
    }
}
