package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.policy.http.HttpRemedy;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an agent is told whose request does not pass, for programs and people.
 *
 * @param error by which such an answer is known
 * @param agent its address
 * @param reason one of a few words
 * @param message in a sentence
 * @param toAllow the smallest change of a policy that would let it pass; null where none would
 */
record Refusal(
        String error,
        String agent,
        String reason,
        String message,
        @Nullable Asked request,
        @Nullable String toAllow) {
    private static final String DENIED = "denied by egress policy";
    private static final String UNREACHABLE = "allowed by egress policy, and not reachable";

    /** @param webSocket null where it asks for none */
    record Asked(
            String method,
            String host,
            int port,
            @Nullable String path,
            @Nullable Boolean webSocket) {}

    /**
     * @param request where it could be read
     * @param what is wrong with it, where the verdict alone does not say it
     */
    static Refusal of(
            String agent, int port, HttpVerdict verdict, Optional<HttpRequest> request, Optional<String> what) {
        boolean byServer = verdict == HttpVerdict.UNREACHABLE
                || verdict == HttpVerdict.UNTRUSTED_SERVER
                || verdict == HttpVerdict.UNCHARGED;
        boolean byRule = verdict == HttpVerdict.NO_RULE || verdict == HttpVerdict.OTHER_HOST;
        return new Refusal(
                byServer ? UNREACHABLE : DENIED,
                agent,
                verdict.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                message(verdict, request.map(HttpRequest::toString).orElse("the request"), port) + what.orElse(""),
                request.map(asked -> new Asked(
                                asked.method(), asked.host(), port, asked.path(), asked.webSocket() ? true : null))
                        .orElse(null),
                request.filter(_ -> byRule)
                        .map(asked -> HttpRemedy.newRule(asked, port))
                        .orElse(null));
    }

    /**
     * What was asked of this process as a proxy.
     *
     * @param port where it was asked
     * @param what in words, behind what the verdict says
     */
    static Refusal ofAsked(
            String agent,
            int port,
            HttpVerdict verdict,
            Optional<AskedOnward> where,
            String what,
            Optional<String> toAllow) {
        Refusal plain = of(agent, port, verdict, Optional.empty(), Optional.of(what));
        return new Refusal(
                plain.error(),
                agent,
                plain.reason(),
                // What is said of these is about requests on their way to a server.
                verdict == HttpVerdict.OTHER_PROTOCOL || verdict == HttpVerdict.BUDGET_USED_UP ? what : plain.message(),
                where.map(each -> new Asked(each.method(), each.name(), each.port(), null, null))
                        .orElse(null),
                toAllow.orElse(null));
    }

    /** The same where rules allow what was asked for, and it is not there. */
    Refusal ofWhatIsAllowed() {
        return new Refusal(UNREACHABLE, agent, reason, message, request, toAllow);
    }

    private static String message(HttpVerdict verdict, String request, int port) {
        return switch (verdict) {
            case NO_RULE -> "no rule with http of this agent's policies allows %s at port %d".formatted(request, port);
            case OTHER_HOST ->
                "%s: Host must be there once and be the name that this address was resolved for, or one that a rule has among its hosts"
                        .formatted(request);
            case AMBIGUOUS_PATH ->
                "the path can mean different things to different servers: no empty or dot segments, no ';', no encoded '/', '\\' or '%', nothing but visible ASCII";
            case OVERRIDDEN ->
                "a header of the request lets servers take another method, path or host for its own: leave out X-HTTP-Method-Override, X-Original-URL, X-Forwarded-Host and the like";
            case OTHER_PROTOCOL ->
                "only HTTP/1.1 and HTTP/2 pass by rules with http, HTTP/2 without TLS by prior knowledge alone, and WebSockets by HTTP/1.1 where a rule has webSocket: no CONNECT, no other Upgrade (h2c) or several";
            case BAD_HANDSHAKE -> "the request asks for a WebSocket in another way than RFC 6455 has it: ";
            case TOO_LARGE ->
                "the request's line has more than 8 KiB, or its headers have more than %d KiB or %d lines"
                        .formatted(HeadLimits.LONGEST_HEADERS >> 10, HeadLimits.MOST_HEADERS);
            case UNKNOWN_AGENT -> "whoever connects is no agent that is known";
            case UNTRUSTED_SERVER ->
                "the server at the address of that name has no certificate for it that this machine trusts";
            case UNREACHABLE ->
                "nobody answers at the address of that name, or not in the version of HTTP that was begun with";
            case NOT_SERVED -> "";
            case BUDGET_USED_UP ->
                "the budgets of the rules that allow %s at port %d are used up: ".formatted(request, port);
            case UNCHARGED -> "this node charges nobody's budgets now, so that nothing passes by them: try again";
            case UNRESOLVED -> "the name stands for nothing that this proxy may connect to";
            case MALFORMED, NOT_HTTP, INCOMPLETE, TOO_MANY, PASSED, UPGRADED, BROKEN, REVOKED ->
                "the message can be read in more than one way, or in none";
        };
    }

    HttpResponseStatus status() {
        return error.equals(UNREACHABLE) ? HttpResponseStatus.BAD_GATEWAY : HttpResponseStatus.FORBIDDEN;
    }

    FullHttpResponse answer() {
        byte[] body = (Json.text(this) + "\n").getBytes(StandardCharsets.UTF_8);
        FullHttpResponse answer =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status(), Unpooled.wrappedBuffer(body));
        answer.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length)
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set(HttpHeaderNames.CONNECTION, "close");
        return answer;
    }
}
