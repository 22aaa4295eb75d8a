package dev.agentcontainers.nodeagent.usage;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at what every agent uses each ten seconds, and at one whenever somebody asks. What is used of processors lies between two
 * looks: who asks is told of the time since the last one, a second at least. Thread-safe.
 */
public final class AgentUses implements AutoCloseable {
    static final Duration INTERVAL = Duration.ofSeconds(10);
    static final Duration SHORTEST = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(AgentUses.class);

    private final Supplier<Set<SandboxId>> ids;
    private final Function<SandboxId, Optional<KnownAgent>> known;
    private final UsageObserver observer;
    private final Map<SandboxId, KnownAgent> agents = new ConcurrentHashMap<>();
    private final Map<SandboxId, Look> last = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("usage").daemon().factory());

    /** @param nanos of a clock that nobody sets */
    private record Look(SandboxStats stats, long nanos) {
        Duration until(Look later) {
            return Duration.ofNanos(later.nanos - nanos);
        }
    }

    /**
     * @param ids of all agents of the node
     * @param known who an agent is; empty where that is not known yet. Asked until it is, and then no more
     */
    public AgentUses(
            Supplier<Set<SandboxId>> ids, Function<SandboxId, Optional<KnownAgent>> known, UsageObserver observer) {
        this.ids = ids;
        this.known = known;
        this.observer = observer;
    }

    /** From now on until it is closed. */
    public AgentUses start() {
        timer.scheduleWithFixedDelay(this::look, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        return this;
    }

    /** Looks at all agents once. */
    void look() {
        try {
            Set<SandboxId> now = ids.get();
            Set<SandboxId> gone = new HashSet<>(agents.keySet());
            gone.removeAll(now);
            gone.forEach(this::forget);
            now.forEach(this::look);
        } catch (RuntimeException e) {
            // Otherwise it would be the last look.
            LOG.warn("what agents use could not be looked at", e);
        }
    }

    private void look(SandboxId id) {
        Optional<KnownAgent> agent = Optional.ofNullable(agents.get(id)).or(() -> known.apply(id));
        if (agent.isEmpty()) {
            return;
        }
        agents.put(id, agent.get());
        Optional<Look> look;
        try {
            look = look(id, agent.get().driver());
        } catch (SandboxException e) {
            LOG.debug("what {} uses can't be told: {}", id, e.getMessage());
            look = Optional.empty();
        } catch (RuntimeException e) {
            // The others are looked at all the same.
            LOG.warn("what {} uses could not be looked at", id, e);
            look = Optional.empty();
        }
        look.ifPresentOrElse(
                found -> {
                    last.put(id, found);
                    observer.uses(id, agent.get().agent(), found.stats());
                },
                () -> {
                    last.remove(id);
                    observer.usesNothing(id);
                });
    }

    private void forget(SandboxId id) {
        agents.remove(id);
        last.remove(id);
        observer.usesNothing(id);
    }

    private static Optional<Look> look(SandboxId id, IsolationDriver driver) throws SandboxException {
        return driver.stats(id).map(stats -> new Look(stats, System.nanoTime()));
    }

    /** What an agent uses now, and since the last look, which is a second ago at least: at most that long is waited for. */
    public Optional<UsageOverTime> now(SandboxId id, IsolationDriver driver)
            throws SandboxException, InterruptedException {
        Optional<Look> now = look(id, driver);
        Optional<Look> earlier = Optional.ofNullable(last.get(id)).filter(look -> isOneRun(Optional.of(look), now));
        if (earlier.isEmpty()) {
            earlier = now;
        }
        if (now.isPresent() && earlier.get().until(now.get()).compareTo(SHORTEST) < 0) {
            Thread.sleep(SHORTEST.minus(earlier.get().until(now.get())));
            Optional<Look> later = look(id, driver);
            // Begun anew meanwhile: nothing lies between the two.
            return isOneRun(earlier, later)
                    ? between(earlier.get(), later)
                    : later.flatMap(look -> between(look, later));
        }
        return now.isPresent() ? between(earlier.get(), now) : Optional.empty();
    }

    private static boolean isOneRun(Optional<Look> earlier, Optional<Look> later) {
        return earlier.isPresent()
                && later.isPresent()
                && earlier.get().stats().run().equals(later.get().stats().run());
    }

    private static Optional<UsageOverTime> between(Look earlier, Optional<Look> now) {
        return now.map(look -> new UsageOverTime(earlier.stats(), look.stats(), earlier.until(look)));
    }

    @Override
    public void close() throws InterruptedException {
        timer.shutdownNow();
        timer.awaitTermination(INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        agents.keySet().forEach(this::forget);
    }
}
