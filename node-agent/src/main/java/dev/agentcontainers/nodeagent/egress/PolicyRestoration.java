package dev.agentcontainers.nodeagent.egress;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the policy of an earlier process back into force. What fails, or is in force in part, is tried again until it is whole, or until
 * another revision was to be applied: the API server may not be reached for long, and nobody else would try again. Thread-safe.
 */
public final class PolicyRestoration implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyRestoration.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final PolicyKeeper policy;
    private final Thread thread = Thread.ofVirtual().name("policy restoration").unstarted(this::tryAgain);
    private String lastFailure = "";

    public PolicyRestoration(PolicyKeeper policy) {
        this.policy = policy;
    }

    /** Returns after the first attempt. Where it fails, the fence keeps denying what is not in force. */
    public PolicyRestoration start() {
        if (isToBeTriedAgain()) {
            thread.start();
        }
        return this;
    }

    private void tryAgain() {
        try {
            Duration pause = FIRST_PAUSE;
            do {
                Thread.sleep(pause);
                Duration twice = pause.multipliedBy(2);
                pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
            } while (isToBeTriedAgain());
            LOG.info("the last policy is in force again, or a later one");
        } catch (InterruptedException e) {
            // The node agent ends; the fence goes on.
        }
    }

    private boolean isToBeTriedAgain() {
        try {
            policy.restore();
            return false;
        } catch (SandboxException e) {
            warn(e);
            return e.kind() == Kind.TRANSIENT;
        } catch (RuntimeException e) {
            warn(e);
            return true;
        }
    }

    private void warn(Exception e) {
        String message = String.valueOf(e.getMessage());
        if (!message.equals(lastFailure)) {
            LOG.error("the last policy could not be put into force again: {}", message);
        }
        lastFailure = message;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
