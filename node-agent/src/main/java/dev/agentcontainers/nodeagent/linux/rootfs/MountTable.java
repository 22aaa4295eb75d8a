package dev.agentcontainers.nodeagent.linux.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is mounted where, as proc_pid_mountinfo(5) shows it. */
public record MountTable(List<Entry> entries) {
    private static final int MOUNT_POINT = 4;

    public MountTable {
        entries = List.copyOf(entries);
    }

    /** A mount: its path and its kind of file system. */
    public record Entry(String path, String kind) {}

    public static MountTable ofThisThread() throws IOException {
        return parse(Files.readString(Path.of("/proc/thread-self/mountinfo")));
    }

    static MountTable parse(String mountinfo) {
        List<Entry> entries = new ArrayList<>();
        for (String line : mountinfo.split("\n")) {
            String[] fields = line.split(" ");
            int separator = List.of(fields).indexOf("-");
            if (separator > MOUNT_POINT && fields.length > separator + 1) {
                entries.add(new Entry(unescape(fields[MOUNT_POINT]), fields[separator + 1]));
            }
        }
        return new MountTable(entries);
    }

    /** True where something is mounted at exactly that path. */
    public boolean isMountPoint(String path) {
        return entries.stream().anyMatch(entry -> entry.path().equals(path));
    }

    /** The mounts below a path, not at it, whose kind is one of these; outer ones first. */
    List<String> below(String path, List<String> kinds) {
        return entries.stream()
                .filter(entry -> entry.path().startsWith(path + "/") && kinds.contains(entry.kind()))
                .map(Entry::path)
                .distinct()
                .sorted()
                .toList();
    }

    /** Space, tab, newline and backslash stand as octal numbers. */
    private static String unescape(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
