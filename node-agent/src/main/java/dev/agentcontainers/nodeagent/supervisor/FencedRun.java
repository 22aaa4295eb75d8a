package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Fenced;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
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
    private final Clock clock;
    private final Runnable onExit;
    private Optional<Attachment> attachment = Optional.empty();
    /** What the kernel holds the agent to; empty where that was not asked for yet. */
    private Optional<NetworkRates> rates = Optional.empty();

    /** The revision that the kernel was last asked about. */
    private long caughtUpWith = NEVER;

    private long revision = NEVER;
    private Optional<ExitWatcher> exitWatcher = Optional.empty();

    /** A thread that ends when the agent has exited, or when it could not wait for that. */
    private record ExitWatcher(Thread thread, AtomicBoolean exited) {}

    /** @param onExit called on another thread when the agent has exited */
    FencedRun(SandboxId id, Fence fence, PolicyKeeper policy, Clock clock, Runnable onExit) {
        this.id = id;
        this.fence = fence;
        this.policy = policy;
        this.clock = clock;
        this.onExit = onExit;
    }

    /**
     * What the kernel acknowledged last, with the revision in which it first did. Later revisions that change nothing for
     * this agent are none of its business: reporting them would cost a write for each agent of the node.
     */
    Optional<Fenced> acknowledged() {
        return attachment.map(attached -> new Fenced(attached.address(), attached.group(), attached.hash(), revision));
    }

    private void attach(NetworkAttachment network, String group, NetworkRates wanted) throws SandboxException {
        // Read before: a revision that comes meanwhile is caught up with by the next pass.
        long before = policy.enforced().map(Enforced::revision).orElse(NEVER);
        Attachment acknowledged = fence.attach(id, network, group, wanted);
        rates = Optional.of(wanted);
        boolean sameRules = attachment
                .filter(earlier ->
                        earlier.group().equals(group) && earlier.hash().equals(acknowledged.hash()))
                .isPresent();
        if (!sameRules) {
            revision = before;
        }
        attachment = Optional.of(acknowledged);
        caughtUpWith = before;
    }

    /**
     * Attaches an agent that has not run yet.
     *
     * @throws SandboxException also where the kernel holds other rules than the ones that are wanted
     */
    void attachBeforeStart(NetworkAttachment network, String group, NetworkRates within) throws SandboxException {
        attach(network, group, within);
        Optional<String> held = attachment.map(Attachment::hash);
        Optional<String> wanted =
                policy.enforced().map(enforced -> enforced.wanted().get(group));
        if (!held.equals(wanted)) {
            throw new SandboxException(
                    Step.FENCE,
                    Kind.TRANSIENT,
                    "the kernel holds rules of hash " + held.orElse("none") + " for policy group " + group + ", and "
                            + wanted.orElse("none") + " is wanted");
        }
    }

    /**
     * Binds the agent to its (possibly other) group's rules and (possibly other) rates, and learns the hash that the kernel holds
     * for the rules.
     */
    void follow(NetworkAttachment network, String group, NetworkRates within) throws SandboxException {
        boolean sameGroup =
                attachment.filter(current -> current.group().equals(group)).isPresent();
        if (!sameGroup
                || !rates.equals(Optional.of(within))
                || policy.enforced().map(Enforced::revision).orElse(NEVER) != caughtUpWith
                || isHeldOtherwise(group)) {
            attach(network, group, within);
        }
    }

    /** A revision may be in force without what can't be charged to budgets, and whole another time. */
    private boolean isHeldOtherwise(String group) {
        Optional<String> held = policy.enforced()
                .flatMap(enforced -> Optional.ofNullable(enforced.hashes().get(group)));
        return held.isPresent() && !held.equals(attachment.map(Attachment::hash));
    }

    void watchExit(IsolationDriver driver) {
        watcher(driver);
    }

    private ExitWatcher watcher(IsolationDriver driver) {
        Optional<ExitWatcher> present =
                exitWatcher.filter(watcher -> watcher.thread().isAlive());
        if (present.isPresent()) {
            return present.get();
        }
        AtomicBoolean exited = new AtomicBoolean();
        Thread thread = Thread.ofVirtual().name("exit-" + id).start(() -> {
            try {
                exited.set(awaitExit(driver));
                onExit.run();
            } catch (InterruptedException e) {
                // Nobody waits any more.
            }
        });
        ExitWatcher begun = new ExitWatcher(thread, exited);
        exitWatcher = Optional.of(begun);
        return begun;
    }

    private boolean awaitExit(IsolationDriver driver) throws InterruptedException {
        try {
            driver.awaitExit(id);
            return true;
        } catch (SandboxException | RuntimeException e) {
            LOG.warn("waiting for the exit of {} failed, tried again: {}", id, e.getMessage());
            Thread.sleep(WATCH_AGAIN);
            return false;
        }
    }

    /**
     * Asks the agent to stop, waits until its grace period has passed at most, kills it. The period counts from the first
     * time that the run was asked, by whichever process: that is in the journal before it is asked.
     *
     * @return the entry as it is afterwards
     */
    JournalEntry stop(IsolationDriver driver, AgentRecord agent, JournalEntry entry)
            throws SandboxException, InterruptedException {
        Instant now = clock.instant();
        JournalEntry stopping = entry.stopping(now);
        if (!stopping.equals(entry)) {
            agent.keep(stopping);
        }
        Instant since = stopping.run().flatMap(JournalEntry.Run::stoppingSince).orElse(now);
        driver.terminate(id);
        if (!exits(driver, Duration.between(now, since.plus(entry.gracePeriod())))) {
            driver.kill(id);
            exits(driver, KILL_PATIENCE);
        }
        return stopping;
    }

    /** Whether the agent exits within that time; a watcher that fails meanwhile says nothing about it. */
    private boolean exits(IsolationDriver driver, Duration within) throws InterruptedException {
        long end = System.nanoTime() + within.toNanos();
        while (true) {
            ExitWatcher watcher = watcher(driver);
            Duration left = Duration.ofNanos(end - System.nanoTime());
            if (!left.isPositive() || !watcher.thread().join(left)) {
                return watcher.exited().get();
            }
            if (watcher.exited().get()) {
                return true;
            }
        }
    }

    /** Removes the run, then its fence. */
    void remove(IsolationDriver driver) throws SandboxException {
        driver.remove(id);
        fence.detach(id);
        attachment = Optional.empty();
        rates = Optional.empty();
        caughtUpWith = NEVER;
        revision = NEVER;
    }

    /** Stops waiting; the run stays. */
    @Override
    public void close() {
        exitWatcher.ifPresent(watcher -> watcher.thread().interrupt());
    }
}
