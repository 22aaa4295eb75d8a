package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Folders of the host that agents may be given, and how one is taken hold of: by its descriptor, from the allowed folder on
 * without following any link and without leaving that folder's filesystem, so that nothing that is renamed or linked
 * meanwhile leads elsewhere. Thread-safe.
 *
 * @param allowed what an administrator lets agents have, with everything below
 * @param never folders of the host that no agent gets, neither them nor anything in or above them
 */
public record HostFolders(List<Allowed> allowed, List<Path> never) {
    /** The node agent's setting. */
    public static final String SETTING = "agentcontainers.node.host-mounts";

    /** The kernel's, and where container engines keep their state, their sockets and other agents' files. */
    private static final List<Path> NEVER = Stream.of(
                    "/proc",
                    "/sys",
                    "/dev",
                    "/run",
                    "/var/run",
                    "/etc/agentcontainers",
                    "/etc/kubernetes",
                    "/etc/rancher",
                    "/var/lib/agentcontainers",
                    "/var/lib/kubelet",
                    "/var/lib/containerd",
                    "/var/lib/containers",
                    "/var/lib/crio",
                    "/var/lib/etcd",
                    "/var/lib/k0s",
                    "/var/lib/rancher",
                    "/var/lib/docker")
            .map(Path::of)
            .toList();

    /** Kinds of filesystems that are the kernel itself, wherever they are mounted. */
    private static final Set<String> KERNELS = Set.of(
            "autofs",
            "binfmt_misc",
            "bpf",
            "cgroup",
            "cgroup2",
            "configfs",
            "debugfs",
            "devpts",
            "devtmpfs",
            "efivarfs",
            "fusectl",
            "mqueue",
            "nsfs",
            "proc",
            "pstore",
            "securityfs",
            "selinuxfs",
            "sysfs",
            "tracefs");

    private static final int OTHERS_MAY_PASS = 0001;

    public static final HostFolders NONE = new HostFolders(List.of(), NEVER);

    private static final long ALWAYS = Mounts.ATTRIBUTE_NOSUID | Mounts.ATTRIBUTE_NODEV;

    /**
     * A folder of the host.
     *
     * @param path absolute and plain
     * @param writable whether agents may be let write to it
     */
    public record Allowed(Path path, boolean writable) {}

    public HostFolders {
        allowed = List.copyOf(allowed);
        never = List.copyOf(never);
    }

    /**
     * @param settings each {@code PATH}, {@code PATH:ro} or {@code PATH:rw}; a path with a colon says which
     * @throws IllegalArgumentException naming the setting and what is wrong with it
     */
    public static HostFolders of(List<String> settings) {
        List<Allowed> allowed = new ArrayList<>();
        for (String setting : settings) {
            boolean writable = setting.endsWith(":rw");
            boolean explicit = writable || setting.endsWith(":ro");
            String path = explicit ? setting.substring(0, setting.length() - 3) : setting;
            if (!explicit && path.contains(":")) {
                throw new IllegalArgumentException(SETTING + ": '" + setting
                        + "' must be PATH, PATH:ro or PATH:rw: what stands after its last colon is neither ro nor rw");
            }
            if (!isPlain(path)) {
                throw new IllegalArgumentException(
                        SETTING + ": '" + setting + "' must be PATH, PATH:ro or PATH:rw with an"
                                + " absolute path other than /, without '.', '..' and a '/' at its end");
            }
            Path parsed = Path.of(path);
            Optional<Path> own = NEVER.stream().filter(parsed::startsWith).findFirst();
            if (own.isPresent()) {
                throw new IllegalArgumentException(
                        SETTING + ": '" + setting + "' is in " + own.get() + ", which no agent gets");
            }
            allowed.add(new Allowed(parsed, writable));
        }
        return new HostFolders(allowed, NEVER);
    }

    /** With further folders that no agent gets. */
    public HostFolders without(List<Path> others) {
        List<Path> all = new ArrayList<>(never);
        others.forEach(other -> all.add(other.toAbsolutePath().normalize()));
        return new HostFolders(allowed, all);
    }

