package dev.agentcontainers.nodeagent.image.signature;

import dev.agentcontainers.nodeagent.image.ImageReference;
import java.util.Locale;
import java.util.Set;

/**
 * Which images a rule is for: one repository ({@code HOST/REPOSITORY}), all below a path ({@code HOST/*},
 * {@code HOST/PATH/*}) or all there are ({@code *}). Tags and digests don't count.
 *
 * @param text as it was written
 * @param host as {@link #hostOf} has it; empty for all
 * @param path of the repository, or with a slash at its end of what is above it; empty for all of the host
 */
public record RepositoryPattern(String text, String host, String path) {
    private static final String ALL = "*";
    private static final String BELOW = "/*";
    private static final String HUB = "docker.io";

    /** One registry by several names would be as many ways around a rule. */
    private static final Set<String> HUB_TOO = Set.of("index.docker.io", "registry-1.docker.io");

    /** @throws IllegalArgumentException saying what would be right */
    public static RepositoryPattern parse(String text) {
        if (text.equals(ALL)) {
            return new RepositoryPattern(text, "", "");
        }
        boolean below = text.endsWith(BELOW);
        String plain = below ? text.substring(0, text.length() - BELOW.length()) : text;
        int slash = plain.indexOf('/');
        String host = slash < 0 ? plain : plain.substring(0, slash);
        boolean named = host.contains(".") || host.contains(":") || host.equals("localhost");
        if (!named || (slash < 0 && !below) || plain.contains("@") || plain.lastIndexOf(':') > slash && slash >= 0) {
            throw wrong(text, "");
        }
        try {
            ImageReference example = ImageReference.parse(below ? plain + "/x" : plain);
            String path = below ? (slash < 0 ? "" : plain.substring(slash + 1) + "/") : example.repository();
            return new RepositoryPattern(text, hostOf(example), path);
        } catch (IllegalArgumentException e) {
            throw wrong(text, ": " + e.getMessage());
        }
    }

    private static IllegalArgumentException wrong(String text, String why) {
        return new IllegalArgumentException("'" + text
                + "' is none of HOST[:PORT]/REPOSITORY, HOST[:PORT]/PATH/*, HOST[:PORT]/* and *, without tag and digest, for"
                + " example registry.example.org/team/* or docker.io/library/debian" + why);
    }

    /** One spelling for a registry: names of hosts have no case, 443 is the port without one, and a port is a number. */
    static String hostOf(ImageReference reference) {
        String host = reference.registry().toLowerCase(Locale.ROOT);
        int colon = host.lastIndexOf(':');
        if (colon > host.lastIndexOf(']')) {
            int port = Integer.parseInt(host.substring(colon + 1));
            host = host.substring(0, colon) + (port == 443 ? "" : ":" + port);
        }
        return HUB_TOO.contains(host) ? HUB : host;
    }

    public boolean fits(ImageReference reference) {
        if (host.isEmpty()) {
            return true;
        }
        return host.equals(hostOf(reference))
                && (path.isEmpty() || path.endsWith("/")
                        ? reference.repository().startsWith(path)
                        : reference.repository().equals(path));
    }

    @Override
    public String toString() {
        return text;
    }
}
