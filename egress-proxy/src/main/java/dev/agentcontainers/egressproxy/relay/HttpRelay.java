package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Purse;
import dev.agentcontainers.egressproxy.budget.Purse.Outcome;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An agent's connection on which each request is judged, and written anew where it passes: one at a time, the next only after the
 * answer to the one before. Of a request nothing is read before it may go on, and of either side no more than the other takes.
 * Where request and answer agree that it goes on as a WebSocket, and a rule allows that, it is bytes from there on.
 * For the event loop's thread.
 */
final class HttpRelay extends ChannelInboundHandlerAdapter implements Passing {
    /** How long what was not asked for is taken and thrown away, so that a refusal is not lost with a reset. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    /** What is read at once waits decoded, and a chunk of one byte takes a hundred then. */
    static final RecvByteBufAllocator LITTLE_AT_ONCE = new FixedRecvByteBufAllocator(4 << 10);

    private final SocketChannel front;
    private Requests requests;
    private final RelayLimits limits;
    private final Consumer<Channel> place;
    private final StrictRequestDecoder decoder = new StrictRequestDecoder();
    private final AnswerEncoder answers = new AnswerEncoder();
    private final FlowControlHandler flow = new FlowControlHandler();
    private HttpBack back = new HttpBack(this);
    private State state = State.AWAITING;
    private HttpExchange exchange = HttpExchange.unread();
    private @Nullable Permit permit;
    private Purse purse = Purse.FREE;
    private Optional<HttpRequest> asked = Optional.empty();
    /** Whether the agent has got something of the answer. */
    private boolean answered;

    private long deadline;
    private @Nullable ScheduledFuture<?> look;
    private boolean first = true;
    /** Whether all that is still to go is an answer of this proxy's own. */
    private boolean refused;

    private boolean asksForMore;
    private boolean inputEnded;

    private enum State {
        /** The head of a request. */
        AWAITING,
        /** A request, its answer or both are on their way. */
        PASSING,
        /** Bytes go both ways, and nobody reads them. */
        TUNNEL,
        /** The last answer was written; what still comes is thrown away. */
        ENDING,
        ENDED
    }

    /** @param place is told of the connection to the other side */
    HttpRelay(SocketChannel front, Requests requests, RelayLimits limits, Consumer<Channel> place) {
        this.front = front;
        this.requests = requests;
        this.limits = limits;
        this.place = place;
        this.permit = requests.tls().map(Requests.Tls::permit).orElse(null);
    }

