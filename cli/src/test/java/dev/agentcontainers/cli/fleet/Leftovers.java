package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.process.ExternalCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What an agent or a fleet could leave on the machine, by kind: processes (shims and agents among them), mounts in any
 * mount namespace, network namespaces, interfaces, addresses and routes of the host and of the fences, the rulesets of
 * nftables of both, settings of forwarding, control groups of every hierarchy, loop devices, files.
 */
record Leftovers(Map<String, List<String>> byKind) {
    /** Agents have users from here on, which nobody else has. */
    private static final long FIRST_AGENT_USER = 200_000_000L;

    private static final Pattern GROUP = Pattern.compile("^\\s*(set ([ai][46]|[nt])_|chain [fgr]_)");
    private static final Pattern NUMBER = Pattern.compile("never_[0-9]+");
    private static final Pattern AHEAD = Pattern.compile("/state/(workspaces/|stores(/|$)|authorities(/_|$))");

    /**
     * @param home the folder with everything of the fleet
     * @param files folders whose files are counted
     */
    static Leftovers count(Path home, List<Path> files) {
        Map<String, List<String>> found = new TreeMap<>();
        List<Seen> processes = processes();
        found.put(
                "processes",
                sorted(processes.stream().filter(seen -> seen.isOf(home)).map(Seen::commandLine)));
        found.put("mounts", mounts(processes, home));
        found.put("network namespaces", sorted(names(Path.of("/run/netns")).stream()));
        found.put("namespaces of processes", networkNamespaces(processes, home));
        found.put("loop devices", lines(command("losetup", "-a").filter(line -> line.contains(home.toString()))));
        found.put("control groups", controlGroups());
        found.put("files", files(files));
        found.put("forwarding", forwarding());
        found.putAll(network("host"));
        for (String name : names(Path.of("/run/netns"))) {
            found.putAll(network(name, "ip", "netns", "exec", name));
        }
        return new Leftovers(found);
    }

    /** A process of this machine. */
    private record Seen(long pid, String commandLine, long user) {
        boolean isOf(Path home) {
            return user >= FIRST_AGENT_USER || (commandLine.contains(home + "/") && !commandLine.contains("surefire"));
        }

        Optional<String> namespace(String kind) {
            try {
                return Optional.of(Files.readSymbolicLink(entry().resolve("ns").resolve(kind))
                        .toString());
            } catch (IOException e) {
                return Optional.empty();
            }
        }

        List<String> mounts() {
            try {
                return Files.readAllLines(entry().resolve("mountinfo"));
            } catch (IOException e) {
                return List.of();
            }
        }

        private Path entry() {
            return Path.of("/proc", Long.toString(pid));
        }
    }

    private static List<Seen> processes() {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .flatMap(pid -> seen(pid).stream())
                .toList();
    }

