package dev.agentcontainers.nodeagent.egress;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the fence repaired: at once when something changed around it, and now and then in any case. Thread-safe.
 *
 * <p>Busy machines change something all the time; then one repair follows another after a pause.
 */
public final class FenceUpkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FenceUpkeep.class);
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final Fence fence;
    private final Duration period;
    private final Duration pause;
    private final Semaphore disturbances = new Semaphore(0);
    private final Thread thread = Thread.ofVirtual().name("fence upkeep").unstarted(this::keep);
    private volatile List<String> warnings = List.of();
    private String lastFailure = "";

    public FenceUpkeep(Fence fence) {
        this(fence, PERIOD, PAUSE);
    }

    /**
     * @param period after which it is repaired without any disturbance
     * @param pause least time between two repairs
     */
    FenceUpkeep(Fence fence, Duration period, Duration pause) {
        this.fence = fence;
        this.period = period;
        this.pause = pause;
    }

    /** The fence must be open. */
    public FenceUpkeep start() {
        try {
            fence.onDisturbance(disturbances::release);
        } catch (SandboxException e) {
            LOG.warn("the fence is looked after every {} s only: {}", period.toSeconds(), e.getMessage());
        }
        disturbances.release();
        thread.start();
        return this;
    }

    /** What an administrator should know or do, as of the last repair. */
    public List<String> warnings() {
        return warnings;
    }

    private void keep() {
        try {
            while (true) {
                boolean disturbed = disturbances.tryAcquire(period.toMillis(), TimeUnit.MILLISECONDS);
                disturbances.drainPermits();
                LOG.debug("looking after the fence; disturbed: {}", disturbed);
                repair();
                Thread.sleep(pause);
            }
        } catch (InterruptedException e) {
            // The node agent ends; the fence goes on.
        }
    }

    private void repair() {
        try {
            Condition condition = fence.repair();
            for (String what : condition.repaired()) {
                LOG.warn("put right around the fence: {}", what);
            }
            condition.warnings().stream()
                    .filter(warning -> !warnings.contains(warning))
                    .forEach(warning -> LOG.warn("fence: {}", warning));
            warnings = condition.warnings();
            lastFailure = "";
        } catch (SandboxException | RuntimeException e) {
            String message = String.valueOf(e.getMessage());
            if (!message.equals(lastFailure)) {
                LOG.warn("the fence could not be looked after, tried again: {}", message);
            }
            lastFailure = message;
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
