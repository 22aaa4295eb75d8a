package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** A request and its answer, as far as they have come. */
final class HttpExchange {
    /** Characters of what a request says that are told. */
    private static final int LONGEST = 1000;

    private static final int LONGEST_METHOD = 32;
    private static final int LONGEST_HOST = 255;

    private final long began = System.nanoTime();
    private final @Nullable String method;
    private final @Nullable String host;
    private final @Nullable String path;
    private final boolean keepAlive;
    private final boolean hasContent;
    private final boolean webSocket;
    private final @Nullable String key;
    private long sent;
    private long received;
    private int status;
    private boolean requestEnded;
    private boolean answerEnded;
    private boolean told;

    private HttpExchange(
            @Nullable String method,
            @Nullable String host,
            @Nullable String path,
            boolean keepAlive,
            boolean hasContent,
            boolean webSocket,
            @Nullable String key) {
        this.method = method;
        this.host = host;
        this.path = path;
        this.keepAlive = keepAlive;
        this.hasContent = hasContent;
        this.webSocket = webSocket;
        this.key = key;
    }

    /** One of which nothing can be read. */
    static HttpExchange unread() {
        return new HttpExchange(null, null, null, false, false, false, null);
    }

    /** One of which is known where it is to go, by what was asked of this process as a proxy. */
    static HttpExchange asked(AskedOnward where) {
        return new HttpExchange(where.method(), where.name() + ":" + where.port(), null, false, false, false, null);
    }

    /** As the request says of itself, whether that is true or not. */
    static HttpExchange of(HttpRequest request) {
        return of(request, false);
    }

    /** @param once whether the connection ends behind it, whatever it says */
    static HttpExchange of(HttpRequest request, boolean once) {
        if (request.decoderResult().isFailure()) {
            return unread();
        }
        String target = request.uri();
        int query = target.indexOf('?');
        return new HttpExchange(
                printable(request.method().name(), LONGEST_METHOD),
                request.headers().contains(HttpHeaderNames.HOST)
                        ? printable(request.headers().get(HttpHeaderNames.HOST), LONGEST_HOST)
                        : null,
                printable(query < 0 ? target : target.substring(0, query), LONGEST),
                RequestHead.keepsAlive(request) && !once,
                request.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                        || request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING),
                WebSocketHandshake.isAskedFor(request),
                request.headers().get("sec-websocket-key"));
    }

    private static String printable(String text, int longest) {
        String shown = text.length() > longest ? text.substring(0, longest) + "..." : text;
        return shown.replaceAll("[^\\x20-\\x7e]", "?");
    }

    boolean keepAlive() {
        return keepAlive;
    }

    /** Whether the request says that it has content, and where that ends. */
    boolean hasContent() {
        return hasContent;
    }

    /** Whether the request asks that the connection goes on as a WebSocket. */
    boolean asksForWebSocket() {
        return webSocket;
    }

    /** Whether an answer accepts what the request asks for: that the connection goes on as a WebSocket. */
    boolean isAcceptedBy(HttpResponse answer) {
        return webSocket && key != null && WebSocketHandshake.isAccepted(answer, WebSocketHandshake.accept(key));
    }

    boolean isHead() {
        return "HEAD".equals(method);
    }

    void sends(int bytes) {
        sent += bytes;
    }

    void receives(int bytes) {
        received += bytes;
    }

    void answeredWith(int code) {
        status = code;
    }

    void endRequest() {
        requestEnded = true;
    }

    void endAnswer() {
        answerEnded = true;
    }

    boolean hasRequestEnded() {
        return requestEnded;
    }

    boolean hasAnswerEnded() {
        return answerEnded;
    }

    /** False the first time. */
    boolean wasTold() {
        boolean before = told;
        told = true;
        return before;
    }

    /** @param serverName of the TLS that it came in; null where it came without */
    HttpDecision decision(
            long epochMillis, String agent, InetSocketAddress to, @Nullable String serverName, HttpVerdict verdict) {
        return new HttpDecision(
                epochMillis,
                agent,
                to.getAddress().getHostAddress(),
                to.getPort(),
                serverName,
                method,
                host,
                path,
                webSocket,
                verdict,
                status,
                sent,
                received,
                (System.nanoTime() - began) / 1000);
    }
}
