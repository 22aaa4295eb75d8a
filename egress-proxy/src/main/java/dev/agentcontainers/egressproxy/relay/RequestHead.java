package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.http.RequestPath;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The head of a request as it is judged. Strict: what another reader could take for another request is refused, rather than repaired.
 * Sources: RFC 9110, 7.2 and 7.8; RFC 9112, 3.2 and 6.3.
 */
sealed interface RequestHead {
    /**
     * It can be read in one way only.
     *
     * @param target path and query as they are handed on: the very path that is judged, in origin form
     * @param host as it is handed on
     */
    record Readable(HttpRequest request, String target, String host) implements RequestHead {
        /** The message of what was judged: what is for this connection only stays here. */
        io.netty.handler.codec.http.HttpRequest rewritten(
                io.netty.handler.codec.http.HttpRequest message, boolean keepAlive) {
            var anew = new DefaultHttpRequest(message.protocolVersion(), message.method(), target);
            HttpHeaders headers = anew.headers();
            headers.set("Host", host);
            for (Map.Entry<String, String> header : message.headers()) {
                if (!NOT_HANDED_ON.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                    headers.add(header.getKey(), header.getValue());
                }
            }
            if (request.webSocket()) {
                headers.remove("Content-Length");
                headers.set("Upgrade", WebSocketHandshake.PROTOCOL);
                headers.set("Connection", "Upgrade");
            } else if (!keepAlive) {
                headers.set("Connection", "close");
            } else if (message.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
                headers.set("Connection", "keep-alive");
            }
            return anew;
        }
    }

    /** @param what of the request in words, where the verdict does not say it */
    record Refused(HttpVerdict why, Optional<String> what) implements RequestHead {
        Refused(HttpVerdict why) {
            this(why, Optional.empty());
        }
    }

