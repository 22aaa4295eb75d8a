package dev.agentcontainers.nodeagent.linux.rootless;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * slirp4netns, which carries what leaves a network namespace by sockets of the user's own in the machine's network. It reaches no
 * loopback of the machine's, ends with this process, and where it ends nothing is carried. Source: slirp4netns(1).
 */
final class UserNetwork implements AutoCloseable {
    /** Of addresses between providers and their customers (RFC 6598), behind those that fleets have: no network of the machine's. */
    static final String RANGE = "100.127.254.0/24";

    /** Where it passes questions on to the machine's resolvers: the third of the range. */
    static final String RESOLVER = "100.127.254.3";

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int READY = 3;
    private static final int EXIT = 4;

    private final ChildProcess child;
    private final DescriptorCalls descriptors;
    private final int hold;
    private volatile boolean closed;

    private UserNetwork(ChildProcess child, DescriptorCalls descriptors, int hold) {
        this.child = child;
        this.descriptors = descriptors;
        this.hold = hold;
    }

    /**
     * Connects the network namespace of a process, and returns when it is connected.
     *
     * @param pid of a process in a user namespace of this user's, to which its network namespace belongs
     * @param ended told what it said last, where it ends before this is closed
     */
    static UserNetwork of(
            ProcessCalls processes, DescriptorCalls descriptors, long pid, int mtu, Consumer<String> ended)
            throws IOException {
        Program program = Program.find("slirp4netns")
                .orElseThrow(() -> new IOException("slirp4netns was not found: install the package slirp4netns"));
        try (Pipe ready = Pipe.open(descriptors);
                Pipe said = Pipe.open(descriptors);
                Pipe exit = Pipe.open(descriptors)) {
            SpawnRequest request = new SpawnRequest(
                    program.path().toString(),
                    List.of(
                            "--configure",
                            "--mtu=" + mtu,
                            "--cidr=" + RANGE,
                            "--disable-host-loopback",
                            "--enable-sandbox",
                            "--enable-seccomp",
                            "--ready-fd=" + READY,
                            "--exit-fd=" + EXIT,
                            Long.toString(pid),
                            "tap0"),
                    Map.of(),
                    Map.of(1, said.writing(), 2, said.writing(), READY, ready.writing(), EXIT, exit.reading()),
                    false);
            int answer = processes.spawn(request);
            if (answer < 0) {
                throw new SystemCallException(
                        "start " + program.path(), -answer, LinuxNamespaceCalls.describe(-answer));
            }
            ChildProcess child = new ChildProcess(processes, descriptors, answer, "slirp4netns");
            ready.closeWriting();
            said.closeWriting();
            if (child.readOne(ready.reading(), PATIENCE) <= 0) {
                child.kill();
                String why = child.readAll(said.reading(), PATIENCE).strip();
                processes.waitFor(answer);
                throw new IOException(
                        "the network of namespaces can't be connected to the machine's: slirp4netns says: " + why
                                + " (it opens /dev/net/tun, which must be there and open to every user)");
            }
            UserNetwork network = new UserNetwork(child, descriptors, exit.takeWriting());
            network.follow(said.takeReading(), ended);
            return network;
        }
    }

    /** It must not wait until what it says is read. */
    private void follow(int output, Consumer<String> ended) {
        Thread.ofPlatform().daemon().name("slirp4netns output").start(() -> {
            byte[] buffer = new byte[1024];
            String last = "";
            for (int count = descriptors.read(output, buffer); count > 0; count = descriptors.read(output, buffer)) {
                last = new String(buffer, 0, count, StandardCharsets.UTF_8).strip();
            }
            descriptors.close(output);
            if (!closed) {
                ended.accept(last);
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        descriptors.close(hold);
        try {
            child.await(PATIENCE);
        } catch (IOException e) {
            // It was killed, which is as good.
        }
    }
}