    private static Optional<Seen> seen(long pid) {
        try {
            Path entry = Path.of("/proc", Long.toString(pid));
            long user = ((Number) Files.getAttribute(entry, "unix:uid")).longValue();
            String line = Files.readString(entry.resolve("cmdline")).replace('\0', ' ');
            return Optional.of(new Seen(pid, line, user));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Each namespace is looked at by way of one process in it. */
    private static List<String> mounts(List<Seen> processes, Path home) {
        Map<String, Seen> one = new HashMap<>();
        processes.forEach(seen -> seen.namespace("mnt").ifPresent(namespace -> one.putIfAbsent(namespace, seen)));
        return sorted(one.values().stream()
                .flatMap(seen -> seen.mounts().stream())
                .filter(line -> line.contains(home + "/") || line.contains("/run/netns/"))
                // Without the numbers, which differ.
                .map(line -> line.split(" ", 5)[4]));
    }

    private static List<String> networkNamespaces(List<Seen> processes, Path home) {
        return sorted(processes.stream()
                .filter(seen -> seen.isOf(home))
                .flatMap(seen -> seen.namespace("net").stream())
                .distinct());
    }

    private static List<String> controlGroups() {
        TreeSet<String> groups = new TreeSet<>();
        walk(Path.of("/sys/fs/cgroup"), (path, isDirectory) -> {
            if (isDirectory && path.toString().contains("agentcontainers")) {
                groups.add(path.toString());
            }
        });
        return List.copyOf(groups);
    }

    private static List<String> files(List<Path> folders) {
        TreeSet<String> files = new TreeSet<>();
        for (Path folder : folders) {
            walk(folder, (path, isDirectory) -> {
                // What a node makes ahead, when it pleases, and its copies of the machine's folders; they go with the
                // node.
                if (!AHEAD.matcher(path.toString()).find()) {
                    files.add(path.toString());
                }
            });
        }
        return List.copyOf(files);
    }

    private interface Sight {
        void of(Path path, boolean isDirectory);
    }

    private static void walk(Path root, Sight sight) {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    sight.of(directory, true);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    sight.of(file, false);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) {
                    // It has gone meanwhile.
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> forwarding() {
        try {
            return List.of(
                    Files.readString(Path.of("/proc/sys/net/ipv4/ip_forward")).strip(),
                    Files.readString(Path.of("/proc/sys/net/ipv6/conf/all/forwarding"))
                            .strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, List<String>> network(String name, String... enter) {
        Map<String, List<String>> found = new TreeMap<>();
        found.put(name + ": interfaces", lines(command(with(enter, "ip", "-brief", "link"))));
        found.put(name + ": addresses", lines(command(with(enter, "ip", "-brief", "address"))));
        found.put(name + ": routes", lines(command(with(enter, "ip", "route", "show", "table", "all"))));
        found.put(name + ": routes of IPv6", lines(command(with(enter, "ip", "-6", "route", "show", "table", "all"))));
        found.put(name + ": rules of routing", lines(command(with(enter, "ip", "rule"))));
        // Without the state of counters, which packets change.
        found.put(name + ": nftables", withoutGroups(command(with(enter, "nft", "-s", "list", "ruleset"))));
        return found;
    }

    /** The rules of policy groups belong to the node's policy, not to an agent; the numbers of sets differ with each write. */
    private static List<String> withoutGroups(Stream<String> ruleset) {
        List<String> kept = new ArrayList<>();
        boolean inGroup = false;
        for (String line : ruleset.toList()) {
            inGroup = inGroup || GROUP.matcher(line).find();
            if (!inGroup) {
                kept.add(NUMBER.matcher(line).replaceAll("never_"));
            }
            inGroup = inGroup && !line.strip().equals("}");
        }
        kept.removeIf(String::isBlank);
        return kept;
    }

    private static String[] with(String[] before, String... command) {
        return Stream.concat(Stream.of(before), Stream.of(command)).toArray(String[]::new);
    }

    private static Stream<String> command(String... words) {
        // Whatever it says: a name without a namespace says the same before and after.
        return ExternalCommand.of(words).attempt().output().lines();
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return sorted(entries.map(entry -> entry.getFileName().toString()));
        } catch (IOException e) {
            return List.of();
        }
    }

    private static List<String> lines(Stream<String> lines) {
        return sorted(lines.map(line -> line.replaceAll("\\s+", " ").strip()));
    }

    private static List<String> sorted(Stream<String> values) {
        return values.sorted().toList();
    }

    /** What there is more than before, and what there is less, by kind; empty where nothing differs. */
    Map<String, List<String>> differenceFrom(Leftovers before) {
        Map<String, List<String>> different = new TreeMap<>();
        TreeSet<String> kinds = new TreeSet<>(byKind.keySet());
        kinds.addAll(before.byKind.keySet());
        for (String kind : kinds) {
            List<String> now = byKind.getOrDefault(kind, List.of());
            List<String> then = before.byKind.getOrDefault(kind, List.of());
            if (!now.equals(then)) {
                different.put(
                        kind,
                        Stream.concat(
                                        without(now, then).stream().map(each -> "+ " + each),
                                        without(then, now).stream().map(each -> "- " + each))
                                .toList());
            }
        }
        return different;
    }

    private static List<String> without(List<String> all, List<String> others) {
        List<String> rest = new ArrayList<>(all);
        others.forEach(rest::remove);
        return rest;
    }
}
