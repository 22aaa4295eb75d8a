package dev.agentcontainers.nodeagent.image.registry;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a registry wants to know of whoever asks: {@code WWW-Authenticate}, RFC 9110, 11.6.1.
 *
 * @param scheme in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
    private static final int LONGEST = 4096;
    private static final Pattern SCHEME = Pattern.compile("\\s*+([A-Za-z0-9!#$%&'*+.^_`|~-]++)(?:\\s++|$)");
    private static final Pattern PARAMETER = Pattern.compile(
            "\\s*+([A-Za-z0-9_-]++)\\s*+=\\s*+(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s,\"]++))\\s*+(?:,|$)");

    Challenge {
        parameters = Map.copyOf(parameters);
    }

    /** The first of the headers that can be met: a token's before a password's. */
    static Optional<Challenge> of(List<String> headers) {
        List<Challenge> all =
                headers.stream().flatMap(header -> parse(header).stream()).toList();
        return all.stream()
                .filter(challenge -> challenge.scheme.equals("bearer"))
                .findFirst()
                .or(() -> all.stream()
                        .filter(challenge -> challenge.scheme.equals("basic"))
                        .findFirst());
    }

    private static Optional<Challenge> parse(String header) {
        Matcher scheme = SCHEME.matcher(header);
        if (header.length() > LONGEST || !scheme.lookingAt()) {
            return Optional.empty();
        }
        Map<String, String> parameters = new HashMap<>();
        Matcher parameter = PARAMETER.matcher(header).region(scheme.end(), header.length());
        while (parameter.lookingAt()) {
            String quoted = parameter.group(2);
            parameters.put(
                    parameter.group(1).toLowerCase(Locale.ROOT),
                    quoted == null ? parameter.group(3) : quoted.replaceAll("\\\\(.)", "$1"));
            parameter.region(parameter.end(), header.length());
        }
        return Optional.of(new Challenge(scheme.group(1).toLowerCase(Locale.ROOT), parameters));
    }

    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }
}
