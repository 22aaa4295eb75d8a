package dev.agentcontainers.bench.density;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.bench.Commands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How much there is of what agents leave on a machine, by kind. What a node has whether or not it has agents (fence, egress proxy,
 * journal) is in it, and the same before and after.
 */
record Traces(Map<String, Long> counts) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern NUMBERS = Pattern.compile("[0-9a-f]{8}[0-9a-f-]*|[0-9]+");

    Traces {
        counts = new LinkedHashMap<>(counts);
    }

    /** What there is of a node now. */
    static Traces of(DensityNode node) throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>(onTheMachine(node.folder()));
        counts.put("agents known to the supervisor", (long) node.agents());
        counts.putAll(inTheFence());
        counts.put("descriptors of this process", entries(Path.of("/proc/self/fd")));
        counts.putAll(threads());
        counts.put(
                "children of this process", ProcessHandle.current().children().count());
        return new Traces(counts);
    }

    /** What there is of a node that has been removed. */
    static Traces afterRemoval(Path folder) throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>(onTheMachine(folder));
        counts.put("fences", Files.exists(Path.of("/run/netns", DensityNode.FENCE)) ? 1L : 0L);
        return new Traces(counts);
    }

    /** That there is more of here than there, as text for people; empty for nothing. */
    List<String> beyond(Traces other) {
        List<String> more = new ArrayList<>();
        counts.forEach((what, count) -> {
            long before = other.counts().getOrDefault(what, 0L);
            if (count > before) {
                more.add("%s: %d, before %d".formatted(what, count, before));
            }
        });
        return more;
    }

    /** Of everything together. */
    long sum() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static Map<String, Long> onTheMachine(Path folder) throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>();
        Groups agents = new Groups(DensityNode.CONTROL_GROUP);
        Groups proxy = new Groups(DensityNode.PROXY_CONTROL_GROUP);
        counts.put(
                "processes",
                (long) agents.processes().size() + proxy.processes().size());
        counts.put("control groups", agents.count() + proxy.count());
        counts.put("mounts", lines(Path.of("/proc/self/mountinfo"), folder.toString()));
        counts.put("loop devices", loopDevices(folder));
        counts.put("files", files(folder));
        return counts;
    }

    private static Map<String, Long> inTheFence() throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("links of the host", entries(Path.of("/sys/class/net")));
        counts.put("links in the fence", linesOf("ip", "-o", "link"));
        counts.put("routes in the fence", linesOf("ip", "-o", "route", "show", "table", "all"));
        counts.put("neighbours in the fence", linesOf("ip", "-o", "neigh", "show", "nud", "all"));
        // Of hundreds ip lists only the first, but of any that is left at least one.
        counts.put("namespaces known to the fence", linesOf("ip", "netns", "list-id"));
        counts.put(
                "traffic filters in the fence",
                linesOf("sh", "-c", "for l in $(ls /sys/class/net); do tc filter show dev $l; done"));
        JsonNode rules = JSON.readTree(inFence("nft", "-j", "list", "ruleset"));
        for (JsonNode each : rules.path("nftables")) {
            String kind = each.fieldNames().next();
            if (!kind.equals("metainfo")) {
                counts.merge("nftables in the fence: " + kind, 1L, Long::sum);
                long elements = each.path(kind).path("elem").size();
                if (elements > 0) {
                    counts.merge("nftables in the fence: elements", elements, Long::sum);
                }
            }
        }
        return counts;
    }

    private static long linesOf(String... command) {
        return inFence(command).lines().filter(line -> !line.isBlank()).count();
    }

    private static String inFence(String... command) {
        List<String> words = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + DensityNode.FENCE));
        words.addAll(List.of(command));
        return Commands.run(words.toArray(String[]::new));
    }

    private static long lines(Path file, String part) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.contains(part)).count();
        }
    }

    private static long loopDevices(Path folder) throws IOException {
        long count = 0;
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            for (Path device : devices) {
                try {
                    // What path it shows depends on a mount namespace that may be gone: the end of it does not.
                    String file = Files.readAllLines(device.resolve("loop/backing_file"))
                            .getFirst();
                    if (file.contains(folder.getFileName().toString()) || file.endsWith("/workspace.img")) {
                        count++;
                    }
                } catch (NoSuchFileException e) {
                    // It is free.
                }
            }
        }
        return count;
    }

    private static long files(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.count();
        } catch (UncheckedIOException e) {
            throw new IOException(e);
        }
    }

    private static long entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.count();
        }
    }

    /**
     * By their names. Without what carries virtual threads, of which there are as many as were once busy at a time, up to the processors,
     * and without the JDK's own that wait for children: one without work stays for a minute, and this count needs children itself.
     */
    private static Map<String, Long> threads() {
        Map<String, Long> counts = new TreeMap<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            String name = thread.getName();
            if (!name.startsWith("ForkJoinPool-") && !name.startsWith("process reaper")) {
                counts.merge("threads of this process: " + NUMBERS.matcher(name).replaceAll("#"), 1L, Long::sum);
            }
        }
        return counts;
    }
}
