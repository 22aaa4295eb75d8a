package dev.agentcontainers.nodeagent.linux.names;

import dev.agentcontainers.egressproxy.EgressProxy;
import dev.agentcontainers.egressproxy.ProxyOptions;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.linux.cgroup.LiveLimits;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.platform.EnterableDirectory;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.protocol.names.NameServer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxy as a process in a control group of its own, outside that of the node agent and with limits of its own. It begins
 * as a shell that puts itself there: so whatever has begun is found by its group, also by another node agent. A second one, in
 * namespaces of its own (mounts, processes, IPC, host name; unshare of util-linux), gives all rights away (setpriv) before
 * anything of the proxy runs.
 */
public final class LinuxProxyPrograms implements ProxyPrograms {
    private static final Logger LOG = LoggerFactory.getLogger(LinuxProxyPrograms.class);
    private static final String GROUP = "proxy";
    private static final String SHELL = "/bin/sh";

    /** Goes to the control groups of which it is given the files, up to an empty argument, and on with what comes then. */
    private static final String JOIN =
            "while [ -n \"$1\" ]; do echo $$ > \"$1\" || exit 1; shift; done; shift; exec \"$@\"";

    /** It waits outside for the proxy, and doesn't outlive it, nor the proxy it. What the host unmounts later goes inside too. */
    private static final List<String> NAMESPACES = List.of(
            "--mount",
            "--propagation=slave",
            "--pid",
            "--fork",
            "--kill-child=SIGKILL",
            "--mount-proc",
            "--ipc",
            "--uts");

    /**
     * Shows the JDK and the libraries where the proxy's user can get to, and to this process alone: it is in a mount namespace of
     * its own. Files beyond what questions of all agents take; no core file, which would show what agents ask for.
     */
    private static final String LAUNCHER = "umask 077; ulimit -c 0; ulimit -n 4096;"
            + " ulimit -p 512 2>/dev/null || ulimit -u 512;"
            + " mount --bind \"$1\" \"$2\" && mount --bind \"$3\" \"$4\" && shift 4 && exec \"$@\"";