    /** Takes the connection over, with what was read of it. */
    void begin(ByteBuf read) {
        take(limits.hello());
        front.pipeline().fireChannelRead(read);
        if (front.isInputShutdown()) {
            // It was told before there was anybody here to hear it.
            front.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
        readOn();
    }

    /** Takes the connection over, on which TLS was agreed and nothing was read inside. */
    void begin(Duration patience) {
        take(patience);
        readOn();
    }

    private void take(Duration patience) {
        front.config().setAutoRead(false);
        front.config().setRecvByteBufAllocator(LITTLE_AT_ONCE);
        front.pipeline().addLast(decoder.reads(), decoder, answers, flow, this);
        within(patience);
    }

    private void endQuietly() {
        state = State.ENDED;
        purse.end();
        if (look != null) {
            look.cancel(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        asksForMore = false;
        moves();
        if (state == State.AWAITING && message instanceof io.netty.handler.codec.http.HttpRequest request) {
            judge(request);
            if (message instanceof HttpContent) {
                // What can't be decoded comes as a whole.
                ReferenceCountUtil.release(message);
            }
        } else if (state == State.PASSING && message instanceof HttpContent content) {
            handOn(content);
        } else {
            ReferenceCountUtil.release(message);
            // Not from here: what waits decoded comes at once, and would come within what came before.
            front.eventLoop().execute(this::readOn);
        }
    }

    private void judge(io.netty.handler.codec.http.HttpRequest message) {
        first = false;
        exchange = HttpExchange.of(message, requests.once());
        switch (RequestHead.read(
                message, requests.to().getPort(), requests.tls().isPresent())) {
            case RequestHead.Refused(HttpVerdict why, Optional<String> what) -> refuse(why, Optional.empty(), what);
            case RequestHead.Readable head -> {
                HttpRequest request = head.request();
                switch (requests.judge(request)) {
                    case HttpNames.Result.Refused(HttpVerdict why) -> refuse(why, Optional.of(request));
                    case HttpNames.Result.Permitted(Permit granted, List<String> budgets) -> {
                        permit = granted;
                        purse = requests.purses().apply(budgets);
                        asked = Optional.of(request);
                        answered = false;
                        state = State.PASSING;
                        within(limits.idle());
                        answers.haveNoContent(exchange.isHead());
                        io.netty.handler.codec.http.HttpRequest rewritten =
                                head.rewritten(message, exchange.keepAlive());
                        pay(Charging.size(message), rewritten, () -> send(rewritten, request));
                    }
                }
            }
        }
    }

    /** Does what hands the part on where it is paid for. */
    void pay(long bytes, Object part, Runnable then) {
        purse.pay(bytes, outcome -> {
            if (state != State.PASSING) {
                ReferenceCountUtil.release(part);
            } else if (outcome == Outcome.PAID) {
                then.run();
            } else {
                ReferenceCountUtil.release(part);
                if (answered) {
                    end(Charging.http(outcome));
                } else {
                    refuse(Charging.http(outcome), asked, Optional.of(String.join(", ", purse.rules())));
                }
            }
        });
    }

    private void send(io.netty.handler.codec.http.HttpRequest message, HttpRequest request) {
        if (back.isOpen()) {
            write(message);
            return;
        }
        Optional<SslContext> trusted = requests.tls().flatMap(tls -> tls.back().apply(false));
        if (requests.tls().isPresent() && trusted.isEmpty()) {
            refuse(HttpVerdict.UNTRUSTED_SERVER, Optional.of(request));
            return;
        }
        ChannelFuture connecting = back.connect(
                front.eventLoop(),
                requests.way(),
                trusted.map(context -> new HttpBack.Security(
                        context, requests.tls().orElseThrow().serverName())),
                limits.connect());
        place.accept(connecting.channel());
        connecting.addListener(connected -> {
            if (state != State.PASSING) {
                back.close();
            } else if (!connected.isSuccess()) {
                failed(HttpBack.failure(connected.cause()), message, request);
            } else if (!holds()) {
                cut();
            } else {
                write(message);
            }
        });
    }

    /** Tries another address of the same, where there is one and the request may go there. */
    private void failed(HttpVerdict why, io.netty.handler.codec.http.HttpRequest message, HttpRequest request) {
        Optional<Requests> next = why == HttpVerdict.UNREACHABLE ? requests.byNextWay() : Optional.empty();
        if (next.isEmpty()
                || !(next.get().judge(request)
                        instanceof HttpNames.Result.Permitted(Permit granted, List<String> budgets))) {
            refuse(why, Optional.of(request));
            return;
        }
        back.close();
        requests = next.get();
        back = new HttpBack(this);
        permit = granted;
        if (purse.rules().equals(budgets)) {
            send(message, request);
            return;
        }
        // Rules may have come and gone meanwhile, or are about the other address.
        purse.end();
        purse = requests.purses().apply(budgets);
        pay(Charging.size(message), message, () -> send(message, request));
    }

    private void write(io.netty.handler.codec.http.HttpRequest message) {
        if (!purse.isFree()) {
            back.isCharged();
        }
        back.write(message).addListener(sent -> goOnUnless(!sent.isSuccess()));
    }

    private void goOnUnless(boolean failed) {
        if (failed) {
            end(HttpVerdict.BROKEN);
        } else if (state == State.PASSING && !exchange.hasRequestEnded()) {
            readOn();
        }
    }

    private void handOn(HttpContent content) {
        if (content.decoderResult().isFailure()) {
            content.release();
            end(HttpVerdict.MALFORMED);
            return;
        }
        if (!exchange.hasContent() && content.content().isReadable()) {
            // The decoder takes for content what the server would take for another request.
            content.release();
            end(HttpVerdict.MALFORMED);
            return;
        }
        if (content.content().isReadable()) {
            pay(content.content().readableBytes(), content, () -> write(content));
        } else {
            write(content);
        }
    }

    private void write(HttpContent content) {
        HttpExchange its = exchange;
        its.sends(content.content().readableBytes());
        boolean last = content instanceof LastHttpContent;
        // Headers behind the content are for nobody: no rule has seen them.
        HttpContent plain = last ? new DefaultLastHttpContent(content.content()) : content;
        back.write(plain).addListener(sent -> {
            moves();
            if (sent.isSuccess() && last) {
                its.endRequest();
                goOnAfterAnswer();
            } else {
                goOnUnless(!sent.isSuccess());
            }
        });
    }

    /** Something of the answer, whose encoding the front's pipeline does. */
    ChannelFuture answer(Object part) {
        answered = true;
        return front.writeAndFlush(part);
    }

    HttpExchange exchange() {
        return exchange;
    }

    boolean isPassing() {
        return state == State.PASSING;
    }

    /** Both the request and its answer have to be at their end before the next is looked at. */
    void goOnAfterAnswer() {
        if (state != State.PASSING || !exchange.hasAnswerEnded()) {
            return;
        }
        if (!exchange.hasRequestEnded() && exchange.keepAlive() && back.keepsAlive()) {
            // The rest of the content may still be wanted.
            return;
        }
        tell(HttpVerdict.PASSED);
        if (exchange.hasRequestEnded() && exchange.keepAlive() && back.keepsAlive()) {
            state = State.AWAITING;
            within(limits.between());
            if (exchange.asksForWebSocket()) {
                // Not from here: what is behind it is decoded at once.
                front.eventLoop().execute(this::goOnBehindRefusedUpgrade);
            } else {
                readOn();
            }
        } else {
            // What was written may still be on its way to a reader that takes its time.
            endAfterAnswer(limits.between());
        }
    }

    private void goOnBehindRefusedUpgrade() {
        try {
            decoder.goOn();
            readOn();
        } catch (Exception e) {
            exceptionCaught(front.pipeline().context(this), e);
        }
    }

    /** The server has accepted that it is a WebSocket from here on, and the agent was told. */
    void goOnAsWebSocket() {
        // Not from here: the decoders of both sides may be at what they have read.
        front.eventLoop().execute(this::tunnel);
    }

    private void tunnel() {
        if (state != State.PASSING) {
            return;
        }
        if (!exchange.hasRequestEnded()) {
            end(HttpVerdict.BROKEN);
            return;
        }
        if (!holds()) {
            cut();
            return;
        }
        state = State.TUNNEL;
        if (look != null) {
            look.cancel(false);
        }
        requests.tell(exchange, HttpVerdict.UPGRADED);
        front.closeFuture().addListener(_ -> tell(holds() ? HttpVerdict.PASSED : HttpVerdict.REVOKED));
        Relay.Payment payment = new Relay.Payment(purse, outcome -> tell(Charging.http(outcome)));
        front.pipeline().remove(decoder.reads());
        front.pipeline().remove(answers);
        front.pipeline().remove(this);
        Relay relay = new Relay(
                this::holds,
                front,
                back.withoutMessages(),
                limits.idle(),
                payment,
                exchange::sends,
                exchange::receives);
        relay.join();
        // What was held, behind the request or the answer, goes to the other side in its order.
        front.pipeline().remove(flow);
        front.pipeline().remove(decoder);
        back.giveTheRest();
        relay.begin(inputEnded, back.hasInputEnded());
    }

    private void refuse(HttpVerdict why, Optional<HttpRequest> request) {
        refuse(why, request, Optional.empty());
    }

    private void refuse(HttpVerdict why, Optional<HttpRequest> request, Optional<String> what) {
        FullHttpResponse answer = Refusal.of(requests.agent(), requests.to().getPort(), why, request, what)
                .answer();
        exchange.answeredWith(answer.status().code());
        tell(why);
        refused = true;
        state = State.ENDING;
        purse.end();
        decoder.waitNoMore();
        back.close();
        within(LINGER);
        answers.haveNoContent(exchange.isHead());
        front.writeAndFlush(answer).addListener(_ -> endAfterAnswer(LINGER));
    }

    /** The agent may still send what nobody wants any more: with a reset it could lose the answer. */
    private void endAfterAnswer(Duration patience) {
        if (state == State.ENDED) {
            return;
        }
        state = State.ENDING;
        purse.end();
        decoder.waitNoMore();
        back.close();
        within(patience);
        Relay.endOutput(front, () -> {});
        readOn();
    }

    /** The other side has ended the connection. */
    void endedByServer() {
        if (state == State.AWAITING) {
            endAfterAnswer(limits.between());
        } else if (state == State.PASSING) {
            end(HttpVerdict.BROKEN);
        }
    }

    /** Ends both sides at once, so that both see that it was not their peer who ended it. */
    void end(HttpVerdict why) {
        if (state != State.ENDED) {
            tell(why);
            close();
        }
    }

    private void close() {
        endQuietly();
        back.reset();
        Relay.Resets.reset(front);
    }

    @Override
    public boolean holds() {
        return permit == null || refused || requests.holds(permit);
    }

    @Override
    public void cut() {
        if (state == State.AWAITING) {
            exchange = HttpExchange.unread();
        }
        end(HttpVerdict.REVOKED);
    }

    private void tell(HttpVerdict verdict) {
        if (!exchange.wasTold()) {
            requests.tell(exchange, verdict);
        }
    }

    private void readOn() {
        if (state == State.ENDED) {
            return;
        }
        asksForMore = true;
        front.read();
        if (asksForMore && inputEnded) {
            nothingMoreComes();
        }
    }

    private void nothingMoreComes() {
        switch (state) {
            case AWAITING -> {
                if (first) {
                    end(HttpVerdict.INCOMPLETE);
                } else {
                    endAfterAnswer(limits.between());
                }
            }
            case PASSING -> end(HttpVerdict.INCOMPLETE);
            case ENDING -> {
                endQuietly();
                front.close();
            }
            case TUNNEL, ENDED -> {}
        }
    }

    /** A byte has come or gone. */
    void moves() {
        if (state == State.PASSING) {
            deadline = System.nanoTime() + limits.idle().toNanos();
        }
    }

    private void within(Duration time) {
        deadline = System.nanoTime() + time.toNanos();
        if (look != null) {
            look.cancel(false);
        }
        look = front.eventLoop().schedule(this::lookAtTime, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void lookAtTime() {
        long left = deadline - System.nanoTime();
        if (left > 0) {
            look = front.eventLoop().schedule(this::lookAtTime, left, TimeUnit.NANOSECONDS);
            return;
        }
        switch (state) {
            case AWAITING -> {
                if (first) {
                    end(HttpVerdict.INCOMPLETE);
                } else {
                    close();
                }
            }
            case PASSING -> end(exchange.hasRequestEnded() ? HttpVerdict.BROKEN : HttpVerdict.INCOMPLETE);
            case ENDING -> close();
            case TUNNEL, ENDED -> {}
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            if (asksForMore) {
                nothingMoreComes();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (state == State.PASSING) {
            // The agent has gone; what it asked for had passed, if it came to that.
            end(back.isOpen() ? HttpVerdict.PASSED : HttpVerdict.INCOMPLETE);
        } else if (state == State.AWAITING && first) {
            end(HttpVerdict.INCOMPLETE);
        } else if (state != State.ENDED) {
            close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (state == State.PASSING) {
            end(HttpVerdict.BROKEN);
        } else if (state == State.AWAITING && first) {
            // With a reset the agent has gone before its first request was whole.
            end(HttpVerdict.INCOMPLETE);
        } else if (state != State.ENDED) {
            close();
        }
    }
}
