package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One of the two sides of a copy. */
sealed interface Place {
    /** As {@code kubectl} takes them: an agent's name is a DNS subdomain (RFC 1123), its namespace a label. */
    Pattern AGENT = Pattern.compile(
            "(?:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)/)?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?):(.*)",
            Pattern.DOTALL);

    /** Bytes, as Linux takes them (PATH_MAX without its end). */
    int LONGEST_PATH = 4095;

    /** In an agent. */
    record Agent(Optional<String> namespace, String name, GivenPath path) implements Place {}

    /** On this machine. */
    record Machine(GivenPath path) implements Place {}

    /** A tar archive on standard input or output. */
    record Stream() implements Place {}

    /**
     * Reads one argument.
     *
     * @param separator of names in this machine's paths
     * @throws UserException where it names no place, with exit code 2
     */
    static Place parse(String text, char separator) {
        if (text.equals("-")) {
            return new Stream();
        }
        if (text.isEmpty() || text.indexOf('\0') >= 0) {
            throw wrong("a path is empty, or has a zero byte: give AGENT:PATH or a path of this machine");
        }
        int colon = text.indexOf(':');
        if (colon < 0 || isOfMachine(text, colon, separator)) {
            return new Machine(GivenPath.ofMachine(text, separator));
        }
        Matcher matcher = AGENT.matcher(text);
        if (!matcher.matches()) {
            throw wrong(
                    "'%s' before the colon of '%s' names no agent: give [NAMESPACE/]AGENT:PATH, or ./ before a path of this machine"
                            .formatted(Printable.text(text.substring(0, colon)), Printable.text(text)));
        }
        String path = matcher.group(3);
        if (path.isEmpty()) {
            throw wrong("'%s' has no path after the colon: '%s.' is the agent's working directory, '%s/' its root"
                    .formatted(text, text, text));
        }
        int bytes = path.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > LONGEST_PATH) {
            throw wrong("the path in %s has %d bytes, of which there may be %d"
                    .formatted(matcher.group(2), bytes, LONGEST_PATH));
        }
        return new Agent(Optional.ofNullable(matcher.group(1)), matcher.group(2), GivenPath.ofAgent(path));
    }

    /** By what agents can't be called: a path that begins as one, and a drive where there are drives. */
    private static boolean isOfMachine(String text, int colon, char separator) {
        return text.startsWith("/")
                || text.startsWith(".")
                || text.charAt(0) == separator
                || (separator == '\\' && colon == 1 && Character.isLetter(text.charAt(0)));
    }

    static UserException wrong(String message) {
        return new UserException("cp: " + message, 2);
    }
}
