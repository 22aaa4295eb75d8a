package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.policy.rule.DomainName;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The headers of a CONNECT, none of which goes on. Strict: what could have another end to another reader, or another place, is no head.
 * Sources: RFC 9110, 9.3.6; RFC 9112, 3.2 and 5.
 */
final class TunnelHead {
    static final String WANTED =
            "; a CONNECT has lines of NAME: VALUE that end with CR LF, at most one Host, which says the same as its first line, and no content, Upgrade or Expect";

    /** Each in a pattern that never has to try another length: lines are as long as who sends them likes. */
    private static final Pattern NAME = Pattern.compile("[!#$%&'*+\\-.^_`|~0-9A-Za-z]++");

    private static final Pattern VALUE = Pattern.compile("[\t\\x20-\\x7e\\x80-\\xff]*+");
    private static final Set<String> NOT_IN_IT =
            Set.of("transfer-encoding", "upgrade", "http2-settings", "expect", "te", "trailer");

    private TunnelHead() {}

    /** @param lines those behind the first, without the empty one at the end */
    static boolean isClear(String lines, AskedOnward where) {
        boolean hasHost = false;
        boolean hasLength = false;
        for (String line : lines.isEmpty() ? new String[0] : lines.split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (colon < 0
                    || !NAME.matcher(line.substring(0, colon)).matches()
                    || !VALUE.matcher(line.substring(colon + 1)).matches()) {
                return false;
            }
            String name = line.substring(0, colon).toLowerCase(Locale.ROOT).replace('_', '-');
            // Of blanks there are no others left than those of HTTP.
            String value = line.substring(colon + 1).strip();
            if (name.equals("host")) {
                if (hasHost || !isThere(value, where)) {
                    return false;
                }
                hasHost = true;
            } else if (name.equals("content-length")) {
                // Some clients say that there is none.
                if (hasLength || !value.equals("0")) {
                    return false;
                }
                hasLength = true;
            } else if (NOT_IN_IT.contains(name)) {
                return false;
            }
        }
        return true;
    }

    /** Without a port it means the same. */
    private static boolean isThere(String host, AskedOnward where) {
        String port = ":" + where.port();
        String name = host.endsWith(port) ? host.substring(0, host.length() - port.length()) : host;
        return DomainName.asked(name).equals(Optional.of(where.name()));
    }
}
