package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Purse;
import dev.agentcontainers.egressproxy.budget.Purse.Outcome;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A stream of an agent's: one request, which is judged before anything of it goes on, and its answer. What is wrong with it ends it and no
 * other. For the event loop's thread.
 */
final class Http2Exchange implements ServerStream.Answer {
    /** Heads that may come before the answer's own. */
    private static final int MOST_INTERIM = 2;

    private final Http2Relay relay;
    private final Requests requests;
    private final Http2FrameStream stream;
    private final HeldContent request;
    private final HeldContent answer;
    private HttpExchange its = HttpExchange.unread();
    private @Nullable Permit permit;
    private Purse purse = Purse.FREE;
    private Optional<HttpRequest> asked = Optional.empty();
    private @Nullable ServerStream server;
    private long lastMove = System.nanoTime();
    /** Of the content so many bytes are to come; -1 where that isn't known. */
    private long left = -1;

    private boolean received;
    private boolean answering;
    /** Whether the server has given all of the answer, which may wait here. */
    private boolean whole;
    /** Whether the agent has got something of the answer. */
    private boolean answered;

    private boolean serverGone;
    private int interim;
    private boolean over;
    /** Whether all that goes to the agent is an answer of this proxy's own. */
    private boolean refused;

    Http2Exchange(Http2Relay relay, Requests requests, Http2FrameStream stream) {
        this.relay = relay;
        this.requests = requests;
        this.stream = stream;
        this.request =
                new HeldContent(this::pay, this::sent, this::requestEnded, () -> broken(Http2Error.CANCEL.code()));
        this.answer = new HeldContent(
                this::pay, this::answered, this::answerEnded, () -> failed(Http2Error.INTERNAL_ERROR.code()));
    }

    Http2FrameStream stream() {
        return stream;
    }

    /** The agent's request. */
    void begin(Http2Headers headers, boolean last) {
        received = last;
        Http2Head.Request read = Http2Head.request(headers, last, requests.tls().isPresent());
        its = HttpExchange.of(read.message());
        left = read.length();
        switch (read.read(requests.to().getPort())) {
            case RequestHead.Refused(HttpVerdict why, Optional<String> what) -> refuse(why, Optional.empty(), what);
            case RequestHead.Readable head -> {
                switch (requests.judge(head.request())) {
                    case HttpNames.Result.Refused(HttpVerdict why) ->
                        refuse(why, Optional.of(head.request()), Optional.empty());
                    case HttpNames.Result.Permitted(Permit granted, List<String> budgets) -> {
                        permit = granted;
                        purse = requests.purses().apply(budgets);
                        asked = Optional.of(head.request());
                        relay.granted(granted);
                        if (last) {
                            request.end(null);
                        }
                        pay(Charging.size(read.message()), () -> relay.servers().open(new Opening(head, read, last)));
                    }
                }
            }
        }
    }

    /** Does it where it is paid for; otherwise there is an end of both sides, which the agent is told where it has got nothing. */
    private void pay(long bytes, Runnable then) {
        purse.pay(bytes, outcome -> {
            if (over || refused) {
                return;
            }
            if (outcome == Outcome.PAID) {
                then.run();
            } else if (answered) {
                relay.reset(stream, Http2Error.CANCEL.code());
                end(Charging.http(outcome));
            } else {
                ServerStream opened = server;
                server = null;
                refuse(Charging.http(outcome), asked, Optional.of(String.join(", ", purse.rules())));
                answer.drop();
                if (opened != null) {
                    opened.cancel();
                }
            }
        });
    }

    /** What waits for a place at the server. */
    final class Opening implements Http2Servers.Opening {
        private final RequestHead.Readable head;
        private final Http2Head.Request read;
        private final boolean last;

        Opening(RequestHead.Readable head, Http2Head.Request read, boolean last) {
            this.head = head;
            this.read = read;
            this.last = last;
        }

        @Override
        public boolean isWanted() {
            return !over && !refused;
        }

        @Override
        public ServerStream.Answer answer() {
            return Http2Exchange.this;
        }

