package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.audit.AuditWatch;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.AgentUsage;
import dev.agentcontainers.protocol.ControlMessage;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.StreamRequest;
import dev.agentcontainers.protocol.client.GatewayHttp;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Serves streams that the gateway asks for, each on a connection and virtual threads of its own. */
final class NodeStreams {
    /** How long the gateway may take to close a stream after its result. */
    static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(NodeStreams.class);
    private static final int MOST_AT_ONCE = 64;
    private static final int TOO_MANY = 429;
    private static final Duration FOLLOW_INTERVAL = Duration.ofMillis(100);
    private static final Duration PING_INTERVAL = Duration.ofSeconds(15);

    private final StreamTargets targets;
    private final Clock clock;
    private final Semaphore places = new Semaphore(MOST_AT_ONCE);

    NodeStreams(StreamTargets targets, Clock clock) {
        this.targets = targets;
        this.clock = clock;
    }

    /**
     * Dials the stream and serves it; blocks until it has ended.
     *
     * @throws RefusedException where it will not dial
     */
    void serve(GatewayHttp gateway, ControlMessage.Open open) throws IOException, InterruptedException {
        if (!places.tryAcquire()) {
            throw new RefusedException(TOO_MANY, "this node serves " + MOST_AT_ONCE + " streams, the most allowed");
        }
        try (MDC.MDCCloseable ignored = MDC.putCloseable("sandbox", open.assignment())) {
            SandboxId id = new SandboxId(open.assignment());
            IsolationDriver driver = targets.driver(id)
                    .orElseThrow(() -> new RefusedException(
                            HttpURLConnection.HTTP_CONFLICT, "the agent is not on this node, or not yet"));
            // Known before it dials: what goes wrong until then can be said to the user.
            Optional<AgentUsage> usage =
                    open.request() instanceof StreamRequest.Usage ? Optional.of(usage(id)) : Optional.empty();
            try (MessageSocket socket = gateway.connect(
                    GatewayPaths.NODE_STREAMS + open.streamId(), StreamFrame.SUBPROTOCOL, StreamFrame.MAXIMUM_LENGTH)) {
                Thread pings = keepAlive(socket);
                try {
                    if (usage.isPresent()) {
                        tell(socket, usage.get());
                    } else {
                        serve(socket, id, driver, open.request());
                    }
                } finally {
                    pings.interrupt();
                }
            }
        } finally {
            places.release();
        }
    }

    private void serve(MessageSocket socket, SandboxId id, IsolationDriver driver, StreamRequest request)
            throws IOException, InterruptedException {
        switch (request) {
            case StreamRequest.Log log -> log(socket, id, driver, log);
            case StreamRequest.Exec exec -> exec(socket, id, driver, exec);
            case StreamRequest.Egress egress -> egress(socket, id, egress);
            case StreamRequest.Display _ -> display(socket, id, driver);
            case StreamRequest.Save _ -> new SnapshotStream(socket, targets, id).save();
            case StreamRequest.Restore _ -> new SnapshotStream(socket, targets, id).restore();
            case StreamRequest.Usage _ -> throw new IllegalStateException("it is told and not served");
        }
    }

    private AgentUsage usage(SandboxId id) throws InterruptedException {
        try {
            return UsageReport.of(targets.usage(id)
                    .orElseThrow(() -> new RefusedException(
                            HttpURLConnection.HTTP_CONFLICT, "the agent does not run on its node, or no longer")));
        } catch (SandboxException e) {
            throw new RefusedException(code(e), "what the agent uses can't be told: " + e.getMessage());
        }
    }

    private static void tell(MessageSocket socket, AgentUsage usage) throws IOException, InterruptedException {
        socket.send(new StreamFrame.Output((Json.text(usage) + "\n").getBytes(StandardCharsets.UTF_8)).encoded());
        finish(socket, Statuses.success());
    }

    private void exec(MessageSocket socket, SandboxId id, IsolationDriver driver, StreamRequest.Exec request)
            throws IOException, InterruptedException {
        try (ExecSession session =
                driver.exec(id, new IsolationDriver.ExecRequest(request.command(), request.tty(), request.stdin()))) {
            new ExecStream(socket, session, request.stdin()).run();
        } catch (SandboxException e) {
            LOG.info("an exec could not be started: {}", e.getMessage());
            finish(socket, Statuses.failure(code(e), String.valueOf(e.getMessage())));
        }
    }

