package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whom an image's program is run as, inside of its sandbox. Source: OCI image specification 1.1, config.md ({@code User}).
 *
 * @param groups beside {@code group}
 */
public record ImageUser(int user, int group, List<Integer> groups, String home) {
    public ImageUser {
        groups = List.copyOf(groups);
    }

    /**
     * Whom a mounted image's program is run as.
     *
     * @param root where the image is mounted
     * @param text as {@link #resolve} takes it
     */
    public static ImageUser in(Path root, String text) throws IOException {
        ImageFiles files = new ImageFiles(LayerCalls.ofThisMachine(), root);
        return resolve(text, files.text("etc/passwd"), files.text("etc/group"));
    }

    /**
     * @param text NAME or ID, and after a colon the same of a group; empty for root
     * @param passwd what the image has at /etc/passwd; passwd(5)
     * @param group what it has at /etc/group; group(5)
     * @throws ImageException naming what the image does not know
     */
    static ImageUser resolve(String text, String passwd, String group) throws ImageException {
        String[] asked = text.split(":", 2);
        String name = asked[0].isEmpty() ? "0" : asked[0];
        Optional<String[]> known = line(passwd, 4, fields -> fields[0].equals(name))
                .or(() -> isNumber(name) ? line(passwd, 4, fields -> fields[2].equals(name)) : Optional.empty());
        if (known.isEmpty() && !isNumber(name)) {
            throw unknown("user", name, "/etc/passwd");
        }
        int user = id(known.map(fields -> fields[2]).orElse(name), "user", name);
        String home = known.filter(fields -> fields.length > 5 && fields[5].startsWith("/"))
                .map(fields -> fields[5])
                .orElse("/");
        if (asked.length == 2 && !asked[1].isEmpty()) {
            return new ImageUser(user, group(asked[1], group), List.of(), home);
        }
        int own = known.isPresent() ? id(known.get()[3], "group", name) : 0;
        return new ImageUser(user, own, known.isPresent() ? groups(known.get()[0], group) : List.of(), home);
    }

    private static int group(String name, String file) throws ImageException {
        Optional<String[]> known = line(file, 3, fields -> fields[0].equals(name));
        if (known.isEmpty() && !isNumber(name)) {
            throw unknown("group", name, "/etc/group");
        }
        return id(known.map(fields -> fields[2]).orElse(name), "group", name);
    }

    /** Those that list the user. */
    private static List<Integer> groups(String name, String file) throws ImageException {
        List<Integer> groups = new ArrayList<>();
        for (String[] fields : lines(file, 4).toList()) {
            if (Arrays.asList(fields[3].split(",", -1)).contains(name)) {
                groups.add(id(fields[2], "group", fields[0]));
            }
        }
        return groups;
    }

    private interface Condition {
        boolean holds(String[] fields);
    }

    private static Optional<String[]> line(String file, int least, Condition condition) {
        return lines(file, least).filter(condition::holds).findFirst();
    }

    private static Stream<String[]> lines(String file, int least) {
        return file.lines().map(line -> line.split(":", -1)).filter(fields -> fields.length >= least);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static int id(String text, String kind, String name) throws ImageException {
        if (isNumber(text) && text.length() <= 9 && Integer.parseInt(text) < IdRange.PER_SANDBOX) {
            return Integer.parseInt(text);
        }
        throw new ImageException(
                Kind.UNUSABLE,
                "the image's " + kind + " '" + name + "' has the id '" + text + "'; agents have the ids 0 to "
                        + (IdRange.PER_SANDBOX - 1));
    }

    private static ImageException unknown(String kind, String name, String file) {
        return new ImageException(
                Kind.UNUSABLE,
                "the image is run as the " + kind + " '" + name + "', which its " + file + " does not have");
    }
}
