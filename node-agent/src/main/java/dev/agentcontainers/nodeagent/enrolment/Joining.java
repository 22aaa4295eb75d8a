package dev.agentcontainers.nodeagent.enrolment;

import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.protocol.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets this machine join, however long that takes: its token or the gateway's authority may come later, the gateway may
 * be away, an administrator may have to let the machine in first. Says in the log what it waits for.
 */
public final class Joining {
    private static final Logger LOG = LoggerFactory.getLogger(Joining.class);
    private static final int UNPROCESSABLE = 422;

    private final Enrolment enrolment;
    private final JoinSettings settings;
    private final String nodeName;
    private final ReconnectDelay delay = new ReconnectDelay(new SecureRandom());

    public Joining(Enrolment enrolment, JoinSettings settings, String nodeName) {
        this.enrolment = enrolment;
        this.settings = settings;
        this.nodeName = nodeName;
    }

    /**
     * Returns once this machine has joined.
     *
     * @throws RefusedException where the node's name or a label can't be had, which waiting does not mend
     */
    public NodeIdentity await() throws InterruptedException {
        LOG.info("joining as node {} at {}", nodeName, settings.gateway());
        while (true) {
            try {
                NodeIdentity identity = enrolment.join(invitation());
                LOG.info(
                        "joined as node {}; its namespace is {}",
                        nodeName,
                        identity.grant().namespace());
                return identity;
            } catch (RefusedException e) {
                if (e.code() == UNPROCESSABLE) {
                    throw e;
                }
                pause("the gateway refuses it: " + e.getMessage());
            } catch (NoSuchFileException e) {
                pause("there is no file " + e.getFile() + " yet");
            } catch (IOException e) {
                pause("the gateway at " + settings.gateway() + " can't be used: "
                        + (e.getMessage() == null ? e : e.getMessage()));
            }
        }
    }

    /** Tries once; empty where this machine could not join, which the log explains. */
    public Optional<NodeIdentity> attempt() throws InterruptedException {
        try {
            return Optional.of(enrolment.join(invitation()));
        } catch (RefusedException | IOException e) {
            LOG.warn(
                    "this machine could not join again as node {} at {}: {}",
                    nodeName,
                    settings.gateway(),
                    e.getMessage() == null ? e : e.getMessage());
            return Optional.empty();
        }
    }

    private void pause(String reason) throws InterruptedException {
        Duration pause = delay.next();
        LOG.warn("this machine has not joined and tries again in {} ms: {}", pause.toMillis(), reason);
        Thread.sleep(pause);
    }

    private Invitation invitation() throws IOException {
        String token = Files.readString(settings.tokenFile()).strip();
        if (token.isEmpty()) {
            throw new IOException("the token file " + settings.tokenFile() + " is empty");
        }
        return new Invitation(settings.gateway(), settings.trust().trust(), token, nodeName, settings.labels());
    }
}
