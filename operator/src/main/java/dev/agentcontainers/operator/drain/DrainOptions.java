package dev.agentcontainers.operator.drain;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The options of {@code drain}.
 *
 * @param namespace where the operator is installed
 * @param timeout how long everything together may take
 */
public record DrainOptions(String namespace, Duration timeout) {
    private static final String NAMESPACE = "--namespace=";
    private static final String TIMEOUT = "--timeout=";
    private static final Pattern SECONDS = Pattern.compile("[1-9][0-9]{0,5}");
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Duration STANDARD_TIMEOUT = Duration.ofMinutes(5);

    /** @throws IllegalArgumentException naming the argument that is wrong */
    public static DrainOptions parse(List<String> arguments) {
        Optional<String> namespace = Optional.empty();
        Duration timeout = STANDARD_TIMEOUT;
        for (String argument : arguments) {
            if (argument.startsWith(NAMESPACE)) {
                namespace = Optional.of(argument.substring(NAMESPACE.length()));
            } else if (argument.startsWith(TIMEOUT)) {
                timeout = seconds(argument.substring(TIMEOUT.length()));
            } else {
                throw new IllegalArgumentException(
                        "drain does not know '%s': its arguments are --namespace=NAME and --timeout=SECONDS"
                                .formatted(argument));
            }
        }
        return new DrainOptions(
                namespace
                        .filter(name -> NAME.matcher(name).matches())
                        .orElseThrow(() -> new IllegalArgumentException(
                                "drain needs --namespace=NAME, the namespace that the operator is installed in")),
                timeout);
    }

    private static Duration seconds(String value) {
        if (!SECONDS.matcher(value).matches()) {
            throw new IllegalArgumentException("--timeout is '%s', must be seconds from 1 to 999999".formatted(value));
        }
        return Duration.ofSeconds(Long.parseLong(value));
    }
}