    private static void display(MessageSocket socket, SandboxId id, IsolationDriver driver)
            throws IOException, InterruptedException {
        try (ByteChannel display = driver.display(id)) {
            new DisplayStream(socket, display).run();
        } catch (SandboxException e) {
            LOG.info("a display could not be reached: {}", e.getMessage());
            finish(socket, Statuses.failure(code(e), String.valueOf(e.getMessage())));
        }
    }

    static int code(SandboxException e) {
        return switch (e.kind()) {
            case INVALID_SPEC -> HttpURLConnection.HTTP_BAD_REQUEST;
            case UNSUPPORTED -> HttpURLConnection.HTTP_NOT_IMPLEMENTED;
            case TRANSIENT -> HttpURLConnection.HTTP_CONFLICT;
        };
    }

    private void egress(MessageSocket socket, SandboxId id, StreamRequest.Egress request)
            throws IOException, InterruptedException {
        Optional<AuditWatch> watch = targets.egress(id);
        if (watch.isEmpty()) {
            finish(socket, Statuses.failure(HttpURLConnection.HTTP_NOT_IMPLEMENTED, "this node keeps no such record"));
            return;
        }
        try (AuditWatch open = watch.get()) {
            socket.send(new StreamFrame.Output(new byte[0]).encoded());
            Thread listener = endWith(socket, "egress-listener");
            new EgressStream(open, request.denied(), () -> targets.isFinished(id))
                    .copyTo(text -> socket.send(StreamFrame.withChannel(StreamFrame.OUTPUT, text, text.length)));
            socket.send(new StreamFrame.Result(Statuses.success()).encoded());
            listener.join(CLOSE_TIMEOUT);
        }
    }

    /** The calling thread is interrupted when the user has gone. */
    static Thread endWith(MessageSocket socket, String name) {
        Thread serving = Thread.currentThread();
        return Thread.ofVirtual().name(name).start(() -> {
            awaitEnd(socket);
            serving.interrupt();
        });
    }

    private void log(MessageSocket socket, SandboxId id, IsolationDriver driver, StreamRequest.Log request)
            throws IOException, InterruptedException {
        LogReader reader =
                new LogReader(driver.log(id), request, clock.instant(), () -> targets.isFinished(id), FOLLOW_INTERVAL);
        socket.send(new StreamFrame.Output(new byte[0]).encoded());
        Thread listener = endWith(socket, "log-listener");
        socket.send(new StreamFrame.Result(copy(reader, socket)).encoded());
        listener.join(CLOSE_TIMEOUT);
    }

    /** An interrupt says that the user has gone or this node agent stops: either way nobody reads on. */
    private static Status copy(LogReader reader, MessageSocket socket) throws InterruptedException {
        try {
            reader.copyTo(text -> socket.send(StreamFrame.withChannel(StreamFrame.OUTPUT, text, text.length)));
            return Statuses.success();
        } catch (IOException e) {
            LOG.warn("a log can't be read or sent on", e);
            return Statuses.failure(
                    HttpURLConnection.HTTP_INTERNAL_ERROR, "the log can't be read: the node agent's log says why");
        }
    }

    static void finish(MessageSocket socket, Status status) throws IOException, InterruptedException {
        socket.send(new StreamFrame.Result(status).encoded());
        Thread end = Thread.ofVirtual().start(() -> awaitEnd(socket));
        end.join(CLOSE_TIMEOUT);
    }

    private static void awaitEnd(MessageSocket socket) {
        try {
            Event event = socket.receive();
            while (!(event instanceof Event.Closed || event instanceof Event.Broken)) {
                event = socket.receive();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * A connection that nobody reads or writes does not notice its end: the stream's input may be held up by a process
     * that does not read. A ping that can't be sent ends the stream.
     */
    private static Thread keepAlive(MessageSocket socket) {
        Thread serving = Thread.currentThread();
        return Thread.ofVirtual().name("stream-pings").start(() -> {
            try {
                while (true) {
                    Thread.sleep(PING_INTERVAL);
                    socket.ping();
                }
            } catch (IOException e) {
                serving.interrupt();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