    /** Why an agent does not get this folder of the host; empty where it does, as far as names say. */
    public Optional<String> refusal(String path, boolean writable) {
        if (!isPlain(path)) {
            return Optional.of("'" + path + "' must be an absolute path other than /, without '.' and '..'");
        }
        Path asked = Path.of(path);
        Optional<Path> forbidden = forbidden(asked);
        if (forbidden.isPresent()) {
            return Optional.of("'" + path + "' is, holds or is in " + forbidden.get() + ", which no agent gets");
        }
        Optional<Allowed> folder = allowing(asked);
        if (folder.isEmpty()) {
            return Optional.of(
                    "'" + path + "' is in no folder of this node's that agents may be given; the node agent's setting "
                            + SETTING + " names them, for example " + path + (writable ? ":rw" : ""));
        }
        if (writable && !folder.get().writable()) {
            return Optional.of("'" + path + "' is in " + folder.get().path()
                    + ", which agents may only read here; with " + folder.get().path()
                    + ":rw in the node agent's setting " + SETTING + " they may write to it");
        }
        return Optional.empty();
    }

    private static boolean isPlain(String path) {
        Path parsed;
        try {
            parsed = Path.of(path);
        } catch (InvalidPathException e) {
            return false;
        }
        return parsed.isAbsolute()
                && parsed.getNameCount() > 0
                && parsed.normalize().toString().equals(path);
    }

    private Optional<Path> forbidden(Path asked) {
        return never.stream()
                .filter(own -> asked.startsWith(own) || own.startsWith(asked))
                .findFirst();
    }

    /** The innermost: what is allowed below another folder is what counts there. */
    private Optional<Allowed> allowing(Path asked) {
        return allowed.stream()
                .filter(each -> asked.startsWith(each.path()))
                .max(Comparator.comparingInt(each -> each.path().getNameCount()));
    }

    /**
     * A mount of the folder that is nowhere yet, without set-user-id bits and devices, and without what is mounted below it.
     *
     * @return its descriptor, which the caller closes
     * @throws IOException where there is no such folder, or the way to it leads over a link or another filesystem
     */
    int open(Mounts mounts, String path, boolean writable) throws IOException {
        Optional<String> refusal = refusal(path, writable);
        if (refusal.isPresent()) {
            throw new IOException("hostPath: " + refusal.get());
        }
        Path asked = Path.of(path);
        Path top = allowing(asked).orElseThrow().path();
        int folder = check(
                "open " + top + " of " + SETTING + " (a link, or no directory?)", mounts.openPlain(top.toString()));
        int opened = folder;
        Path reached = top;
        try {
            for (Path name : asked.equals(top) ? List.<Path>of() : top.relativize(asked)) {
                requirePassable(opened, reached, path);
                reached = reached.resolve(name);
                int next = check(
                        "open " + reached + " of the hostPath " + path
                                + " (is there no such directory, or a link or another filesystem on the way?)",
                        mounts.openBeneath(opened, name.toString()));
                mounts.close(opened);
                opened = next;
            }
            return mountOf(mounts, opened, path, writable);
        } finally {
            mounts.close(opened);
        }
    }

    /** The agent's mount begins behind it: without this it would get what nobody but root can reach. */
    private static void requirePassable(int directory, Path reached, String path) throws IOException {
        int mode = (int) Files.getAttribute(opened(directory), "unix:mode");
        if ((mode & OTHERS_MAY_PASS) == 0) {
            throw new IOException("hostPath: '" + path + "' is behind " + reached + ", which only some may pass (mode "
                    + Integer.toOctalString(mode & 07777) + "): agents get what everybody on the node can reach");
        }
    }

    private static Path opened(int directory) {
        return Path.of("/proc/thread-self/fd/" + directory);
    }

    /** By what it is, and not only by name: a folder may be seen at several places. */
    private void requireGivable(Path real, String path) throws IOException {
        Optional<Path> forbidden = forbidden(real);
        MountTable table = MountTable.ofThisThread();
        MountTable.Place place = table.place(real);
        if (KERNELS.contains(place.type())) {
            throw new IOException("hostPath: '" + path + "' is in a filesystem of kind " + place.type()
                    + ", which is the kernel's and no agent gets");
        }
        for (Path own : never) {
            if (forbidden.isEmpty()
                    && Files.exists(own)
                    && table.place(own.toRealPath()).overlaps(place)) {
                forbidden = Optional.of(own);
            }
        }
        if (forbidden.isPresent()) {
            throw new IOException(
                    "hostPath: '" + path + "' is, holds or is in " + forbidden.get() + ", which no agent gets");
        }
    }

    private int mountOf(Mounts mounts, int directory, String path, boolean writable) throws IOException {
        requireGivable(Files.readSymbolicLink(opened(directory)), path);
        int mount = check("take hold of " + path, mounts.cloneMount(directory));
        int answer = mounts.restrictMount(mount, writable ? ALWAYS : ALWAYS | Mounts.ATTRIBUTE_RDONLY);
        if (answer < 0) {
            mounts.close(mount);
        }
        check("restrict the mount of " + path, answer);
        return mount;
    }

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
