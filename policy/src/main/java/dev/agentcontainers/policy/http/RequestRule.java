package dev.agentcontainers.policy.http;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Requests that pass: each of the methods, at each of the paths, of each of the hosts. Lists are sorted, without what another entry
 * of the same list allows too.
 *
 * @param methods {@code *} for all
 * @param paths canonical; with a final {@code *} all that begin so
 * @param hosts what requests may name, in the form of {@link dev.agentcontainers.policy.rule.DomainName}; empty: the very name that
 *     the address was resolved for
 * @param webSocket whether GETs among them may also ask to go on as a WebSocket
 */
public record RequestRule(List<String> methods, List<String> paths, List<String> hosts, boolean webSocket) {
    private static final Pattern METHOD = Pattern.compile("[A-Z][A-Z0-9_-]*|[*]");
    private static final String ALL = "*";
    private static final String GET = "GET";

    /** Without WebSockets. */
    public RequestRule(List<String> methods, List<String> paths, List<String> hosts) {
        this(methods, paths, hosts, false);
    }

    /**
     * @throws IllegalArgumentException where the lists allow nothing, an entry is none of its kind, or there are to be WebSockets and
     *     no GET
     */
    public RequestRule {
        if (methods.isEmpty() || paths.isEmpty()) {
            throw new IllegalArgumentException("methods and paths must not be empty");
        }
        methods.forEach(RequestRule::requireMethod);
        paths.forEach(RequestRule::requirePath);
        if (webSocket && !methods.contains(GET) && !methods.contains(ALL)) {
            throw new IllegalArgumentException(
                    "webSocket needs GET or * among methods: what begins a WebSocket is a GET");
        }
        methods = methods.contains(ALL) ? List.of(ALL) : List.copyOf(new TreeSet<>(methods));
        paths = withoutCovered(paths);
        hosts = List.copyOf(new TreeSet<>(hosts));
    }

    /** The same with what the API leaves out. */
    public static RequestRule of(
            @Nullable List<String> methods,
            @Nullable List<String> paths,
            @Nullable List<String> hosts,
            @Nullable Boolean webSocket) {
        return new RequestRule(orEmpty(methods), orEmpty(paths), orEmpty(hosts), Boolean.TRUE.equals(webSocket));
    }

    private static List<String> orEmpty(@Nullable List<String> list) {
        return list == null ? List.of() : list;
    }

    private static void requireMethod(String method) {
        if (!METHOD.matcher(method).matches() || method.equals("CONNECT")) {
            throw new IllegalArgumentException(
                    "'%s' is no method that can pass: write it in capitals, or * for all".formatted(method));
        }
    }

    /** As admission has it: in canonical form, with a star at the end or none. */
    private static void requirePath(String path) {
        String plain = path.endsWith(ALL) ? path.substring(0, path.length() - 1) : path;
        // What a prefix ends in is no whole segment.
        boolean canonical = RequestPath.canonical(path.endsWith(ALL) ? plain + "x" : plain)
                .filter(form -> form.equals(path.endsWith(ALL) ? plain + "x" : plain))
                .isPresent();
        if (!canonical || plain.contains(ALL)) {
            throw new IllegalArgumentException(
                    "'%s' is no path in canonical form: write it like /v1/items, or /v1/* for all that begin so"
                            .formatted(path));
        }
    }

    private static List<String> withoutCovered(Collection<String> paths) {
        TreeSet<String> all = new TreeSet<>(paths);
        return all.stream()
                .filter(path -> all.stream().noneMatch(other -> !other.equals(path) && covers(other, path)))
                .toList();
    }

    private static boolean covers(String pattern, String path) {
        return pattern.endsWith(ALL)
                ? path.startsWith(pattern.substring(0, pattern.length() - 1))
                : pattern.equals(path);
    }

    /**
     * Whether the request passes.
     *
     * @param name the one that the address was resolved for
     */
    public boolean allows(HttpRequest request, String name) {
        return (webSocket || !request.webSocket())
                && (methods.contains(ALL) || methods.contains(request.method()))
                && paths.stream().anyMatch(path -> covers(path, request.path()))
                && allowsHost(request.host(), name);
    }

    /** Whether requests may name that host, where the address was resolved for that name. */
    public boolean allowsHost(String host, String name) {
        return hosts.isEmpty() ? host.equals(name) : hosts.stream().anyMatch(each -> isOf(each, host));
    }

    private static boolean isOf(String pattern, String host) {
        return pattern.startsWith("*.")
                ? host.endsWith(pattern.substring(1)) && host.length() >= pattern.length()
                : host.equals(pattern);
    }

    @Override
    public String toString() {
        return String.join(",", methods)
                + " "
                + String.join(",", paths)
                + (hosts.isEmpty() ? "" : " of " + String.join(",", hosts))
                + (webSocket ? " also for WebSockets" : "");
    }
}
