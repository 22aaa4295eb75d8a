package dev.agentcontainers.nodeagent.linux.rootfs;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A tree made of lines: {@code /dir/}, {@code /file}, {@code /link -> target}, {@code /secret !}, {@code /socket =}. */
final class FakeHostTree implements HostTree {
    private final Map<String, Entry> entries = new TreeMap<>();

    FakeHostTree(String... lines) {
        for (String line : lines) {
            if (line.contains(" -> ")) {
                String[] parts = line.split(" -> ");
                entries.put(parts[0], new Entry(Kind.LINK, true, parts[1]));
            } else if (line.endsWith(" =")) {
                entries.put(line.substring(0, line.length() - 2), new Entry(Kind.OTHER, true, ""));
            } else {
                boolean readable = !line.endsWith(" !");
                String path = readable ? line : line.substring(0, line.length() - 2);
                boolean directory = path.endsWith("/");
                entries.put(
                        directory ? path.substring(0, path.length() - 1) : path,
                        new Entry(directory ? Kind.DIRECTORY : Kind.FILE, readable, ""));
            }
        }
    }

    @Override
    public Optional<Entry> look(String path) {
        return Optional.ofNullable(entries.get(path));
    }

    @Override
    public List<String> children(String path) {
        String prefix = path.equals("/") ? "/" : path + "/";
        return entries.keySet().stream()
                .filter(name -> name.startsWith(prefix) && name.indexOf('/', prefix.length()) < 0)
                .map(name -> name.substring(prefix.length()))
                .toList();
    }

    @Override
    public Optional<Instant> changedAt(String path) {
        return Optional.empty();
    }
}
