package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.ProxyMessage;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection that the proxy has made. One thread reads it to its end; any may configure. */
final class ProxyConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyConnection.class);

    private final SocketChannel socket;
    private final MessageChannel<ProxyMessage> messages;

    ProxyConnection(SocketChannel socket) {
        this.socket = socket;
        this.messages = new MessageChannel<>(socket, ProxyMessage.class, ProxyMessage.MAXIMUM_LENGTH);
    }

    /** Waits for the first message. */
    Hello hello() throws IOException {
        Optional<ProxyMessage> first = messages.receive();
        if (first.isPresent() && first.get() instanceof Hello hello) {
            return hello;
        }
        throw new ProtocolException("the egress proxy does not begin with what it is");
    }

    void configure(Configure configuration) throws IOException {
        messages.send(configuration);
    }

    /** Serves the proxy until one of both ends. */
    void serve(Openings openings, NameAudit audit) {
        try {
            for (Optional<ProxyMessage> message = messages.receive();
                    message.isPresent();
                    message = messages.receive()) {
                switch (message.get()) {
                    case ProxyMessage.Open open -> messages.send(openings.open(open));
                    case ProxyMessage.TlsAudit told -> {
                        told.decisions().forEach(audit::connected);
                        if (told.dropped() > 0) {
                            audit.dropped(told.dropped());
                        }
                    }
                    case ProxyMessage.Audit told -> {
                        told.decisions().forEach(audit::decided);
                        if (told.dropped() > 0) {
                            audit.dropped(told.dropped());
                        }
                    }
                    case Hello _ -> throw new ProtocolException("the egress proxy says twice what it is");
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.debug("the connection of the egress proxy ends", e);
        } finally {
            close();
        }
    }

    boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("a connection did not close", e);
        }
    }
}
