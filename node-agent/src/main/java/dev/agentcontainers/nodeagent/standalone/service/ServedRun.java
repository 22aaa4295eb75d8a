package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.Run;
import dev.agentcontainers.nodeagent.standalone.RunEnd;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of the service: a request, its run, and its end; the run ends when the client is gone. */
final class ServedRun {
    private static final Logger LOG = LoggerFactory.getLogger(ServedRun.class);
    private static final int PIECE = 64 * 1024;

    private final SocketChannel channel;
    private final MessageChannel<ClientMessage> client;
    private final String user;
    private final Share share;
    private final Runs runs;
    private final Supplier<List<String>> neverAllowed;
    private final AtomicBoolean waiting = new AtomicBoolean(true);
    private volatile Optional<Run> run = Optional.empty();
    private volatile boolean ending;

    /** @param neverAllowed addresses and ranges that no policy opens, as of now */
    ServedRun(SocketChannel channel, String user, Share share, Runs runs, Supplier<List<String>> neverAllowed) {
        this.channel = channel;
        this.client = new MessageChannel<>(channel, ClientMessage.class, ClientMessage.MAXIMUM_LENGTH);
        this.user = user;
        this.share = share;
        this.runs = runs;
        this.neverAllowed = neverAllowed;
    }

    String user() {
        return user;
    }

    /**
     * Returns when the run is over and the connection closed.
     *
     * @param patience how long the client may take until its first message is complete
     */
    void serve(ScheduledExecutorService timer, Duration patience) {
        Future<?> deadline = timer.schedule(() -> giveUpWaiting(patience), patience.toNanos(), TimeUnit.NANOSECONDS);
        try (channel) {
            answerFirst();
        } catch (IOException e) {
            LOG.info("the connection of {} ended: {}", user, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            deadline.cancel(false);
        }
    }

    private void answerFirst() throws IOException, InterruptedException {
        Optional<ClientMessage> first;
        try {
            first = client.receive();
        } catch (ProtocolException e) {
            LOG.warn("{} sent what is no message: {}", user, e.getMessage());
            refuse(String.valueOf(e.getMessage()));
            return;
        }
        if (first.isPresent() && waiting.getAndSet(false)) {
            client.send(answer(first.get()));
        }
    }

    /** Who only connects takes a place from others; one that has been told so may come again. */
    private void giveUpWaiting(Duration patience) {
        if (waiting.getAndSet(false)) {
            LOG.warn("a connection of {} is ended: no request came within {}", user, patience);
            refuse("no request came within %d ms, so the service ended the connection: send it at once"
                    .formatted(patience.toMillis()));
            hangUp();
        }
    }

    private void refuse(String why) {
        try {
            client.send(new ServiceMessage.Refused(why));
        } catch (IOException e) {
            LOG.debug("the client of {} is gone", user, e);
        }
    }

    /** Kills the run, because the service ends. */
    void end() {
        ending = true;
        run.ifPresent(Run::kill);
        if (run.isEmpty()) {
            hangUp();
        }
    }

    /** Closes to the agent what may not be opened as of now. In turns: the last one knows the latest. */
    synchronized void closeAddresses() {
        run.ifPresent(started -> started.neverAllow(neverAllowed.get()));
    }

    /** Ends the connection, whatever is under way on it. */
    void hangUp() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a connection failed", e);
        }
    }

    private ServiceMessage answer(ClientMessage first) throws InterruptedException {
        if (!(first instanceof ClientMessage.Run request)) {
            return new ServiceMessage.Refused("the first message must be run");
        }
        try {
            RunObjects objects = RunRequest.objects(request);
            Share.Part part = share.take(user, share.limited(objects.agent()));
            try {
                return run(objects);
            } finally {
                share.giveBack(part);
            }
        } catch (InvalidManifestException | RefusedRunException e) {
            return new ServiceMessage.Refused(String.valueOf(e.getMessage()));
        } catch (SandboxException | IOException e) {
            LOG.warn("a run of {} failed", user, e);
            return new ServiceMessage.Refused("the agent could not be run: " + e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("a run of {} failed unexpectedly", user, e);
            return new ServiceMessage.Refused("the agent could not be run; the service's log says more: " + e);
        }
    }

    private ServiceMessage run(RunObjects objects)
            throws RefusedRunException, SandboxException, IOException, InterruptedException {
        LOG.info(
                "{} runs agent {}/{}",
                user,
                objects.agent().getMetadata().getNamespace(),
                objects.agent().getMetadata().getName());
        Run started = runs.of(objects, neverAllowed.get(), new ToClient());
        run = Optional.of(started);
        // It may have become more before this run could be found.
        closeAddresses();
        if (ending) {
            started.kill();
        }
        Thread.ofPlatform().daemon().name("client").start(() -> obey(started));
        RunEnd end = started.await();
        return new ServiceMessage.Ended(
                end.exitCode().orElse(null), end.problem().orElse(null), end.deniedPackets());
    }

    /** Does what the client says, until it says no more. */
    private void obey(Run started) {
        try {
            while (true) {
                Optional<ClientMessage> message = client.receive();
                if (message.isEmpty()) {
                    break;
                }
                switch (message.get()) {
                    case ClientMessage.Stop _ -> started.stop();
                    case ClientMessage.Kill _ -> started.kill();
                    case ClientMessage.Run _ -> throw new ProtocolException("run was said before");
                }
            }
        } catch (IOException e) {
            LOG.debug("the client of {} is gone", user, e);
        }
        started.stop();
    }

    private final class ToClient implements RunObserver {
        @Override
        public void output(Stream stream, byte[] data) throws IOException {
            for (int start = 0; start < data.length; start += PIECE) {
                byte[] piece = Arrays.copyOfRange(data, start, Math.min(data.length, start + PIECE));
                client.send(
                        switch (stream) {
                            case OUTPUT -> new ServiceMessage.Output(piece);
                            case ERROR_OUTPUT -> new ServiceMessage.ErrorOutput(piece);
                        });
            }
        }

        @Override
        public void progress(String text) {
            tell(new ServiceMessage.Progress(text));
        }

        @Override
        public void warning(String text) {
            tell(new ServiceMessage.Warning(text));
        }

        private void tell(ServiceMessage message) {
            try {
                client.send(message);
            } catch (IOException e) {
                LOG.debug("the client of {} is gone", user, e);
            }
        }
    }
}
