package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.policy.rule.DomainName;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a client of a proxy wants to get to, by the first line that it sends: CONNECT with a name and a port, or a whole address. It
 * only chooses where to; whether anything may go there is judged from all that is sent. Source: RFC 9112, 3.2.2 and 3.2.3.
 *
 * @param name in the form of {@link DomainName#asked}
 * @param tunnel whether it is CONNECT
 * @param method CONNECT, or that of the request
 */
record AskedOnward(String name, int port, boolean tunnel, String method) {
    static final String WANTED =
            "as a proxy this process takes CONNECT NAME:PORT, and requests for http://NAME[:PORT]/ without user or fragment";

    private static final Pattern CONNECT =
            Pattern.compile("CONNECT (?<name>[^:/?#@\\[\\] ]+):(?<port>[0-9]{1,5}) HTTP/1\\.[01]");
    private static final Pattern ABSOLUTE = Pattern.compile(
            "(?!CONNECT )(?<method>[A-Z][A-Z0-9_-]{0,31}) (?i:http)://(?<name>[^:/?#@\\[\\] ]+)(:(?<port>[0-9]{1,5}))?([/?][^ #]*)? HTTP/1\\.[01]");
    private static final Pattern ADDRESS = Pattern.compile(
            "(CONNECT |[A-Z]+ (?i:http)://)(\\[[^\\]/ ]*]|[0-9]+(?:\\.[0-9]+)*+)(:[0-9]{0,5})?([/?][^ ]*)? HTTP/1\\.[01]");

    /** Empty where the line is neither, or names no name. */
    static Optional<AskedOnward> read(String line) {
        Matcher connect = CONNECT.matcher(line);
        if (connect.matches()) {
            return of(connect, -1, "CONNECT");
        }
        Matcher absolute = ABSOLUTE.matcher(line);
        return absolute.matches() ? of(absolute, 80, absolute.group("method")) : Optional.empty();
    }

    /** Whether the line asks for an address rather than a name, which is never served. */
    static boolean isForAddress(String line) {
        return ADDRESS.matcher(line).matches();
    }

    private static Optional<AskedOnward> of(Matcher matcher, int otherwise, String method) {
        int port = matcher.group("port") == null ? otherwise : Integer.parseInt(matcher.group("port"));
        return DomainName.asked(matcher.group("name"))
                .filter(_ -> port > 0 && port < 1 << 16)
                .map(name -> new AskedOnward(name, port, method.equals("CONNECT"), method));
    }
}
