package dev.agentcontainers.nodeagent.linux.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is mounted where, in the order in which it was mounted; proc_pid_mountinfo(5). */
public record MountTable(List<Entry> entries) {
    private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");

    /**
     * @param device of the filesystem, {@code MAJOR:MINOR}
     * @param root the directory of the filesystem that is seen there, for example {@code /}
     * @param path where it is mounted
     * @param type kind of filesystem, for example {@code ext4}
     * @param options of the filesystem itself, for example the controllers of a cgroup hierarchy
     */
    public record Entry(String device, String root, String path, String type, List<String> options) {
        public Entry {
            options = List.copyOf(options);
        }
    }

    public MountTable {
        entries = List.copyOf(entries);
    }

    /** The mounts that the calling thread sees. */
    public static MountTable ofThisThread() throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/thread-self/mountinfo")));
    }

    public static MountTable parse(List<String> lines) {
        List<Entry> entries = new ArrayList<>();
        for (String line : lines) {
            // id parent major:minor root path options optional... - type source filesystem-options
            int separator = line.indexOf(" - ");
            String[] left = line.substring(0, separator).split(" ");
            String[] right = line.substring(separator + 3).split(" ");
            entries.add(new Entry(
                    left[2],
                    unescape(left[3]),
                    unescape(left[4]),
                    right[0],
                    List.of(right[right.length - 1].split(","))));
        }
        return new MountTable(entries);
    }

    /** What is mounted last, and so seen, at exactly this path. */
    public Optional<Entry> at(String path) {
        return entries.reversed().stream()
                .filter(entry -> entry.path().equals(path))
                .findFirst();
    }

    /**
     * A directory of a filesystem, which is the same wherever that is mounted.
     *
     * @param device {@code MAJOR:MINOR}
     * @param type kind of filesystem
     */
    public record Place(String device, Path path, String type) {
        /** Whether one is the other, or holds it. */
        public boolean overlaps(Place other) {
            return device.equals(other.device) && (path.startsWith(other.path) || other.path.startsWith(path));
        }
    }

    /** What a path without links leads to. */
    public Place place(Path path) {
        // Of those with the longest path the last one covers the others.
        Entry seen = entries.stream()
                .filter(entry -> path.startsWith(entry.path()))
                .reduce((first, second) ->
                        second.path().length() >= first.path().length() ? second : first)
                .orElseThrow(() -> new IllegalStateException("nothing is mounted above " + path));
        Path within = Path.of(seen.path()).relativize(path);
        return new Place(seen.device(), Path.of(seen.root()).resolve(within).normalize(), seen.type());
    }

    /** What is mounted below the path, outer mounts first, each path once. */
    public List<Entry> below(String path) {
        return entries.stream()
                .filter(entry -> entry.path().startsWith(path + "/"))
                .map(entry -> at(entry.path()).orElse(entry))
                .distinct()
                .toList();
    }

    private static String unescape(String text) {
        return ESCAPE.matcher(text)
                .replaceAll(match ->
                        Matcher.quoteReplacement(Character.toString((char) Integer.parseInt(match.group(1), 8))));
    }
}
