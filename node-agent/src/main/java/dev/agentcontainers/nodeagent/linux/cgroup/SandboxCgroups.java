package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Hierarchy;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * The control groups of one node: {@code <parent>/<sandbox>} for agents with their limits, made by the OCI runtime, and
 * {@code <parent>/_shims} for what supervises them, outside those limits and outside the node agent's own group. The
 * shims' groups have a name that no sandbox can have. In one hierarchy each shim has a group of its own, by which
 * everything of an unfinished start is found. Where there are no hierarchies everything of a sandbox is found by a mark that it
 * was started with. Thread-safe.
 */
public final class SandboxCgroups {
    private static final String SHIMS = "_shims";
    private static final String PROCESSES = "cgroup.procs";
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Hierarchies hierarchies;
    private final String parent;
    private final ProcessCalls processes;
    private final DescriptorCalls descriptors;
    private final MarkedProcesses marked;
    private final ReentrantLock making = new ReentrantLock();
    private final ExpectedMoves expected = new ExpectedMoves(this::moveThisProcessToWhereItIs);

    /** @param parent absolute path in every hierarchy, for example {@code /agentcontainers} */
    public SandboxCgroups(Hierarchies hierarchies, String parent, ProcessCalls processes, DescriptorCalls descriptors) {
        this.hierarchies = hierarchies;
        this.parent = parent;
        this.processes = processes;
        this.descriptors = descriptors;
        this.marked = new MarkedProcesses(parent, processes, descriptors);
    }

    public Hierarchies hierarchies() {
        return hierarchies;
    }

    /** False where there are none: nothing is limited then, and what belongs to a sandbox is known by a mark. */
    public boolean areThere() {
        return hierarchies.mode() != Mode.NONE;
    }

    /** Variables that whatever is started for a sandbox is to have: by which it is found where there are no groups. */
    public Map<String, String> mark(String sandbox) {
        return areThere() ? Map.of() : marked.mark(sandbox);
    }

    /** The path that the runtime is told. */
    public String pathFor(String sandbox) {
        return parent + "/" + sandbox;
    }

    /** Has the kernel get ready to move what is about to be started, and returns at once. */
    public void expectMoves() {
        if (areThere()) {
            expected.expect();
        }
    }

    private void moveThisProcessToWhereItIs() throws IOException {
        Hierarchy hierarchy = tracking();
        Optional<String> own = OwnGroups.ofThisProcess().in(hierarchy).filter(path -> !path.contains(".."));
        if (own.isPresent()) {
            Path where = Path.of(hierarchy.mountPoint() + own.get(), PROCESSES);
            Files.writeString(where, "0", StandardOpenOption.WRITE);
        }
    }

    /**
     * Makes the groups for a shim; the files that a process writes its pid to in order to be in all of them that matter.
     * Where this process is in a hierarchy's root group, so is the shim, and stays there: that is nobody's group, and each
     * move costs milliseconds (version 1 waits for every processor of the machine).
     */
    public List<Path> prepareShim(String sandbox) throws IOException {
        // One at a time: a group that another thread is just making may not take processes yet.
        making.lock();
        try {
            OwnGroups own = OwnGroups.ofThisProcess();
            List<Path> files = new ArrayList<>();
            for (Hierarchy hierarchy : hierarchies.all()) {
                Path group = shimGroup(hierarchy, sandbox);
                if (hierarchy.equals(tracking()) || !own.areRootOf(hierarchy)) {
                    files.add(group.resolve(PROCESSES));
                }
            }
            return files;
        } finally {
            making.unlock();
        }
    }

    /**
     * The same for a process that the limits of all these groups together are for: in every hierarchy, though a move costs time.
     *
     * @return the first is the one of the group by which it is found
     */
    public List<Path> prepareLimited(String sandbox) throws IOException {
        making.lock();
        try {
            List<Path> files = new ArrayList<>();
            for (Hierarchy hierarchy : hierarchies.all()) {
                Path file = shimGroup(hierarchy, sandbox).resolve(PROCESSES);
                files.add(hierarchy.equals(tracking()) ? 0 : files.size(), file);
            }
            return files;
        } finally {
            making.unlock();
        }
    }

