package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.ProbedDriver;
import dev.agentcontainers.nodeagent.observability.MeteredDriver;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's drivers and what real launches with each have shown. They are probed again now and then: one that lacked
 * something may have got it, and one that was ready may have lost it. Thread-safe.
 */
final class NodeDrivers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeDrivers.class);

    /** Between probes of drivers that are not ready. */
    private static final Duration PERIOD = Duration.ofSeconds(30);

    /** One probe of a driver that is ready for so many of one that is not. */
    private static final int ROUNDS_WHEN_READY = 10;

    private final List<ProbedDriver> all;
    private final Duration period;
    private volatile Optional<Thread> watch = Optional.empty();

    NodeDrivers(List<IsolationDriver> drivers, Duration period) {
        this.all = drivers.stream().map(ProbedDriver::new).toList();
        this.period = period;
    }

    static NodeDrivers probe(List<IsolationDriver> drivers) {
        NodeDrivers probed = new NodeDrivers(drivers, PERIOD);
        probed.all.forEach(NodeDrivers::probe);
        return probed;
    }

    /** @return whether it found something else than the last time */
    private static boolean probe(ProbedDriver driver) {
        DriverProbe before = driver.last();
        DriverProbe now = driver.probe();
        if (now.equals(before)) {
            return false;
        }
        switch (now) {
            case DriverProbe.Ready ready ->
                LOG.info(
                        "driver {}: {}, strength {}, {}",
                        driver.name(),
                        ready.version(),
                        ready.strength(),
                        ready.features());
            case DriverProbe.NotReady notReady -> LOG.warn("driver {}: {}", driver.name(), notReady.reason());
        }
        return true;
    }

    /** Begins to probe again and again. {@code onChange} is called where something else was found. */
    void watch(Runnable onChange) {
        watch = Optional.of(Thread.ofVirtual().name("driver probes").start(() -> probeAgain(onChange)));
    }

    private void probeAgain(Runnable onChange) {
        try {
            for (int round = 1; true; round++) {
                Thread.sleep(period);
                boolean changed = false;
                for (ProbedDriver driver : all) {
                    if (driver.last() instanceof DriverProbe.NotReady || round % ROUNDS_WHEN_READY == 0) {
                        changed |= probe(driver);
                    }
                }
                if (changed) {
                    onChange.run();
                }
            }
        } catch (InterruptedException e) {
            // The node agent ends.
        }
    }

    /** What the last probe of each found, by name. */
    Map<String, DriverProbe> probes() {
        return byName(ProbedDriver::last);
    }

    /** What agents that run were begun with, by the driver's name. */
    Map<String, DriverProbe> measured() {
        return byName(ProbedDriver::measured);
    }

    private <T> Map<String, T> byName(Function<ProbedDriver, T> what) {
        Map<String, T> map = new LinkedHashMap<>();
        all.forEach(driver -> map.put(driver.name(), what.apply(driver)));
        return map;
    }

    /**
     * All of them, ready or not: what a driver holds must be overseen and removed whatever it lacks for new agents.
     * Metered, by name.
     */
    Map<String, IsolationDriver> metered(MeterRegistry meters) {
        return byName(driver -> new MeteredDriver(driver, meters));
    }

    /** Lets go of the drivers; agents go on. */
    @Override
    public void close() throws Exception {
        watch.ifPresent(Thread::interrupt);
        for (ProbedDriver driver : all) {
            driver.close();
        }
    }
}