        /** Rules may have changed since it was judged. */
        @Override
        public void opened(ServerStream opened) {
            server = opened;
            if (!holds()) {
                revoke();
                return;
            }
            moves();
            if (!purse.isFree()) {
                opened.isCharged();
            }
            opened.head(head.rewritten(read.message(), true), read.trailers(), last)
                    .addListener(sent -> {
                        if (over) {
                            return;
                        }
                        if (!sent.isSuccess()) {
                            broken(Http2Error.INTERNAL_ERROR.code());
                        } else if (last) {
                            requestEnded();
                        } else {
                            request.into(opened);
                        }
                    });
        }

        @Override
        public void failed(HttpVerdict why) {
            refuse(why, Optional.of(head.request()), Optional.empty());
        }
    }

    /** More of the agent's request; releases it. */
    void content(Http2DataFrame frame) {
        moves();
        try {
            int count = frame.content().readableBytes();
            relay.taken(stream, frame.initialFlowControlledBytes() - count);
            received = frame.isEndStream();
            if (over || refused) {
                // Nothing is taken of the stream's window: no more comes than is on its way.
                if (received) {
                    endRefused();
                }
                return;
            }
            if (left >= 0) {
                left -= count;
                if (left < 0 || (received && left > 0)) {
                    malformed();
                    return;
                }
            }
            request.add(frame.content());
            if (received) {
                request.end(null);
            }
        } finally {
            frame.release();
        }
    }

    /** Headers behind the content are for nobody: no rule has seen them. */
    void trailers(boolean last) {
        moves();
        if (!last || left > 0) {
            malformed();
            return;
        }
        received = true;
        if (refused) {
            endRefused();
        } else if (!over) {
            request.end(null);
        }
    }

    private void sent(int count) {
        its.sends(count);
        moves();
        relay.taken(stream, count);
    }

    private void requestEnded() {
        its.endRequest();
        finish();
    }

    @Override
    public void head(int status, Http2Headers headers, boolean last) {
        if (refused) {
            return;
        }
        moves();
        boolean isInterim = status < 200;
        if (answering || status == 101 || (isInterim && (last || ++interim > MOST_INTERIM))) {
            broken(Http2Error.PROTOCOL_ERROR.code());
            return;
        }
        headers.status(Integer.toString(status));
        if (!isInterim) {
            answering = true;
            its.answeredWith(status);
            whole = last;
        }
        pay(Charging.size(headers), () -> handOn(headers, last, isInterim));
    }

    private void handOn(Http2Headers headers, boolean last, boolean isInterim) {
        answered = true;
        head(headers, last).addListener(written -> {
            if (over) {
                return;
            }
            if (!written.isSuccess()) {
                // It may be more than the agent takes for a head, or it takes none.
                failed(Http2Error.INTERNAL_ERROR.code());
            } else if (last) {
                answerEnded();
            } else if (!isInterim) {
                answer.into(new ToAgent());
            }
        });
    }

    @Override
    public void content(ByteBuf bytes) {
        moves();
        if (refused) {
            return;
        }
        if (answering) {
            answer.add(bytes);
        } else {
            broken(Http2Error.PROTOCOL_ERROR.code());
        }
    }

    @Override
    public void end(@Nullable Http2Headers trailers) {
        if (refused) {
            return;
        }
        if (answering) {
            whole = true;
            answer.end(trailers);
        } else {
            broken(Http2Error.PROTOCOL_ERROR.code());
        }
    }

    private final class ToAgent implements HeldContent.Sink {
        @Override
        public ChannelFuture content(ByteBuf bytes, boolean last) {
            return relay.write(new DefaultHttp2DataFrame(bytes, last).stream(stream));
        }

        @Override
        public ChannelFuture trailers(Http2Headers trailers) {
            return head(trailers, true);
        }
    }

    private ChannelFuture head(Http2Headers headers, boolean last) {
        return relay.head(new DefaultHttp2HeadersFrame(headers, last).stream(stream));
    }

    private void answered(int count) {
        its.receives(count);
        moves();
        if (server != null) {
            server.taken(count);
        }
    }

    private void answerEnded() {
        its.endAnswer();
        if (serverGone) {
            endBehindServer();
        } else {
            finish();
        }
    }

