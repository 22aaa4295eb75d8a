package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Heads of HTTP/2, as what is judged of HTTP/1.1 and back: a request is read into the one form in which requests of both are judged, and
 * written from there. What RFC 9113 calls malformed is refused, also where Netty's codec has looked at it already. Sources: RFC 9113,
 * 8.2, 8.3 and 8.5; RFC 8441.
 */
final class Http2Head {
    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9a-z-]+");
    private static final Pattern VALUE = Pattern.compile("([\\x21-\\x7e]([\\t\\x20-\\x7e]*[\\x21-\\x7e])?)?");
    private static final Pattern METHOD = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern PATH = Pattern.compile("/[\\x21-\\x7e]*");
    private static final List<String> PSEUDO = List.of(":method", ":scheme", ":authority", ":path");

    /** What is for one connection only, and has no meaning in HTTP/2. */
    private static final Set<String> OF_CONNECTION =
            Set.of("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings");

    private Http2Head() {}

    /**
     * A request as it is judged.
     *
     * @param message in the form of HTTP/1.1; of which nothing may go on where there is a problem
     * @param problem what is wrong before its method, path and host are looked at
     * @param trailers whether the agent takes headers behind content
     * @param length of its content, in bytes; -1 where that isn't said
     * @param tls whether it came inside TLS
     */
    record Request(
            io.netty.handler.codec.http.HttpRequest message,
            Optional<HttpVerdict> problem,
            boolean trailers,
            long length,
            boolean tls) {
        RequestHead read(int port) {
            return problem.<RequestHead>map(RequestHead.Refused::new)
                    .orElseGet(() -> RequestHead.read(message, port, tls));
        }
    }

    /**
     * @param last whether the request has no content
     * @param tls whether it came inside TLS
     */
    static Request request(Http2Headers headers, boolean last, boolean tls) {
        Optional<HttpVerdict> problem = problem(headers, last, tls);
        var message = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1,
                HttpMethod.valueOf(only(headers, ":method")
                        .filter(method -> METHOD.matcher(method).matches())
                        .orElse("-")),
                only(headers, ":path")
                        .map(path -> path.replaceAll("[^\\x21-\\x7e]", "?"))
                        .filter(path -> !path.isEmpty())
                        .orElse("*"),
                false);
        HttpHeaders its = message.headers();
        only(headers, ":authority").ifPresent(authority -> its.set(HttpHeaderNames.HOST, authority));
        if (problem.isPresent()) {
            return new Request(message, problem, false, -1, tls);
        }
        headers.forEach(header -> {
            String name = header.getKey().toString();
            // Several of these are one, which HTTP/2 lets be cut in pieces (8.2.3).
            if (name.equals("cookie") && its.contains("cookie")) {
                its.set("cookie", its.get("cookie") + "; " + header.getValue());
            } else if (!name.startsWith(":") && !name.equals("host") && !name.equals("te")) {
                its.add(name, header.getValue().toString());
            }
        });
        long length = frame(message, last);
        return new Request(message, problem, headers.contains("te"), length, tls);
    }

    /** How long the content is, in words of HTTP/1.1. */
    private static long frame(io.netty.handler.codec.http.HttpRequest message, boolean last) {
        String length = message.headers().get(HttpHeaderNames.CONTENT_LENGTH);
        if (length != null) {
            return RequestHead.Reading.LENGTH.matcher(length).matches() ? Long.parseLong(length) : -1;
        }
        if (!last) {
            message.headers().set(HttpHeaderNames.TRANSFER_ENCODING, "chunked");
            return -1;
        }
        if (Set.of("POST", "PUT", "PATCH").contains(message.method().name())) {
            message.headers().set(HttpHeaderNames.CONTENT_LENGTH, "0");
        }
        return 0;
    }

    private static String scheme(boolean tls) {
        return tls ? "https" : "http";
    }

    private static Optional<HttpVerdict> problem(Http2Headers headers, boolean last, boolean tls) {
        if (headers.contains(":protocol") || only(headers, ":method").equals(Optional.of("CONNECT"))) {
            return Optional.of(HttpVerdict.OTHER_PROTOCOL);
        }
        if (isTooLarge(headers)) {
            return Optional.of(HttpVerdict.TOO_LARGE);
        }
        if (hasWrongPseudoHeaders(headers, scheme(tls))
                || hasWrongHeaders(headers)
                || (last && announcesContent(headers))) {
            return Optional.of(HttpVerdict.MALFORMED);
        }
        String authority = only(headers, ":authority").orElse("");
        List<CharSequence> hosts = headers.getAll("host");
        if (hosts.size() > 1 || hosts.stream().anyMatch(host -> !host.toString().equalsIgnoreCase(authority))) {
            return Optional.of(HttpVerdict.OTHER_HOST);
        }
        // A whole address would be read as such in the form of HTTP/1.1.
        return only(headers, ":path")
                        .filter(path -> PATH.matcher(path).matches())
                        .isPresent()
                ? Optional.empty()
                : Optional.of(HttpVerdict.AMBIGUOUS_PATH);
    }

    /** Whether there is more than {@link HeadLimits} allow, in the head of a request or an answer or behind its content. */
    static boolean isTooLarge(Http2Headers headers) {
        long length = 0;
        int count = 0;
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            length += header.getKey().length() + header.getValue().length();
            if (!Http2Headers.PseudoHeaderName.hasPseudoHeaderFormat(header.getKey())) {
                count++;
            }
        }
        return length > HeadLimits.LONGEST_HEADERS || count > HeadLimits.MOST_HEADERS;
    }

    private static boolean hasWrongPseudoHeaders(Http2Headers headers, String scheme) {
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            String name = header.getKey().toString();
            if (name.startsWith(":") && !PSEUDO.contains(name)) {
                return true;
            }
        }
        return !only(headers, ":scheme").equals(Optional.of(scheme))
                || only(headers, ":method").isEmpty()
                || only(headers, ":path").isEmpty()
                || headers.getAll(":authority").size() > 1;
    }

    private static boolean hasWrongHeaders(Http2Headers headers) {
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            String name = header.getKey().toString();
            if (!name.startsWith(":") && !NAME.matcher(name).matches()) {
                return true;
            }
            if (!VALUE.matcher(header.getValue()).matches() || OF_CONNECTION.contains(name)) {
                return true;
            }
        }
        return headers.getAll("te").stream().anyMatch(value -> !value.toString().equalsIgnoreCase("trailers"));
    }

    private static boolean announcesContent(Http2Headers headers) {
        return headers.getAll("content-length").stream()
                .anyMatch(value -> !value.toString().equals("0"));
    }

    private static Optional<String> only(Http2Headers headers, String name) {
        List<CharSequence> all = headers.getAll(name);
        return all.size() == 1 ? Optional.of(all.getFirst().toString()) : Optional.empty();
    }

    /**
     * A request to a server that has HTTP/2.
     *
     * @param request as it was judged, in the form of HTTP/1.1
     * @param tls whether it goes inside TLS
     */
    static Http2Headers ofRequest(io.netty.handler.codec.http.HttpRequest request, boolean trailers, boolean tls) {
        String host = request.headers().get(HttpHeaderNames.HOST);
        Http2Headers headers = new DefaultHttp2Headers()
                .method(request.method().name())
                .scheme(scheme(tls))
                .authority(host)
                .path(request.uri());
        copy(request.headers(), headers, Set.of("host"));
        if (trailers) {
            headers.set("te", "trailers");
        }
        return headers;
    }

    /** What an answer of HTTP/1.1 has, or has behind its content. */
    static Http2Headers ofAnswer(HttpHeaders its) {
        Http2Headers headers = new DefaultHttp2Headers();
        copy(its, headers, Set.copyOf(WebSocketHandshake.options(its)));
        return headers;
    }

    private static void copy(HttpHeaders from, Http2Headers to, Set<String> without) {
        for (Map.Entry<String, String> header : from) {
            String name = header.getKey().toLowerCase(Locale.ROOT);
            if (!OF_CONNECTION.contains(name) && !without.contains(name)) {
                to.add(name, header.getValue());
            }
        }
    }

    /** What an answer of HTTP/2 has, without pseudo-headers. */
    static Http2Headers ofAnswer(Http2Headers its) {
        Http2Headers headers = new DefaultHttp2Headers();
        for (Map.Entry<CharSequence, CharSequence> header : its) {
            String name = header.getKey().toString();
            if (!name.startsWith(":") && !OF_CONNECTION.contains(name)) {
                headers.add(name, header.getValue());
            }
        }
        return headers;
    }
}
