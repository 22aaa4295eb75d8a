package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One agent's run and the fence around it: the fence is there before the first instruction and goes after the last
 * process. Used by one thread.
 */
final class FencedRun implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FencedRun.class);
    private static final Duration WATCH_AGAIN = Duration.ofSeconds(1);

    /** A kill takes effect at once; if it does not, the next pass tries again. */
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(5);

    private static final long NEVER = -1;

    private final SandboxId id;
    private final Fence fence;
    private final PolicyKeeper policy;
    private final Runnable onExit;
    private Optional<Attachment> attachment = Optional.empty();
    private long revision = NEVER;
    private Optional<Thread> exitWatcher = Optional.empty();

    /** @param onExit called on another thread when the agent has exited */
    FencedRun(SandboxId id, Fence fence, PolicyKeeper policy, Runnable onExit) {
        this.id = id;
        this.fence = fence;
        this.policy = policy;
        this.onExit = onExit;
    }

    /** As the kernel acknowledged it last. */
    Optional<Attachment> attachment() {
        return attachment;
    }

    /** The revision of the policy in which it did. */
    long revision() {
        return revision;
    }

    void attach(NetworkAttachment network, String group) throws SandboxException {
        // Read before: a revision that comes meanwhile is caught up with by the next pass.
        long before = policy.enforced().map(Enforced::revision).orElse(NEVER);
        attachment = Optional.of(fence.attach(id, network, group));
        revision = before;
    }

    /** Binds the agent to its (possibly other) group's rules, and learns the hash that the kernel holds for them. */
    void follow(NetworkAttachment network, String group) throws SandboxException {
        boolean sameGroup =
                attachment.filter(current -> current.group().equals(group)).isPresent();
        if (!sameGroup || policy.enforced().map(Enforced::revision).orElse(NEVER) != revision) {
            attach(network, group);
        }
    }

    void watchExit(IsolationDriver driver) {
        if (exitWatcher.filter(Thread::isAlive).isPresent()) {
            return;
        }
        exitWatcher = Optional.of(Thread.ofVirtual().name("exit-" + id).start(() -> {
            try {
                awaitExit(driver);
                onExit.run();
            } catch (InterruptedException e) {
                // Nobody waits any more.
            }
        }));
    }

    private void awaitExit(IsolationDriver driver) throws InterruptedException {
        try {
            driver.awaitExit(id);
        } catch (SandboxException | RuntimeException e) {
            LOG.warn("waiting for the exit of {} failed, tried again: {}", id, e.getMessage());
            Thread.sleep(WATCH_AGAIN);
        }
    }

    /** Asks the agent to stop, waits for its grace period at most, kills it. */
    void stop(IsolationDriver driver, Duration gracePeriod) throws SandboxException, InterruptedException {
        driver.terminate(id);
        watchExit(driver);
        Thread watcher = exitWatcher.orElseThrow();
        if (!watcher.join(gracePeriod)) {
            driver.kill(id);
            watcher.join(KILL_PATIENCE);
        }
    }

    /** Removes the run, then its fence. */
    void remove(IsolationDriver driver) throws SandboxException {
        driver.remove(id);
        fence.detach(id);
        attachment = Optional.empty();
        revision = NEVER;
    }

    /** Stops waiting; the run stays. */
    @Override
    public void close() {
        exitWatcher.ifPresent(Thread::interrupt);
    }
}