    /** What is written anew, and what is for this connection only. */
    Set<String> NOT_HANDED_ON =
            Set.of("host", "connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "upgrade");

    /** Some servers and frameworks take the method, path or host from here rather than from where it belongs. */
    Set<String> OVERRIDING = Set.of(
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-original-url",
            "x-original-uri",
            "x-rewrite-url",
            "x-original-host",
            "x-forwarded-host",
            "x-forwarded-path",
            "x-forwarded-uri",
            "x-forwarded-prefix",
            "x-forwarded-server",
            "x-forwarded-method",
            "x-original-method",
            "x-http-host-override",
            "forwarded",
            "x-host");

    /** Some servers read underscores as hyphens. */
    Set<String> NOT_WITH_UNDERSCORES =
            Set.of("content-length", "transfer-encoding", "host", "connection", "upgrade", "te", "expect");

    /**
     * @param port that the connection goes to
     * @param tls whether it came inside TLS
     */
    static RequestHead read(io.netty.handler.codec.http.HttpRequest message, int port, boolean tls) {
        if (message.decoderResult().isFailure()) {
            return new Refused(
                    message.decoderResult().cause() instanceof TooLongFrameException
                            ? HttpVerdict.TOO_LARGE
                            : HttpVerdict.MALFORMED);
        }
        return new Reading(message, port, tls).read();
    }

    /** The steps of it, each of which refuses or goes on. */
    record Reading(io.netty.handler.codec.http.HttpRequest message, int port, boolean tls) {
        private static final Pattern METHOD = Pattern.compile("[A-Z][A-Z0-9_-]{0,31}");
        static final Pattern LENGTH = Pattern.compile("0|[1-9][0-9]{0,17}");
        private static final Pattern AUTHORITY = Pattern.compile("(?<name>[^:/?#@\\[\\]]+)(:(?<port>[0-9]{1,5}))?");
        private static final Pattern ABSOLUTE =
                Pattern.compile("http://(?<authority>[^/?#]*)(?<rest>.*)", Pattern.CASE_INSENSITIVE);
        private static final Pattern ABSOLUTE_INSIDE_TLS =
                Pattern.compile("https://(?<authority>[^/?#]*)(?<rest>.*)", Pattern.CASE_INSENSITIVE);
        private static final Pattern VISIBLE = Pattern.compile("[\\x21-\\x7e]+");
        private static final Set<String> CONNECTION_OPTIONS = Set.of("close", "keep-alive", "te");

        RequestHead read() {
            HttpVersion version = message.protocolVersion();
            String method = message.method().name();
            if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
                return new Refused(
                        version.protocolName().equals("HTTP") ? HttpVerdict.OTHER_PROTOCOL : HttpVerdict.NOT_HTTP);
            }
            boolean webSocket = WebSocketHandshake.isAskedFor(message);
            if (method.equals("CONNECT")
                    || message.headers().contains("http2-settings")
                    || (!webSocket && isUpgrade())) {
                return new Refused(HttpVerdict.OTHER_PROTOCOL);
            }
            Optional<String> problem = webSocket ? WebSocketHandshake.problem(message) : Optional.empty();
            if (problem.isPresent()) {
                return new Refused(HttpVerdict.BAD_HANDSHAKE, problem);
            }
            if (!METHOD.matcher(method).matches() || !isFramedClearly(version) || hasDoubtfulHeaders()) {
                return new Refused(HttpVerdict.MALFORMED);
            }
            if (message.headers().names().stream().anyMatch(name -> OVERRIDING.contains(dashed(name)))) {
                return new Refused(HttpVerdict.OVERRIDDEN);
            }
            return readPlace(method, webSocket);
        }

        /** Some servers take a request for a handshake that says so in a part only. */
        private boolean isUpgrade() {
            return message.headers().contains(HttpHeaderNames.UPGRADE)
                    || message.headers().names().stream().anyMatch(WebSocketHandshake::isAbout);
        }

        private RequestHead readPlace(String method, boolean webSocket) {
            List<String> hosts = message.headers().getAll(HttpHeaderNames.HOST);
            Optional<Authority> host = hosts.size() == 1 ? authority(hosts.getFirst()) : Optional.empty();
            if (host.isEmpty()) {
                return new Refused(HttpVerdict.OTHER_HOST);
            }
            String target = message.uri();
            if (!VISIBLE.matcher(target).matches() || target.contains("#")) {
                return new Refused(HttpVerdict.AMBIGUOUS_PATH);
            }
            Matcher absolute = (tls ? ABSOLUTE_INSIDE_TLS : ABSOLUTE).matcher(target);
            if (absolute.matches()) {
                if (!authority(absolute.group("authority")).equals(host)) {
                    return new Refused(HttpVerdict.OTHER_HOST);
                }
                String rest = absolute.group("rest");
                target = rest.startsWith("/") ? rest : "/" + rest;
            }
            int end = target.indexOf('?');
            String query = end < 0 ? "" : target.substring(end);
            return RequestPath.canonical(end < 0 ? target : target.substring(0, end))
                    .<RequestHead>map(path -> new Readable(
                            new HttpRequest(method, host.get().name(), path, tls, webSocket),
                            path + query,
                            host.get().text()))
                    .orElseGet(() -> new Refused(HttpVerdict.AMBIGUOUS_PATH));
        }

        /** @param text as it is handed on */
        private record Authority(String name, String text) {}

        /** Without a port or with that of the connection, which means the same. */
        private Optional<Authority> authority(String text) {
            Matcher matcher = AUTHORITY.matcher(text);
            if (!matcher.matches()
                    || (matcher.group("port") != null && Integer.parseInt(matcher.group("port")) != port)) {
                return Optional.empty();
            }
            return DomainName.asked(matcher.group("name"))
                    .map(name -> new Authority(name, port == (tls ? 443 : 80) ? name : name + ":" + port));
        }

        /** Its content has one length, or comes in chunks, or there is none. */
        private boolean isFramedClearly(HttpVersion version) {
            List<String> lengths = message.headers().getAll(HttpHeaderNames.CONTENT_LENGTH);
            List<String> codings = message.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
            if (codings.isEmpty()) {
                return lengths.size() <= 1
                        && lengths.stream()
                                .allMatch(each -> LENGTH.matcher(each).matches());
            }
            return lengths.isEmpty()
                    && codings.size() == 1
                    && codings.getFirst().equalsIgnoreCase("chunked")
                    && version.equals(HttpVersion.HTTP_1_1);
        }

        private boolean hasDoubtfulHeaders() {
            for (Map.Entry<String, String> header : message.headers()) {
                if (header.getKey().contains("_") && NOT_WITH_UNDERSCORES.contains(dashed(header.getKey()))) {
                    return true;
                }
            }
            return message.headers().getAll(HttpHeaderNames.EXPECT).stream()
                            .anyMatch(each -> !each.equalsIgnoreCase("100-continue"))
                    || hasDoubtfulOptions();
        }

        /** What a header that is named there would be to the next recipient, and to the one after it. */
        private boolean hasDoubtfulOptions() {
            return !WebSocketHandshake.isAskedFor(message)
                    && !CONNECTION_OPTIONS.containsAll(WebSocketHandshake.options(message.headers()));
        }

        private static String dashed(String name) {
            return name.toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Whether the connection is to go on after the answer. */
    static boolean keepsAlive(io.netty.handler.codec.http.HttpRequest message) {
        return HttpUtil.isKeepAlive(message);
    }
}
