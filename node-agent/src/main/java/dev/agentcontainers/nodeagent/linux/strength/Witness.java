package dev.agentcontainers.nodeagent.linux.strength;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A sandbox whose program has made its attempts and waits, as the host sees it: by the process that is its first, which for a
 * sandbox with a kernel of its own is that kernel.
 *
 * @param output what the program printed
 * @param answers of the kernel that it spoke to, in the order of its calls
 * @param descriptorsBefore what its process has open in the host's kernel, before its first instruction
 * @param descriptors the same afterwards
 * @param mountsBefore lines of its table of mounts before its first instruction
 * @param mounts the same afterwards
 * @param namespacesBefore its namespaces by their kind, as the host names them, before its first instruction
 * @param namespaces the same afterwards
 * @param processNames of all processes that the host knows
 * @param status fields of the host's status of the process
 */
record Witness(
        long pid,
        String output,
        List<Long> answers,
        Map<Integer, Opened> descriptorsBefore,
        Map<Integer, Opened> descriptors,
        List<String> mountsBefore,
        List<String> mounts,
        Map<String, String> namespacesBefore,
        Map<String, String> namespaces,
        Set<String> processNames,
        Map<String, String> status) {
    /** Of namespaces, in the order of their names. */
    static final List<String> KINDS = List.of("cgroup", "ipc", "mnt", "net", "pid", "user", "uts");

    private static final int CHARACTER_DEVICE = 0x2000;
    private static final int BLOCK_DEVICE = 0x6000;
    private static final int KIND = 0xf000;
    private static final int HEXADECIMAL = 16;

    /**
     * A file that is open.
     *
     * @param link what the kernel says that it is: a path, or for example {@code anon_inode:[io_uring]}, {@code unix socket:[1]}
     * @param device {@code MAJOR:MINOR} of a device
     */
    record Opened(String link, Optional<String> device) {}

    /** What a sandbox is before its first instruction. */
    record Before(long pid, List<String> mounts, Map<String, String> namespaces, Map<Integer, Opened> descriptors) {
        static Before of(long pid) throws IOException {
            return new Before(pid, mountsOf(pid), Witness.namespaces(Long.toString(pid)), Witness.descriptors(pid));
        }
    }

    /** Looks at the process now. */
    static Witness of(Before before, String output) throws IOException {
        long pid = before.pid();
        return new Witness(
                pid,
                output,
                answers(output),
                before.descriptors(),
                descriptors(pid),
                before.mounts(),
                mountsOf(pid),
                before.namespaces(),
                namespaces(Long.toString(pid)),
                allProcessNames(),
                status(pid));
    }

    private static Set<String> allProcessNames() throws IOException {
        Set<String> names = new HashSet<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                try {
                    names.add(Files.readString(process.resolve("comm"), StandardCharsets.ISO_8859_1)
                            .strip());
                } catch (IOException e) {
                    // It has ended meanwhile.
                }
            }
        }
        return names;
    }

    private static List<String> mountsOf(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/mountinfo"), StandardCharsets.UTF_8);
    }

    /** The host's own, by their kind. */
    private static Map<String, String> hostNamespaces() throws IOException {
        return namespaces("self");
    }

    private static List<Long> answers(String output) {
        List<Long> answers = new ArrayList<>();
        int start = output.lastIndexOf(CallProgram.ANSWERS + "\n");
        if (start >= 0) {
            output.substring(start)
                    .lines()
                    .skip(1)
                    .takeWhile(line -> line.length() == HEXADECIMAL)
                    .forEach(line -> answers.add(Long.parseUnsignedLong(line, HEXADECIMAL)));
        }
        return answers;
    }

    private static Map<Integer, Opened> descriptors(long pid) throws IOException {
        Map<Integer, Opened> opened = new TreeMap<>();
        Set<String> local = localSockets(pid);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path one : all) {
                try {
                    opened.put(
                            Integer.parseInt(one.getFileName().toString()), new Opened(link(one, local), device(one)));
                } catch (NoSuchFileException e) {
                    // Closed meanwhile.
                }
            }
        }
        return opened;
    }

    /** Unix sockets of its network namespace, as links of descriptors have them. Source: proc_pid_net(5). */
    private static Set<String> localSockets(long pid) throws IOException {
        int inode = 6;
        Set<String> sockets = new HashSet<>();
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/net/unix"), StandardCharsets.ISO_8859_1)) {
            String[] columns = line.split(" +");
            if (columns.length > inode) {
                sockets.add("socket:[" + columns[inode] + "]");
            }
        }
        return sockets;
    }

    /** Deep in a tree a path may be longer than the kernel says it. */
    private static String link(Path descriptor, Set<String> local) throws NoSuchFileException {
        try {
            String link = Files.readSymbolicLink(descriptor).toString();
            return local.contains(link) ? "unix " + link : link;
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            return "";
        }
    }

    private static Optional<String> device(Path descriptor) throws IOException {
        int kind = (int) Files.getAttribute(descriptor, "unix:mode") & KIND;
        if (kind != CHARACTER_DEVICE && kind != BLOCK_DEVICE) {
            return Optional.empty();
        }
        long number = (long) Files.getAttribute(descriptor, "unix:rdev");
        return Optional.of((number >>> 8 & 0xfff) + ":" + (number & 0xff | number >>> 12 & 0xfff00));
    }

    private static Map<String, String> namespaces(String process) throws IOException {
        Map<String, String> namespaces = new HashMap<>();
        for (String kind : KINDS) {
            namespaces.put(
                    kind,
                    Files.readSymbolicLink(Path.of("/proc/" + process + "/ns/" + kind))
                            .toString());
        }
        return namespaces;
    }

    private static Map<String, String> status(long pid) throws IOException {
        Map<String, String> fields = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"), StandardCharsets.UTF_8)) {
            int colon = line.indexOf(':');
            fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        return fields;
    }

    /** A field of the host's status of the process; empty where the kernel has none of that name. */
    String field(String name) {
        return status.getOrDefault(name, "");
    }

    /** Its user on the host. */
    String user() {
        return field("Uid").split("\\s+")[0];
    }

    boolean hasHosts(String namespace) throws IOException {
        return Objects.equals(hostNamespaces().get(namespace), namespaces.get(namespace));
    }

    boolean hasLeft(String namespace) {
        return !Objects.equals(namespacesBefore.get(namespace), namespaces.get(namespace));
    }

    long answer(Answer answer) {
        return answers.get(answer.index());
    }

    /** What a call opened in the host's kernel; empty where it failed, and where another kernel answered it. */
    Optional<Opened> opened(Answer answer) {
        long descriptor = answer(answer);
        return Errors.isError(descriptor) ? Optional.empty() : Optional.ofNullable(descriptors.get((int) descriptor));
    }

    /** What it has opened since its first instruction. */
    List<Opened> newlyOpened() {
        return descriptors.values().stream()
                .filter(opened -> !descriptorsBefore.containsValue(opened))
                .toList();
    }

    /** Descriptors whose number no call of its own has answered. */
    List<Integer> notOpenedByItself() {
        int lastStandard = 2;
        return descriptors.keySet().stream()
                .filter(number -> number > lastStandard && !answers.contains((long) number))
                .toList();
    }

    /** Processes in its user namespace, itself included. */
    int processesOfItsUsers() throws IOException {
        Path own = Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/user"));
        int found = 0;
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                try {
                    found += Files.readSymbolicLink(process.resolve("ns/user")).equals(own) ? 1 : 0;
                } catch (IOException e) {
                    // It has ended meanwhile, or is nobody's of these users.
                }
            }
        }
        return found;
    }

    /** Entries of a table of sockets in its network namespace, for example {@code raw}. */
    int sockets(String table) throws IOException {
        Path file = Path.of("/proc/" + pid + "/net/" + table);
        return Files.exists(file) ? Files.readAllLines(file).size() - 1 : 0;
    }
}
