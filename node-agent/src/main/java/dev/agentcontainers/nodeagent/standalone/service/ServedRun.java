package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ManifestReader;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.RunEnd;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of the service: a request, its run, and its end; the run ends when the client is gone. */
final class ServedRun {
    private static final Logger LOG = LoggerFactory.getLogger(ServedRun.class);
    private static final int PIECE = 64 * 1024;

    private final SocketChannel channel;
    private final MessageChannel<ClientMessage> client;
    private final String user;
    private final Platform platform;
    private final Share share;
    private final List<String> neverAllowed;
    private volatile Optional<StandaloneRun> run = Optional.empty();
    private volatile boolean ending;

    ServedRun(SocketChannel channel, String user, Platform platform, Share share, List<String> neverAllowed) {
        this.channel = channel;
        this.client = new MessageChannel<>(channel, ClientMessage.class, ClientMessage.MAXIMUM_LENGTH);
        this.user = user;
        this.platform = platform;
        this.share = share;
        this.neverAllowed = neverAllowed;
    }

    String user() {
        return user;
    }

    /** Returns when the run is over and the connection closed. */
    void serve() {
        try (channel) {
            Optional<ClientMessage> first = client.receive();
            if (first.isPresent() && first.get() instanceof ClientMessage.Run request) {
                client.send(answer(request));
            } else if (first.isPresent()) {
                client.send(new ServiceMessage.Refused("the first message must be run"));
            }
        } catch (IOException e) {
            LOG.info("the connection of {} ended: {}", user, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("a run of {} failed unexpectedly", user, e);
        }
    }

    /** Kills the run, because the service ends. */
    void end() {
        ending = true;
        run.ifPresent(StandaloneRun::kill);
        if (run.isEmpty()) {
            hangUp();
        }
    }

    /** Ends the connection, whatever is under way on it. */
    void hangUp() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a connection failed", e);
        }
    }

    private ServiceMessage answer(ClientMessage.Run request) throws InterruptedException {
        try {
            RunObjects objects = objects(request);
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
        }
    }

    private static RunObjects objects(ClientMessage.Run request) throws InvalidManifestException {
        ManifestReader reader = new ManifestReader(request.namespace());
        for (ClientMessage.Manifest manifest : request.manifests()) {
            reader.read(manifest.origin(), manifest.yaml());
        }
        return reader.objects();
    }

    private ServiceMessage run(RunObjects objects)
            throws RefusedRunException, SandboxException, IOException, InterruptedException {
        LOG.info(
                "{} runs agent {}/{}",
                user,
                objects.agent().getMetadata().getNamespace(),
                objects.agent().getMetadata().getName());
        StandaloneRun started = new StandaloneRun(objects, platform, neverAllowed, new ToClient());
        run = Optional.of(started);
        if (ending) {
            started.kill();
        }
        Thread.ofPlatform().daemon().name("client").start(() -> obey(started));
        RunEnd end = started.await();
        return new ServiceMessage.Ended(
                end.exitCode().orElse(null), end.problem().orElse(null), end.deniedPackets());
    }

    /** Does what the client says, until it says no more. */
    private void obey(StandaloneRun started) {
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
