package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.http.RequestPath;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where a flow goes, as people write it: {@code HOST[:PORT][/PROTOCOL]}.
 *
 * @param host an address, {@code ac/[NAMESPACE/]NAME}, {@code pod/[NAMESPACE/]NAME}, or a domain name
 * @param request of HTTP, where it was written as {@code http[s]://HOST[:PORT]/PATH}, or {@code ws[s]://} for a WebSocket;
 *     null otherwise
 */
record Destination(
        String host, int port, Protocol protocol, @Nullable HttpRequest request) {
    private static final int HTTPS = 443;
    private static final int HTTP = 80;
    private static final Pattern URL = Pattern.compile(
            "(?<scheme>https?|wss?)://(?<name>[^/:?#@]+)(:(?<port>[0-9]{1,5}))?(?<path>/[^?#]*)?([?][^#]*)?");
    private static final Pattern SCHEME = Pattern.compile("(https?|wss?)://");
    private static final Pattern OBJECT = Pattern.compile("(?<kind>ac|pod)/(?:(?<namespace>[^/]+)/)?(?<name>[^/]+)");

    /** Where it isn't said what is sent there. */
    Destination(String host, int port, Protocol protocol) {
        this(host, port, protocol, null);
    }

    /**
     * @param method of the request, where the text is one
     * @throws UserException where the text has no such form
     */
    static Destination parse(String text, String method) {
        return SCHEME.matcher(text).lookingAt() ? ofRequest(text, method) : parse(text);
    }

    private static Destination ofRequest(String text, String method) {
        Matcher url = URL.matcher(text);
        String host = url.matches() ? DomainName.asked(url.group("name")).orElse("") : "";
        if (host.isEmpty()) {
            throw new UserException(
                    "'%s' is no request that rules are about: write it like https://www.example.org/v1/items"
                            .formatted(text),
                    2);
        }
        boolean webSocket = url.group("scheme").startsWith("ws");
        if (webSocket && !method.equals("GET")) {
            throw new UserException(
                    "'%s' begins with a GET: --method %s is for http:// and https://".formatted(text, method), 2);
        }
        boolean tls = List.of("https", "wss").contains(url.group("scheme"));
        int port = url.group("port") == null ? (tls ? HTTPS : HTTP) : Integer.parseInt(url.group("port"));
        if (port < 1 || port > 65535) {
            throw wrong(text, "has port " + port + ", which must be 1 to 65535");
        }
        String path = url.group("path") == null ? "/" : url.group("path");
        String canonical = RequestPath.canonical(path)
                .orElseThrow(() -> new UserException(
                        "the path '%s' may mean different things to different servers and never passes: no empty or dot segments, no ';' and no encoded '/', '\' or '%%'"
                                .formatted(path),
                        2));
        return new Destination(host, port, Protocol.TCP, new HttpRequest(method, host, canonical, tls, webSocket));
    }

    /** @throws UserException where the text has no such form */
    static Destination parse(String text) {
        String protocol = protocolAtTheEnd(text);
        String place = protocol.isEmpty() ? text : text.substring(0, text.length() - protocol.length() - 1);
        String host = host(place);
        // What is left of it: nothing, or a colon and the port. Brackets, where there are any, went with the host.
        String rest = place.substring(place.startsWith("[") ? host.length() + 2 : host.length());
        if (host.isEmpty() || (!rest.isEmpty() && !rest.matches(":[0-9]{1,5}"))) {
            throw wrong(text, "is no destination");
        }
        int port = rest.isEmpty() ? HTTPS : Integer.parseInt(rest.substring(1));
        if (port < 1 || port > 65535) {
            throw wrong(text, "has port " + port + ", which must be 1 to 65535");
        }
        return new Destination(
                host, port, protocol.isEmpty() ? Protocol.TCP : Protocol.valueOf(protocol.toUpperCase(Locale.ROOT)));
    }

    /** An IPv6 address with a port stands in brackets; without a port it may stand alone. */
    private static String host(String place) {
        if (place.startsWith("[")) {
            int end = place.indexOf(']');
            return end < 0 ? "" : place.substring(1, end);
        }
        int colon = place.indexOf(':');
        boolean one = colon >= 0 && colon == place.lastIndexOf(':');
        return one ? place.substring(0, colon) : place;
    }

    private static String protocolAtTheEnd(String text) {
        String last = text.substring(text.lastIndexOf('/') + 1);
        boolean known = text.contains("/")
                && Arrays.stream(Protocol.values()).anyMatch(each -> each.name().equalsIgnoreCase(last));
        return known ? last : "";
    }

    /**
     * Who that is among the endpoints.
     *
     * @param namespace of an object that is named without one
     * @throws UserException where it names an object that is not there, or is neither address nor name
     */
    Party in(Endpoints endpoints, String namespace) {
        Matcher object = OBJECT.matcher(host);
        if (object.matches()) {
            String itsNamespace = object.group("namespace") == null ? namespace : object.group("namespace");
            return Party.of(workload(endpoints, object.group("kind"), itsNamespace, object.group("name")));
        }
        if (host.contains("/")) {
            throw wrong(host, "is no destination");
        }
        if (host.contains(":") || host.chars().noneMatch(Character::isLetter)) {
            try {
                return Party.at(Cidr.parse(host).address());
            } catch (IllegalArgumentException e) {
                throw wrong(host, "is no address: " + e.getMessage());
            }
        }
        return Party.named(host);
    }

    private static Endpoint.Workload workload(Endpoints endpoints, String kind, String namespace, String name) {
        return endpoints.workloadsIn(namespace).stream()
                .filter(each -> each.name().equals(name)
                        && (kind.equals("ac") ? each instanceof Endpoint.Agent : each instanceof Endpoint.Pod))
                .findFirst()
                .orElseThrow(() -> new UserException(
                        "there is no %s %s in namespace %s that is known; there are: %s"
                                .formatted(
                                        kind.equals("ac") ? "AgentContainer" : "Pod",
                                        name,
                                        namespace,
                                        endpoints.workloadsIn(namespace).stream()
                                                .map(Object::toString)
                                                .sorted()
                                                .limit(10)
                                                .collect(Collectors.joining(", "))),
                        2));
    }

    private static UserException wrong(String text, String problem) {
        return new UserException(
                "'%s' %s: write an address, a domain name, ac/NAME or pod/NAME (of another namespace: ac/NAMESPACE/NAME), then :PORT and /UDP or /SCTP where that is meant, for example 10.20.0.7:8080, [2001:db8::7]:53/UDP or ac/team-b/store:9000"
                        .formatted(text, problem),
                2);
    }
}
