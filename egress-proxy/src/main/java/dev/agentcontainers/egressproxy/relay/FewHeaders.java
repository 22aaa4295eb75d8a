package dev.agentcontainers.egressproxy.relay;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.TooLongHttpHeaderException;

/** Headers of a head, or behind content, that are so many at most: each takes far more memory than its bytes. */
record FewHeaders(int most) implements HttpHeadersFactory {
    @Override
    public HttpHeaders newHeaders() {
        return new Counted(most);
    }

    @Override
    public HttpHeaders newEmptyHeaders() {
        return newHeaders();
    }

    private static final class Counted extends DefaultHttpHeaders {
        private final int most;
        private int count;

        Counted(int most) {
            this.most = most;
        }

        /** By which the decoder adds each. */
        @Override
        public HttpHeaders add(CharSequence name, Object value) {
            if (++count > most) {
                throw new TooLongHttpHeaderException("more than " + most + " headers");
            }
            return super.add(name, value);
        }
    }
}
