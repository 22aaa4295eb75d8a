package dev.agentcontainers.egressproxy.relay;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;

/** Netty's encoder, told by whoever knows the request whether its answer has headers about a content that does not come. */
final class AnswerEncoder extends HttpResponseEncoder {
    private boolean withoutContent;

    /** Of the answers to come: those to a HEAD. */
    void haveNoContent(boolean none) {
        withoutContent = none;
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpResponse answer) {
        return super.isContentAlwaysEmpty(answer) || withoutContent;
    }
}