    private Path shimGroup(Hierarchy hierarchy, String sandbox) throws IOException {
        makeParent(hierarchy);
        Path group = directory(hierarchy).resolve(SHIMS);
        make(hierarchy, group);
        if (hierarchy.equals(tracking())) {
            group = group.resolve(sandbox);
            make(hierarchy, group);
        }
        return group;
    }

    private void makeParent(Hierarchy hierarchy) throws IOException {
        make(hierarchy, directory(hierarchy));
        if (hierarchies.mode() == Mode.VERSION_2) {
            delegate(hierarchy.mountPoint());
            delegate(directory(hierarchy));
        }
    }

    /** The group of all sandboxes together that has this controller; made where it does not exist. */
    public Optional<Path> parentGroup(String controller) throws IOException {
        Optional<Hierarchy> hierarchy = hierarchies.of(controller);
        if (hierarchy.isEmpty()) {
            return Optional.empty();
        }
        making.lock();
        try {
            makeParent(hierarchy.get());
        } finally {
            making.unlock();
        }
        return Optional.of(directory(hierarchy.get()));
    }

    /**
     * The most processor time that one sandbox can be given, in microseconds of each {@link LiveLimits#PERIOD}. Version 1
     * refuses a group more than the one above it has; version 2 takes the smaller of both.
     */
    public OptionalLong mostQuota() throws IOException {
        if (hierarchies.mode() == Mode.VERSION_2) {
            return OptionalLong.empty();
        }
        return quota(hierarchies.of("cpu").map(this::directory));
    }

    /** The processor time that a sandbox has in version 1; empty without a limit, and where there is no such sandbox. */
    OptionalLong quota(String sandbox) throws IOException {
        return quota(group(sandbox, "cpu"));
    }

