package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** Measures how long the steps of a start and of a stop take, by step, driver and result. */
final class StepTimers {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofMinutes(1);

    private final MeterRegistry registry;

    StepTimers(MeterRegistry registry) {
        this.registry = registry;
    }

    /** A step with a result. */
    interface Step<T> {
        T take() throws SandboxException;
    }

    /** A step without one. */
    interface Action {
        void take() throws SandboxException;
    }

    <T> T time(String step, String by, Step<T> what) throws SandboxException {
        Timer.Sample sample = Timer.start(registry);
        String result = "error";
        try {
            T taken = what.take();
            result = "done";
            return taken;
        } catch (SandboxException e) {
            result = e.kind().name().toLowerCase(java.util.Locale.ROOT);
            throw e;
        } finally {
            sample.stop(Timer.builder("agentcontainers.node.step")
                    .description("Duration of the steps of agents' starts and stops")
                    .tag("step", step)
                    .tag("by", by)
                    .tag("result", result)
                    .publishPercentileHistogram()
                    .minimumExpectedValue(SHORTEST)
                    .maximumExpectedValue(LONGEST)
                    .register(registry));
        }
    }

    void timeAction(String step, String by, Action what) throws SandboxException {
        this.<Boolean>time(step, by, () -> {
            what.take();
            return true;
        });
    }
}
