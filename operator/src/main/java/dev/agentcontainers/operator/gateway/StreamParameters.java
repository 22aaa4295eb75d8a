package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.StreamRequest;
import io.vertx.core.MultiMap;
import java.net.HttpURLConnection;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads what is asked for from the query of a request; names are those of Kubernetes' Pod log and exec. */
final class StreamParameters {
    private StreamParameters() {}

    static StreamRequest log(MultiMap query) {
        requireKnown(query, Set.of("follow", "sinceSeconds", "tailLines", "timestamps"));
        return checked(() -> new StreamRequest.Log(
                flag(query, "follow"),
                number(query, "sinceSeconds", Long::parseLong),
                number(query, "tailLines", Integer::parseInt),
                flag(query, "timestamps")));
    }

    static StreamRequest egress(MultiMap query) {
        requireKnown(query, Set.of("denied"));
        return new StreamRequest.Egress(flag(query, "denied"));
    }

    static StreamRequest usage(MultiMap query) {
        requireKnown(query, Set.of());
        return new StreamRequest.Usage();
    }

    static StreamRequest save(MultiMap query) {
        requireKnown(query, Set.of());
        return new StreamRequest.Save();
    }

    static StreamRequest restore(MultiMap query) {
        requireKnown(query, Set.of());
        return new StreamRequest.Restore();
    }

    static StreamRequest display(MultiMap query) {
        requireKnown(query, Set.of());
        return new StreamRequest.Display();
    }

    static StreamRequest exec(MultiMap query) {
        requireKnown(query, Set.of("command", "tty", "stdin"));
        return checked(() -> new StreamRequest.Exec(query.getAll("command"), flag(query, "tty"), flag(query, "stdin")));
    }

    private static StreamRequest checked(java.util.function.Supplier<StreamRequest> request) {
        try {
            return request.get();
        } catch (IllegalArgumentException e) {
            throw bad(String.valueOf(e.getMessage()));
        }
    }

    private static void requireKnown(MultiMap query, Set<String> known) {
        query.names().stream().filter(name -> !known.contains(name)).findFirst().ifPresent(name -> {
            throw bad("query parameter '%s' is not known here: use %s"
                    .formatted(
                            name,
                            known.isEmpty() ? "none" : known.stream().sorted().toList()));
        });
    }

    private static boolean flag(MultiMap query, String name) {
        return switch (Optional.ofNullable(query.get(name)).orElse("false")) {
            case "true", "1", "" -> true;
            case "false", "0" -> false;
            default ->
                throw bad("query parameter '%s' is '%s', must be true or false".formatted(name, query.get(name)));
        };
    }

    private static <T> @Nullable T number(MultiMap query, String name, Function<String, T> parser) {
        String text = query.get(name);
        if (text == null) {
            return null;
        }
        try {
            return parser.apply(text);
        } catch (NumberFormatException e) {
            throw bad("query parameter '%s' is '%s', must be a whole number".formatted(name, text));
        }
    }

    private static RefusedException bad(String message) {
        return new RefusedException(HttpURLConnection.HTTP_BAD_REQUEST, message);
    }
}
