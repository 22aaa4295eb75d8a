package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.names.NodeMessage.Ask;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.Forget;
import dev.agentcontainers.protocol.names.NodeMessage.Trust;
import dev.agentcontainers.protocol.names.ProxyMessage;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection that the proxy has made. One thread reads it to its end; any may configure. */
final class ProxyConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyConnection.class);

    private final SocketChannel socket;
    private final MessageChannel<ProxyMessage> messages;
    /** Since when the proxy has been asked, and has said nothing. */
    private volatile Optional<Long> asked = Optional.empty();

    private volatile boolean working;

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

    /** Has the proxy ask again for all that it has had opened. */
    void forget() throws IOException {
        messages.send(new Forget());
    }

    void trust(Trust roots) throws IOException {
        messages.send(roots);
    }

    /** Has the proxy say something. Like all that is sent it may wait for one that takes nothing, until this is closed. */
    void ask(long now) throws IOException {
        if (asked.isEmpty()) {
            asked = Optional.of(now);
        }
        messages.send(new Ask());
    }

    /** Whether the proxy has said nothing for so long after it was asked to. */
    boolean isSilent(long now, Duration patience) {
        Optional<Long> since = asked;
        return !working && since.isPresent() && now - since.get() > patience.toNanos();
    }

    /** Serves the proxy until one of both ends. */
    void serve(Openings openings, Certifications certifications, Loans loans, NameAudit audit) {
        try {
            for (Optional<ProxyMessage> message = messages.receive();
                    message.isPresent();
                    message = messages.receive()) {
                asked = Optional.empty();
                switch (message.get()) {
                    case ProxyMessage.Open open -> messages.send(worked(() -> openings.open(open)));
                    case ProxyMessage.Certify certify -> messages.send(worked(() -> certifications.certify(certify)));
                    case ProxyMessage.Spend spend -> messages.send(worked(() -> loans.spend(spend)));
                    case ProxyMessage.GiveBack unused ->
                        worked(() -> {
                            loans.giveBack(unused);
                            return unused;
                        });
                    case ProxyMessage.Alive _ -> {}
                    case ProxyMessage.TlsAudit told -> {
                        told.decisions().forEach(audit::connected);
                        if (told.dropped() > 0) {
                            audit.dropped(told.dropped());
                        }
                    }
                    case ProxyMessage.HttpAudit told -> {
                        told.decisions().forEach(audit::requested);
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

    /** What is taken for it here is not the proxy's silence. */
    private <T> T worked(Supplier<T> work) {
        working = true;
        try {
            return work.get();
        } finally {
            asked = Optional.empty();
            working = false;
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
