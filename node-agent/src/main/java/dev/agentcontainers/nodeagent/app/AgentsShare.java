package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps all agents together to the node's share of the machine. What the machine refuses is tried again until it takes it:
 * less memory than agents use at the moment, for example. Meanwhile each agent still has its own limits, and what they ask
 * for is still counted. Thread-safe.
 */
final class AgentsShare {
    private static final Logger LOG = LoggerFactory.getLogger(AgentsShare.class);
    private static final Duration TRIED_AGAIN = Duration.ofSeconds(10);

    private final Limit limit;
    private final ScheduledExecutorService timer;
    private final Duration triedAgain;
    private Optional<Share> wanted = Optional.empty();
    private boolean scheduled;
    private volatile Optional<String> refused = Optional.empty();

    /** Sets what all agents may use together. */
    interface Limit {
        void apply(ResourceAmounts allocatable) throws IOException;
    }

    private record Share(ResourceAmounts allocatable, int percent) {}

    AgentsShare(Limit limit, ScheduledExecutorService timer) {
        this(limit, timer, TRIED_AGAIN);
    }

    /** @param triedAgain after which a refused share is tried again */
    AgentsShare(Limit limit, ScheduledExecutorService timer, Duration triedAgain) {
        this.limit = limit;
        this.timer = timer;
        this.triedAgain = triedAgain;
    }

    /** Applies it now, or as soon as the machine takes it. */
    synchronized void set(ResourceAmounts allocatable, int percent) {
        wanted = Optional.of(new Share(allocatable, percent));
        apply();
    }

    /** What an administrator should know; empty once the share is in force. */
    List<String> warnings() {
        return refused.stream().toList();
    }

    private synchronized void retry() {
        scheduled = false;
        apply();
    }

    private void apply() {
        Share share = wanted.orElseThrow();
        try {
            limit.apply(share.allocatable);
            if (refused.isPresent()) {
                LOG.info("the agents together are kept to {} % of this machine now", share.percent);
            }
            refused = Optional.empty();
        } catch (IOException e) {
            String warning = "the agents together are not kept to %d %% of this machine yet: %s"
                    .formatted(share.percent, e.getMessage());
            if (!refused.equals(Optional.of(warning))) {
                LOG.error("{}; tried again every {} s", warning, triedAgain.toSeconds());
            }
            refused = Optional.of(warning);
            tryAgain();
        }
    }

    private void tryAgain() {
        if (scheduled) {
            return;
        }
        try {
            timer.schedule(this::retry, triedAgain.toMillis(), TimeUnit.MILLISECONDS);
            scheduled = true;
        } catch (RejectedExecutionException e) {
            LOG.debug("the node agent ends", e);
        }
    }
}