    /** What had its whole answer is told that the rest is not wanted. */
    private void endBehindServer() {
        if (!its.hasRequestEnded()) {
            relay.reset(stream, Http2Error.NO_ERROR.code());
        }
        close(HttpVerdict.PASSED);
    }

    /** The server may still want the rest of the request behind its own answer. */
    private void finish() {
        if (!over && its.hasRequestEnded() && its.hasAnswerEnded()) {
            if (server != null) {
                server.done();
            }
            close(HttpVerdict.PASSED);
        }
    }

    /** The server takes and gives no more. What it has given goes on where that is all of the answer. */
    @Override
    public void broken(long errorCode) {
        if (over || refused || serverGone) {
            return;
        }
        if (its.hasAnswerEnded()) {
            endBehindServer();
        } else if (whole) {
            serverGone = true;
            server = null;
            request.drop();
        } else {
            failed(errorCode);
        }
    }

    private void failed(long errorCode) {
        if (!over && !refused) {
            relay.reset(stream, errorCode);
            end(HttpVerdict.BROKEN);
        }
    }

    /** The agent wants no more of it. */
    void cancelled() {
        end(server == null && !serverGone ? HttpVerdict.INCOMPLETE : HttpVerdict.PASSED);
    }

    /** What has come of it is not what it said that would come, or the like. */
    void malformed() {
        if (!over) {
            relay.reset(stream, Http2Error.PROTOCOL_ERROR.code());
            end(HttpVerdict.MALFORMED);
        }
    }

    /** To be called for all of a connection, whose both sides are cut then. */
    void revoke() {
        if (!over) {
            relay.reset(stream, Http2Error.CANCEL.code());
            end(HttpVerdict.REVOKED);
        }
    }

    /** There are too many. */
    void tooMany() {
        relay.reset(stream, Http2Error.REFUSED_STREAM.code());
        end(HttpVerdict.TOO_MANY);
    }

    /** Nothing has moved for too long. */
    void idle() {
        if (!over) {
            relay.reset(stream, Http2Error.CANCEL.code());
            end(its.hasRequestEnded() ? HttpVerdict.BROKEN : HttpVerdict.INCOMPLETE);
        }
    }

    /** Nothing goes to the agent or the server any more. */
    void end(HttpVerdict why) {
        if (!over) {
            // What is on its way to the server fails by that, which would be told as the server's doing.
            close(why);
            if (server != null) {
                server.cancel();
            }
        }
    }

    private void close(HttpVerdict why) {
        over = true;
        purse.end();
        request.drop();
        answer.drop();
        if (!its.wasTold()) {
            requests.tell(its, why);
        }
        relay.ended(this);
    }

    private void refuse(HttpVerdict why, Optional<HttpRequest> asked, Optional<String> what) {
        FullHttpResponse own = Refusal.of(requests.agent(), requests.to().getPort(), why, asked, what)
                .answer();
        its.answeredWith(own.status().code());
        if (!its.wasTold()) {
            requests.tell(its, why);
        }
        refused = true;
        request.drop();
        Http2Headers headers =
                new DefaultHttp2Headers().status(own.status().codeAsText()).add(Http2Head.ofAnswer(own.headers()));
        boolean last = its.isHead();
        ChannelFuture written = relay.write(new DefaultHttp2HeadersFrame(headers, last).stream(stream));
        if (last) {
            own.release();
        } else {
            written = relay.write(new DefaultHttp2DataFrame(own.content(), true).stream(stream));
        }
        written.addListener(_ -> {
            if (received) {
                endRefused();
            } else {
                // What is on its way would be answered by a reset for each frame.
                relay.later(this::endRefused, Http2Codecs.LINGER);
            }
        });
    }

    /** It was told already. */
    private void endRefused() {
        if (!over) {
            if (!received) {
                relay.reset(stream, Http2Error.NO_ERROR.code());
            }
            close(HttpVerdict.INCOMPLETE);
        }
    }

    private void moves() {
        lastMove = System.nanoTime();
    }

    /** When something has moved last, by the clock of {@link System#nanoTime()}. */
    long lastMove() {
        return lastMove;
    }

    /** Whether what it rests on is still there. */
    boolean holds() {
        return permit == null || refused || requests.holds(permit);
    }
}
