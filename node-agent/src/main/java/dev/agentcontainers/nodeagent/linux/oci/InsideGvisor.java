package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process that runsc has begun in a sandbox. It is none of the host's, and goes on when runsc ends, so that it is
 * looked up and killed by gVisor.
 *
 * @param pidFile in the sandbox's mount namespace: its pid in gVisor
 */
record InsideGvisor(RuntimeCommand command, SandboxFiles files, long shimPid, Path pidFile) {
    /** How many processes are killed one by one, each by a runsc of its own. */
    static final int MOST = 256;

    /** Within which runsc, on a busy machine too, has said which process it has begun. */
    private static final Duration SAYING = Duration.ofSeconds(2);

    private static final Duration AGAIN = Duration.ofMillis(20);

    /**
     * User, pid, parent, group (which older ones lack), share of the processors, terminal, start, time, name. A program names
     * itself, with newlines where it likes, but in 15 bytes: these, tabs for the blanks among them, are less than a whole row.
     * Source: gVisor, pkg/sentry/control/proc.go, pkg/sentry/syscalls/linux/sys_prctl.go.
     */
    private static final Pattern ROW = Pattern.compile(
            "\\d{1,10} {3,}([1-9]\\d{0,8}) {3,}(\\d{1,9}) {3,}(?:\\d{1,9} {3,})?-?\\d{1,9} {3,}"
                    + "(?:\\?|pts/\\d{1,9}) {3,}(?:\\d\\d:\\d\\d|[A-Z][a-z]{2}\\d\\d|\\d{4}) {3,}"
                    + "-?\\d\\S{0,30}s {3,}.*",
            Pattern.DOTALL);

    /**
     * It and all that descend from it. No effect where it was not begun, and where gVisor has ended. runsc says which process
     * it is after it has begun it, and must not be killed in between: for that it has 2 s.
     *
     * @param runtime done when runsc has ended, and with it what it waited for
     * @throws IOException where something of it may go on
     */
    void kill(Future<?> runtime) throws IOException {
        if (isThere(SandboxFiles.through(shimPid, pidFile), runtime, SAYING)) {
            killTree();
        } else if (!runtime.isDone()) {
            throw new IOException("runsc has not said within " + SAYING.toSeconds() + " s which process it has begun");
        }
    }

    /** Whether it was begun; not known any more once it is forgotten. */
    boolean hasBegun() {
        return Files.exists(SandboxFiles.through(shimPid, pidFile));
    }

    /** Whether a file is there before something is done and that time has passed; waits on where it is interrupted. */
    static boolean isThere(Path file, Future<?> before, Duration patience) {
        boolean interrupted = false;
        try {
            long giveUp = System.nanoTime() + patience.toNanos();
            while (!Files.exists(file)) {
                if (before.isDone() || System.nanoTime() > giveUp) {
                    return false;
                }
                try {
                    Thread.sleep(AGAIN);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void killTree() throws IOException {
        int first;
        try {
            first = Integer.parseInt(
                    Files.readString(SandboxFiles.through(shimPid, pidFile)).trim());
        } catch (NoSuchFileException e) {
            // It has ended meanwhile.
            return;
        } catch (NumberFormatException e) {
            throw new IOException("runsc's " + pidFile.getFileName() + " holds no pid", e);
        }
        Set<Integer> stopped = stopTree(first);
        for (List<String> target : targets(List.copyOf(stopped))) {
            signal(target, "KILL");
        }
        if (stopped.size() > MOST) {
            throw new IOException("it has begun " + (stopped.size() - 1) + " processes more, of which no more than "
                    + MOST + " are killed one by one: those that are in other process groups may go on");
        }
    }

    /**
     * Until a look finds nobody new: what runs could begin another after its descendants were looked up, whose parent is then
     * dead and whose descent is forgotten. The parent before its children.
     */
    private Set<Integer> stopTree(int first) throws IOException {
        Set<Integer> stopped = new LinkedHashSet<>();
        List<Integer> fresh = List.of(first);
        while (!fresh.isEmpty() && stopped.size() <= MOST) {
            for (List<String> target : targets(fresh)) {
                signal(target, "STOP");
            }
            stopped.addAll(fresh);
            fresh = tree(first, parents(table())).stream()
                    .filter(process -> !stopped.contains(process))
                    .toList();
        }
        return stopped;
    }

    /** Empty where the agent has ended. */
    private String table() throws IOException {
        String id = files.id().value();
        try {
            return command.output(files, shimPid, List.of("ps", id));
        } catch (RuntimeCommand.RefusedException e) {
            return "";
        }
    }

    private void signal(List<String> target, String signal) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("kill"));
        arguments.addAll(target);
        arguments.add(files.id().value());
        arguments.add(signal);
        try {
            command.run(files, shimPid, arguments);
        } catch (RuntimeCommand.RefusedException e) {
            // It has ended meanwhile.
        }
    }

    /**
     * Whom runsc is told to signal, in this order. Where there are too many the first one's process group goes before the
     * others, all at once.
     */
    static List<List<String>> targets(List<Integer> tree) {
        List<List<String>> targets = new ArrayList<>();
        if (tree.size() > MOST) {
            targets.add(List.of("--pgid", tree.getFirst().toString()));
        }
        tree.stream().limit(MOST).forEach(pid -> targets.add(List.of("--pid", pid.toString())));
        return targets;
    }

    /**
     * Each process's parent, of a table whose first columns are user, pid and parent; in JSON it has pids alone. Lines that
     * are no rows are a name's, and a pid with two rows has no parent: one of them is not gVisor's.
     */
    static Map<Integer, Integer> parents(String table) {
        Map<Integer, Integer> parents = new TreeMap<>();
        Set<Integer> twice = new HashSet<>();
        for (String line : table.split("\n", -1)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                Integer pid = Integer.valueOf(row.group(1));
                if (parents.putIfAbsent(pid, Integer.valueOf(row.group(2))) != null) {
                    twice.add(pid);
                }
            }
        }
        parents.keySet().removeAll(twice);
        return parents;
    }

    /** The parent before its children, so that it makes no more of them. Each once, whoever is said to be whose child. */
    static List<Integer> tree(int first, Map<Integer, Integer> parents) {
        Map<Integer, List<Integer>> children = new TreeMap<>();
        parents.forEach((pid, parent) ->
                children.computeIfAbsent(parent, _ -> new ArrayList<>()).add(pid));
        Set<Integer> tree = new LinkedHashSet<>();
        Deque<Integer> next = new ArrayDeque<>(List.of(first));
        while (!next.isEmpty()) {
            int parent = next.removeFirst();
            if (tree.add(parent)) {
                next.addAll(children.getOrDefault(parent, List.of()));
            }
        }
        return List.copyOf(tree);
    }

    void forget() throws IOException {
        Files.deleteIfExists(SandboxFiles.through(shimPid, pidFile));
    }
}