    private static OptionalLong quota(Optional<Path> group) throws IOException {
        if (group.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            long quota = Long.parseLong(
                    Files.readString(group.get().resolve(LiveLimits.QUOTA)).trim());
            return quota < 0 ? OptionalLong.empty() : OptionalLong.of(quota);
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }

    /** Every sandbox that any group is left of. */
    public Set<String> sandboxes() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Hierarchy hierarchy : hierarchies.all()) {
            names.addAll(children(directory(hierarchy)));
        }
        if (areThere()) {
            names.addAll(children(directory(tracking()).resolve(SHIMS)));
        }
        names.remove(SHIMS);
        return names;
    }

    public boolean exists(String sandbox) throws IOException {
        if (!areThere()) {
            return marked.areThere(sandbox);
        }
        for (Path group : groups(sandbox)) {
            if (Files.isDirectory(group)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a process is in its groups, its shim included. */
    public boolean hasProcesses(String sandbox) throws IOException {
        if (!areThere()) {
            return marked.areThere(sandbox);
        }
        for (Path group : groups(sandbox)) {
            if (!pids(group).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** Kills everything in the sandbox's groups, its shim included, and removes them. */
    public void remove(String sandbox) throws IOException, InterruptedException {
        if (!areThere()) {
            marked.kill(sandbox, PATIENCE);
            return;
        }
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        for (Path group : groups(sandbox)) {
            while (!tryRemove(group)) {
                killAll(group);
                if (System.nanoTime() > giveUp) {
                    throw new IOException("control group " + group + " still has processes "
                            + (PATIENCE.toSeconds() + " s after they were killed: ") + pids(group));
                }
                // The kernel tells nobody when a version 1 group becomes empty.
                Thread.sleep(2);
            }
        }
    }

    /** Removes the node's own groups where no sandbox is left in them. */
    public void removeParent() throws IOException {
        for (Hierarchy hierarchy : hierarchies.all()) {
            tryRemove(directory(hierarchy).resolve(SHIMS));
            tryRemove(directory(hierarchy));
        }
    }

    /** How often the kernel killed a process of the sandbox for its memory limit. */
    public long outOfMemoryKills(String sandbox) {
        return GroupStats.outOfMemoryKills(hierarchies.mode(), controller -> group(sandbox, controller))
                .orElse(0);
    }

    /** What the kernel counts of the sandbox, its shim not included. Reads some ten files of the kernel. */
    public GroupStats stats(String sandbox) {
        return GroupStats.read(hierarchies.mode(), controller -> group(sandbox, controller));
    }

    /** The group of a sandbox that has this controller. */
    public Optional<Path> group(String sandbox, String controller) {
        return hierarchies.of(controller).map(hierarchy -> directory(hierarchy).resolve(sandbox));
    }

    private List<Path> groups(String sandbox) throws IOException {
        List<Path> groups = new ArrayList<>();
        for (Hierarchy hierarchy : hierarchies.all()) {
            groups.add(directory(hierarchy).resolve(sandbox));
        }
        groups.add(directory(tracking()).resolve(SHIMS).resolve(sandbox));
        return groups;
    }

    private Hierarchy tracking() throws IOException {
        return hierarchies
                .unified()
                .or(() -> hierarchies.of("pids"))
                .orElseThrow(() -> new IOException(
                        "neither a version 2 hierarchy of control groups nor the pids controller is mounted"));
    }

    private Path directory(Hierarchy hierarchy) {
        return Path.of(hierarchy.mountPoint() + parent);
    }

    private static void make(Hierarchy hierarchy, Path group) throws IOException {
        Files.createDirectories(group);
        if (hierarchy.controllers().contains("cpuset")) {
            // A new version 1 group has neither processors nor memory nodes and takes no process until it has.
            for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
                if (Files.readString(group.resolve(file)).isBlank()) {
                    Files.writeString(group.resolve(file), Files.readString(group.resolveSibling(file)));
                }
            }
        }
    }

    private static void delegate(Path group) throws IOException {
        Set<String> available = Set.of(
                Files.readString(group.resolve("cgroup.controllers")).trim().split(" "));
        Path enabled = group.resolve("cgroup.subtree_control");
        Set<String> already = Set.of(Files.readString(enabled).trim().split(" "));
        String missing = List.of("memory", "pids", "cpu", "io").stream()
                .filter(controller -> available.contains(controller) && !already.contains(controller))
                .map(controller -> "+" + controller)
                .collect(Collectors.joining(" "));
        if (!missing.isEmpty()) {
            Files.writeString(enabled, missing);
        }
    }

    private void killAll(Path group) throws IOException {
        Path kill = group.resolve("cgroup.kill");
        if (Files.exists(kill)) {
            try {
                Files.writeString(kill, "1", StandardOpenOption.WRITE);
            } catch (IOException e) {
                throwUnlessGone(group, e);
                return;
            }
        }
        for (long pid : pids(group)) {
            Optional<ProcessIdentity> process = ProcessIdentity.of(pid);
            // Looked up again after its identity is known: it may have been another's pid by then.
            if (process.isPresent() && pids(group).contains(pid)) {
                process.get().signal(processes, descriptors, ProcessCalls.SIGKILL);
            }
        }
    }

    private static List<Long> pids(Path group) throws IOException {
        try {
            return Files.readAllLines(group.resolve(PROCESSES)).stream()
                    .map(Long::valueOf)
                    .filter(pid -> pid > 0)
                    .toList();
        } catch (IOException e) {
            throwUnlessGone(group, e);
            return List.of();
        }
    }

    /** Another may remove a group meanwhile; a file of it that is open answers ENODEV then (kernfs). */
    private static void throwUnlessGone(Path group, IOException failure) throws IOException {
        if (!Files.notExists(group)) {
            throw failure;
        }
    }

    /** False where it has processes. Groups that agents could have made inside go too. */
    private static boolean tryRemove(Path group) throws IOException {
        for (String child : children(group)) {
            if (!tryRemove(group.resolve(child))) {
                return false;
            }
        }
        try {
            Files.deleteIfExists(group);
            return true;
        } catch (DirectoryNotEmptyException e) {
            return false;
        } catch (IOException e) {
            // EBUSY: it had processes.
            if (Files.isDirectory(group)) {
                return false;
            }
            throwUnlessGone(group, e);
            return true;
        }
    }

    private static List<String> children(Path group) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(group, Files::isDirectory)) {
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
        return names;
    }
}