    private static final List<String> JAVA_OPTIONS = List.of(
            "-Xmx128m",
            "-XX:MaxDirectMemorySize=48m",
            "-XX:MaxMetaspaceSize=64m",
            "-XX:ReservedCodeCacheSize=32m",
            "-XX:ActiveProcessorCount=2",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            "-XX:+DisableAttachMechanism",
            "-XX:ErrorFile=/dev/stderr",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dslf4j.internal.verbosity=ERROR");

    /**
     * Where there are control groups. More than the JVM takes of heap, direct memory, classes and code together, so that it ends by itself before the kernel
     * ends it; and more threads than it has.
     */
    private static final ResourceAmounts LIMITS = new ResourceAmounts(
            OptionalLong.empty(), OptionalLong.of(384L << 20), OptionalLong.empty(), OptionalLong.of(64));

    private final Path runDirectory;
    private final Path stateDirectory;
    private final Path fence;
    private final SandboxCgroups groups;
    private final IdRange agents;
    private final ProcessCalls processes = ProcessCalls.ofThisMachine();
    private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
    private Optional<ProxyBuild> build = Optional.empty();

    /**
     * @param runDirectory for the socket
     * @param stateDirectory for what it is started from
     * @param fence where the fence's namespace is pinned
     * @param groups of this process alone
     * @param agents whose ids the proxy must not have
     */
    public LinuxProxyPrograms(
            Path runDirectory, Path stateDirectory, Path fence, SandboxCgroups groups, IdRange agents) {
        this.runDirectory = runDirectory;
        this.stateDirectory = stateDirectory;
        this.fence = fence;
        this.groups = groups;
        this.agents = agents;
    }

    @Override
    public ServerSocketChannel listen(long user) throws IOException {
        EnterableDirectory.make(folder());
        Path beside = socket().resolveSibling("control.new");
        Files.deleteIfExists(beside);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(beside));
            Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-------"));
            Files.setAttribute(beside, "unix:uid", (int) user);
            Files.deleteIfExists(socket());
            // Moved when nobody else can connect to it any more.
            Files.move(beside, socket());
            return listener;
        } catch (IOException e) {
            listener.close();
            throw e;
        }
    }

    private Path socket() {
        return folder().resolve("control");
    }

    private Path folder() {
        return runDirectory.resolve("names");
    }

    @Override
    public boolean isProxy(SocketChannel peer) throws IOException {
        return peer.getOption(ExtendedSocketOptions.SO_PEERCRED).user().equals(Files.getOwner(socket()));
    }

    @Override
    public String build() throws IOException {
        return theBuild().name();
    }

    private synchronized ProxyBuild theBuild() throws IOException {
        if (build.isEmpty()) {
            build = Optional.of(ProxyBuild.ofThisProgram());
        }
        return build.get();
    }

    @Override
    public String fence() throws IOException {
        return Files.exists(fence)
                ? Files.getAttribute(fence, "unix:dev") + ":" + Files.getAttribute(fence, "unix:ino")
                : "none";
    }

    @Override
    public boolean isRunning() throws IOException {
        return groups.hasProcesses(GROUP);
    }

    @Override
    public void start(NameServerSockets sockets, long user) throws IOException {
        requireNoAgents(user);
        Path libraries = theBuild().copyTo(stateDirectory.resolve("proxy"));
        Map<String, String> environment = new HashMap<>(groups.mark(GROUP));
        environment.put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        List<String> arguments = new ArrayList<>(List.of("-c", JOIN, "sh"));
        List<Path> files = groups.prepareLimited(GROUP);
        files.forEach(file -> arguments.add(file.toString()));
        arguments.add("");
        arguments.addAll(arguments(libraries, user));
        if (groups.areThere()) {
            new LiveLimits(groups).applyToAll(LIMITS);
        }
        EnterableDirectory.make(shownJdk());
        EnterableDirectory.make(shownLibraries());
        int[] output = new int[2];
        check("make a pipe", descriptors.pipe(output));
        try {
            int child = check(
                    "start the egress proxy",
                    processes.spawn(new SpawnRequest(
                            SHELL,
                            arguments,
                            environment,
                            Map.of(
                                    1,
                                    output[1],
                                    2,
                                    output[1],
                                    NameServer.DATAGRAM_DESCRIPTOR,
                                    sockets.datagrams(),
                                    NameServer.STREAM_DESCRIPTOR,
                                    sockets.streams(),
                                    NameServer.INTERCEPTED_DESCRIPTOR,
                                    sockets.intercepted(),
                                    NameServer.ASKED_DESCRIPTOR,
                                    sockets.asked()),
                            false)));
            ChildProcess process = new ChildProcess(processes, descriptors, child, "the egress proxy");
            follow(process, output[0]);
            if (groups.areThere()) {
                join(process, files.getFirst());
            }
        } finally {
            descriptors.close(output[1]);
        }
    }

    private void requireNoAgents(long user) throws IOException {
        if (agents.first() <= user && user < agents.first() + agents.size()) {
            throw new IOException(
                    "agents have the user ids %d to %d, among them %d, which is the egress proxy's: choose others"
                            .formatted(agents.first(), agents.first() + agents.size() - 1, user));
        }
    }

    private List<String> arguments(Path libraries, long user) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of(program("unshare").path().toString()));
        arguments.addAll(NAMESPACES);
        arguments.addAll(List.of(SHELL, "-c", LAUNCHER, "sh"));
        arguments.addAll(List.of(System.getProperty("java.home"), shownJdk().toString()));
        arguments.addAll(List.of(libraries.toString(), shownLibraries().toString()));
        arguments.add(program("setpriv").path().toString());
        arguments.addAll(List.of("--reuid=" + user, "--regid=" + user, "--clear-groups"));
        arguments.addAll(List.of("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"));
        arguments.add(shownJdk().resolve("bin/java").toString());
        arguments.addAll(JAVA_OPTIONS);
        arguments.add("-Djava.library.path=" + shownLibraries());
        arguments.add("-cp");
        arguments.add(theBuild().elements().stream()
                .map(element -> shownLibraries().resolve(element).toString())
                .collect(Collectors.joining(":")));
        arguments.add(EgressProxy.class.getName());
        arguments.addAll(new ProxyOptions(socket(), build(), fence()).arguments());
        return arguments;
    }

    private Path shownJdk() {
        return folder().resolve("jdk");
    }

    private Path shownLibraries() {
        return folder().resolve("libraries");
    }

    private static Program program(String name) throws IOException {
        return Program.find(name)
                .orElseThrow(
                        () -> new IOException(
                                name
                                        + " is missing, without which the egress proxy can't give its rights away: install util-linux"));
    }

    /** It goes there by itself, also where this process ends now; but it is to be found there when this returns. */
    private void join(ChildProcess process, Path file) throws IOException {
        try {
            check(
                    "move the egress proxy to the control group " + file.getParent(),
                    processes.move(process.pid(), file));
        } catch (IOException e) {
            process.kill();
            throw e;
        }
    }

    /** Logs what it says, and takes its exit status. Where this process ends before, nobody does. */
    private void follow(ChildProcess process, int output) {
        Thread.ofPlatform().daemon().name("egress proxy output").start(() -> {
            byte[] buffer = new byte[4096];
            for (int count = descriptors.read(output, buffer); count > 0; count = descriptors.read(output, buffer)) {
                LOG.warn("the egress proxy says: {}", new String(buffer, 0, count, StandardCharsets.UTF_8).strip());
            }
            descriptors.close(output);
            LOG.debug("the egress proxy ended with code {}", processes.waitFor(process.pid()));
        });
    }

    @Override
    public void kill() throws IOException, InterruptedException {
        if (groups.exists(GROUP)) {
            groups.remove(GROUP);
        }
    }

    /** Kills it and removes what it leaves. */
    public void forget() throws IOException {
        try {
            kill();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the egress proxy was removed", e);
        }
        groups.removeParent();
        Files.deleteIfExists(socket());
        Files.deleteIfExists(shownJdk());
        Files.deleteIfExists(shownLibraries());
        ProxyBuild.delete(folder());
        ProxyBuild.delete(stateDirectory.resolve("proxy"));
    }

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
