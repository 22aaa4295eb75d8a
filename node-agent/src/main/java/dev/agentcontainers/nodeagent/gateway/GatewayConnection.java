package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.nodeagent.enrolment.ReconnectDelay;
import dev.agentcontainers.protocol.ControlMessage;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.client.GatewayHttp;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds this node's connection to the gateway open, dialling again whenever it is lost, and serves the streams that the
 * gateway asks for. A lost gateway ends the streams and nothing else.
 */
public final class GatewayConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayConnection.class);
    private static final int LONGEST_MESSAGE = 256 * 1024;
    private static final Duration PING_INTERVAL = Duration.ofSeconds(15);
    private static final Duration SILENCE = Duration.ofSeconds(50);

    private final Supplier<NodeIdentity> identity;
    private final NodeStreams streams;
    private final Clock clock;
    private final ReconnectDelay delay = new ReconnectDelay(new SecureRandom());
    private volatile boolean connected;
    private @Nullable Thread dialling;

    /** @param identity who this node is now; asked at each dial, so a renewed certificate is used */
    public GatewayConnection(Supplier<NodeIdentity> identity, StreamTargets targets, Clock clock) {
        this.identity = identity;
        this.streams = new NodeStreams(targets, clock);
        this.clock = clock;
    }

    public synchronized void start() {
        dialling = Thread.ofVirtual().name("gateway").start(this::run);
    }

    /** True while the gateway can reach this node. */
    public boolean isConnected() {
        return connected;
    }

    private void run() {
        try {
            while (true) {
                try {
                    connect();
                } catch (RefusedException | IOException e) {
                    LOG.warn(
                            "no connection to the gateway at {}: {}",
                            identity.get().gateway(),
                            e.getMessage());
                } finally {
                    connected = false;
                }
                Thread.sleep(delay.next());
            }
        } catch (InterruptedException e) {
            LOG.debug("the connection to the gateway is closed");
        }
    }

    private void connect() throws IOException, InterruptedException {
        NodeIdentity self = identity.get();
        try (GatewayHttp gateway = new GatewayHttp(self.gateway(), self.gatewayTls(), Optional.empty());
                MessageSocket control =
                        gateway.connect(GatewayPaths.NODE_CONTROL, ControlMessage.SUBPROTOCOL, LONGEST_MESSAGE)) {
            LOG.info("connected to the gateway at {}", self.gateway());
            connected = true;
            Instant since = clock.instant();
            @SuppressWarnings("resource") // closing waits for streams; they are told to end and nobody waits
            ExecutorService serving = Executors.newVirtualThreadPerTaskExecutor();
            Thread watch = Thread.ofVirtual().name("gateway-pings").start(() -> watch(control));
            try {
                receive(gateway, control, serving);
            } finally {
                connected = false;
                delay.held(Duration.between(since, clock.instant()));
                watch.interrupt();
                serving.shutdownNow();
            }
        }
    }

    private void receive(GatewayHttp gateway, MessageSocket control, ExecutorService serving)
            throws IOException, InterruptedException {
        while (true) {
            switch (control.receive()) {
                case Event.Text message -> {
                    switch (ControlMessage.parse(message.text())) {
                        case ControlMessage.Open open -> serving.execute(() -> serve(gateway, control, open));
                        case ControlMessage.Unknown unknown -> serving.execute(() -> refuse(control, unknown));
                        case ControlMessage.Refuse ignored ->
                            throw new ProtocolException("a gateway must not send refuse");
                    }
                }
                case Event.Binary ignored -> throw new ProtocolException("binary messages have no meaning here");
                case Event.Closed closed -> {
                    LOG.info("the gateway closed the connection: {}", closed.reason());
                    return;
                }
                case Event.Broken broken ->
                    throw new IOException(
                            "the connection broke: " + broken.cause().getMessage(), broken.cause());
            }
        }
    }

    /** The gateway is of a later version. One stream that can't be served is no reason to end the others. */
    private static void refuse(MessageSocket control, ControlMessage.Unknown unknown) {
        LOG.warn("the gateway sends {}, which this version does not know", unknown.what());
        if (unknown.streamId().isEmpty()) {
            return;
        }
        try {
            refuse(
                    control,
                    unknown.streamId().get(),
                    Statuses.failure(
                            HttpURLConnection.HTTP_NOT_IMPLEMENTED,
                            "the agent's node does not know " + unknown.what()
                                    + ": its node agent is of an earlier version than the gateway; update it"));
        } catch (IOException e) {
            LOG.info("a stream could not be refused: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(GatewayHttp gateway, MessageSocket control, ControlMessage.Open open) {
        try {
            try {
                streams.serve(gateway, open);
            } catch (RefusedException e) {
                refuse(control, open.streamId(), e.status());
            } catch (IllegalArgumentException e) {
                refuse(
                        control,
                        open.streamId(),
                        new RefusedException(HttpURLConnection.HTTP_BAD_REQUEST, String.valueOf(e.getMessage()))
                                .status());
            }
        } catch (IOException e) {
            LOG.info("a stream broke: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("a stream failed", e);
        }
    }

    private static void refuse(MessageSocket control, String streamId, Status status)
            throws IOException, InterruptedException {
        control.send(Json.text(new ControlMessage.Refuse(streamId, status)));
    }

    private void watch(MessageSocket control) {
        try {
            while (control.lastHeard().plus(SILENCE).isAfter(clock.instant())) {
                control.ping();
                Thread.sleep(PING_INTERVAL);
            }
            LOG.warn("the gateway is silent: dialling again");
        } catch (IOException e) {
            LOG.debug("the gateway can't be pinged: {}", e.getMessage());
        } catch (InterruptedException e) {
            return;
        }
        control.close();
    }

    /** Ends the connection and every stream; agents go on. */
    @Override
    public synchronized void close() throws InterruptedException {
        if (dialling != null) {
            dialling.interrupt();
            dialling.join();
        }
    }
}
