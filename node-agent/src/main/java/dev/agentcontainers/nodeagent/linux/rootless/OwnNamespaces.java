package dev.agentcontainers.nodeagent.linux.rootless;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that is root of namespaces of its own (users, mounts, processes, network), which are an ordinary user's: it may do
 * there what root may, and outside what the user may. Its first process is a shell, which takes the exit status of whatever is left
 * there, and with which all of it ends. Thread-safe. Sources: user_namespaces(7), newuidmap(1), unshare(1).
 */
public final class OwnNamespaces implements AutoCloseable {
    /** What of them no agent may reach: the machine's resolvers, and slirp4netns itself. */
    public static final String NETWORK = UserNetwork.RANGE;

    /** The descriptor by which the program is told, line by line; at its end whoever began it is gone. */
    public static final int TETHER = 3;

    private static final int MADE = 4;

    /** As shells name what a command of theirs writes. */
    private static final Pattern DESCRIPTOR = Pattern.compile("/(?:dev|proc/self)/fd/(\\d{1,4})");

    private static final int MTU = 1500;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final List<String> NAMESPACES =
            List.of("--user", "--mount", "--net", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc");

    /**
     * Waits until it has its ids and its network, and shows the user's folders where root's own would be, beside all that is there
     * on the machine; and the resolver that can be asked from there in place of those of the machine. Control groups are not shown:
     * runtimes would look for their own in them.
     */
    private static final String BEGINNING = """
            echo made >&4; exec 4>&-
            read -r go <&3 || exit 125
            resolvers=$(readlink -f /etc/resolv.conf)
            others=$(grep -v '^ *nameserver' "$resolvers" 2>/dev/null)
            fail() { echo "agentctl: namespaces can't be made ready: $1" >&2; exit 125; }
            machine=/sys/fs/cgroup
            mount -t tmpfs -o mode=755 agentcontainers $machine || fail "mount on $machine"
            mkdir $machine/runs $machine/state || fail "make folders"
            mount --bind "$1" $machine/runs || fail "mount $1"
            mount --bind "$2" $machine/state || fail "mount $2"
            for folder in /run /var/lib; do
                mkdir -p "$machine$folder" || fail "make folders"
                mount --rbind $folder "$machine$folder" || fail "mount $folder"
                mount -t tmpfs -o mode=755 agentcontainers $folder || fail "mount on $folder"
                for entry in "$machine$folder"/* "$machine$folder"/.[!.]*; do
                    name=${entry##*/}
                    case $name in agentcontainers | netns | resolv.conf) continue ;; esac
                    [ -e "$entry" ] && ln -s "$entry" "$folder/$name"
                done
                mkdir $folder/agentcontainers || fail "make folders"
            done
            mount --bind $machine/runs /run/agentcontainers || fail "mount on /run/agentcontainers"
            mount --bind $machine/state /var/lib/agentcontainers || fail "mount on /var/lib/agentcontainers"
            case $resolvers in /run/* | /var/lib/*) resolvers=$machine$resolvers ;; esac
            if [ -e "$resolvers" ]; then
                printf 'nameserver %s\\n%s\\n' "$3" "$others" >/run/resolv.conf
                mount --bind /run/resolv.conf "$resolvers" || fail "mount $resolvers"
            fi
            ip link set lo up || fail "ip link set lo up"
            shift 3
            "$@"
            code=$?
            exit $code
            """;

    private final ProcessCalls processes;
    private final DescriptorCalls descriptors;
    private final UserNetwork network;
    private final int pid;
    private final int tether;
    private boolean closed;

    private OwnNamespaces(
            ProcessCalls processes, DescriptorCalls descriptors, UserNetwork network, int pid, int tether) {
        this.processes = processes;
        this.descriptors = descriptors;
        this.network = network;
        this.pid = pid;
        this.tether = tether;
    }

    /**
     * What begins in them.
     *
     * @param command a program by its absolute path, and its arguments; it has the three standard descriptors of this process, and
     *     those that arguments name as {@code /dev/fd/N}
     * @param variables of its environment, all of them
     * @param ids that it has beside root's, each of which is one of the user's subordinate ids
     * @param runFolder of the user's, which it sees as {@code /run/agentcontainers}
     * @param stateFolder of the user's, which it sees as {@code /var/lib/agentcontainers}
     */
    public record Beginning(
            List<String> command, Map<String, String> variables, List<IdRange> ids, Path runFolder, Path stateFolder) {
        public Beginning {
            command = List.copyOf(command);
            variables = Map.copyOf(variables);
            ids = List.copyOf(ids);
        }
    }

    /**
     * @param networkEnded told what the network's program said last, where it ends before this is closed: nothing leaves then
     * @throws IOException where this machine does not let the user have them, with what to do
     */
    public static OwnNamespaces begin(Beginning beginning, Consumer<String> networkEnded)
            throws IOException, InterruptedException {
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        String user = System.getProperty("user.name");
        long needed = IdMap.needed(beginning.ids());
        Path self = Path.of("/proc/self");
        long userId = id(self, "uid");
        IdMap users = new IdMap(
                userId, SubordinateIds.atLeast(needed, Path.of("/etc/subuid"), user, userId), beginning.ids());
        IdMap groups = new IdMap(
                id(self, "gid"), SubordinateIds.atLeast(needed, Path.of("/etc/subgid"), user, userId), beginning.ids());
        try (Pipe tether = Pipe.open(descriptors);
                Pipe made = Pipe.open(descriptors)) {
            int pid = spawn(processes, beginning, tether.reading(), made.writing());
            ChildProcess child = new ChildProcess(processes, descriptors, pid, "unshare");
            boolean begun = false;
            try {
                made.closeWriting();
                if (child.readOne(made.reading(), PATIENCE) <= 0) {
                    throw new IOException(
                            "user namespaces can't be made: see user.max_user_namespaces, kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns of sysctl");
                }
                map("newuidmap", pid, users);
                map("newgidmap", pid, groups);
                UserNetwork network = UserNetwork.of(processes, descriptors, pid, MTU, networkEnded);
                begun = true;
                OwnNamespaces namespaces =
                        new OwnNamespaces(processes, descriptors, network, pid, tether.takeWriting());
                namespaces.tell("go");
                return namespaces;
            } finally {
                if (!begun) {
                    child.kill();
                    processes.waitFor(pid);
                }
            }
        }
    }

    private static long id(Path process, String kind) throws IOException {
        return ((Number) Files.getAttribute(process, "unix:" + kind)).longValue();
    }

    private static int spawn(ProcessCalls processes, Beginning beginning, int tether, int made) throws IOException {
        List<String> arguments = new ArrayList<>(NAMESPACES);
        arguments.addAll(List.of("--", "/bin/sh", "-c", BEGINNING, "sh"));
        arguments.add(beginning.runFolder().toString());
        arguments.add(beginning.stateFolder().toString());
        arguments.add(UserNetwork.RESOLVER);
        arguments.addAll(beginning.command());
        Map<String, String> variables = new HashMap<>(beginning.variables());
        variables.merge("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", (own, system) -> own + ":" + system);
        String unshare = program("unshare").path().toString();
        Map<Integer, Integer> passed = new HashMap<>(Map.of(0, 0, 1, 1, 2, 2));
        beginning.command().stream()
                .map(DESCRIPTOR::matcher)
                .filter(Matcher::matches)
                .map(named -> Integer.valueOf(named.group(1)))
                .forEach(named -> passed.put(named, named));
        passed.putAll(Map.of(TETHER, tether, MADE, made));
        int answer = processes.spawn(new SpawnRequest(unshare, arguments, variables, passed, false));
        if (answer < 0) {
            throw new SystemCallException("start " + unshare, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }

    private static void map(String program, int pid, IdMap ids) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(Integer.toString(pid)));
        arguments.addAll(ids.arguments());
        Program.Result result = program(program).run(PATIENCE, arguments);
        if (result.code() != 0) {
            throw new IOException(program + " refuses: " + result.output());
        }
    }

    private static Program program(String name) throws IOException {
        return Program.find(name).orElseThrow(() -> new IOException(name + " was not found on this machine"));
    }

    /** Writes a line to the program's {@link #TETHER}; without effect where it has ended. */
    public synchronized void tell(String line) {
        if (closed) {
            return;
        }
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        descriptors.write(tether, bytes, bytes.length);
    }

    /** Waits for the program's end: its exit code, or 128 plus the signal that ended it. To be called once. */
    public int await() {
        return processes.waitFor(pid);
    }

    /** To be called when it has ended. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            network.close();
            descriptors.close(tether);
        }
    }
}
