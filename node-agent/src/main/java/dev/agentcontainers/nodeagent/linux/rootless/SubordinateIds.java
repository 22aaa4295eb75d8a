package dev.agentcontainers.nodeagent.linux.rootless;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Ids of the machine that an ordinary user may give to namespaces of its own, beside the user's own id. Source: subuid(5).
 *
 * @param first of them
 * @param count how many there are
 */
record SubordinateIds(long first, long count) {
    private static final int FIELDS = 3;

    /**
     * The first range of the user's that is large enough.
     *
     * @param file {@code /etc/subuid} or {@code /etc/subgid}
     * @throws IOException where there is none, with what to do
     */
    static SubordinateIds atLeast(long count, Path file, String user, long userId) throws IOException {
        List<SubordinateIds> given = read(file).stream()
                .map(line -> line.strip().split(":"))
                .filter(fields ->
                        fields.length == FIELDS && (fields[0].equals(user) || fields[0].equals(Long.toString(userId))))
                .flatMap(fields -> parse(fields[1], fields[2]).stream())
                .toList();
        return given.stream()
                .filter(ids -> ids.count >= count)
                .findFirst()
                .orElseThrow(() -> new IOException(
                        "%s gives the user %s %s, and %d in one line are needed: have an administrator add them, for example by 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s' with numbers that nobody else has"
                                .formatted(file, user, given.isEmpty() ? "no ids" : "too few ids", count, user)));
    }

    private static List<String> read(Path file) throws IOException {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static Optional<SubordinateIds> parse(String first, String count) {
        try {
            return Optional.of(new SubordinateIds(Long.parseLong(first), Long.parseLong(count)));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
