package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Purse.Outcome;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.TlsVerdict;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.Map;

/** How much of budgets heads of messages take, as bytes of HTTP/1.1 whatever version they come in; and what is told where that is not there. */
final class Charging {
    /** The rest of a line. */
    private static final int OF_LINE = 4;

    /** The version, a status and the rest of the first line. */
    private static final int OF_FIRST_LINE = 16;

    private Charging() {}

    static long size(HttpRequest head) {
        return OF_FIRST_LINE + head.method().name().length() + head.uri().length() + size(head.headers());
    }

    static long size(HttpResponse head) {
        return OF_FIRST_LINE + head.status().reasonPhrase().length() + size(head.headers());
    }

    static long size(HttpHeaders headers) {
        long size = 0;
        for (Map.Entry<String, String> each : headers) {
            size += OF_LINE + each.getKey().length() + each.getValue().length();
        }
        return size;
    }

    static long size(Http2Headers headers) {
        long size = 0;
        for (Map.Entry<CharSequence, CharSequence> each : headers) {
            size += OF_LINE + each.getKey().length() + each.getValue().length();
        }
        return size;
    }

    static HttpVerdict http(Outcome outcome) {
        return switch (outcome) {
            case PAID -> HttpVerdict.PASSED;
            case USED_UP -> HttpVerdict.BUDGET_USED_UP;
            case UNCHARGED, ENDED -> HttpVerdict.UNCHARGED;
        };
    }

    static TlsVerdict tls(Outcome outcome) {
        return switch (outcome) {
            case PAID -> TlsVerdict.PASSED;
            case USED_UP -> TlsVerdict.BUDGET_USED_UP;
            case UNCHARGED, ENDED -> TlsVerdict.UNCHARGED;
        };
    }
}
