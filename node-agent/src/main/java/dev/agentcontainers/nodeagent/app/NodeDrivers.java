package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.observability.MeteredDriver;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.ProvenDriver;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's drivers, what real launches with each have shown, and how strongly they isolate. Launches are repeated now and
 * then: a driver that lacked something may have got it, and one that was ready may have lost it. How strongly one isolates is
 * measured at the start, when it comes or its version changes, and on demand. Thread-safe.
 */
final class NodeDrivers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeDrivers.class);

    /** Between probes of drivers that are not ready. */
    private static final Duration PERIOD = Duration.ofSeconds(30);

    /** One measurement for so many rounds where the last was not conclusive. */
    private static final int ROUNDS_WHEN_UNPROVEN = 4;

    /** As long as the API lets what was answered be, in characters. */
    private static final int LONGEST_REQUEST = 253;

    /** For what is being tried out when the node agent ends. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** One probe of a driver that is ready for so many of one that is not. */
    private static final int ROUNDS_WHEN_READY = 10;

    private final List<ProvenDriver> all;
    private final StrengthSuite suite;
    private final StrengthReports reports;
    private final Duration period;
    private final Semaphore look = new Semaphore(0);
    private volatile Optional<Thread> watch = Optional.empty();
    private volatile Optional<String> asked = Optional.empty();
    private volatile Optional<String> answered = Optional.empty();

    NodeDrivers(List<IsolationDriver> drivers, StrengthSuite suite, StrengthReports reports, Duration period) {
        this.all = drivers.stream().map(ProvenDriver::new).toList();
        this.suite = suite;
        this.reports = reports;
        this.period = period;
    }

    /** Launches with each once. What an earlier process has measured counts until it is measured anew. */
    static NodeDrivers probe(
            List<IsolationDriver> drivers, StrengthSuite suite, StrengthReports reports, MachineFacts machine) {
        NodeDrivers probed = new NodeDrivers(drivers, suite, reports, PERIOD);
        for (ProvenDriver driver : probed.all) {
            reports.read(driver.name(), suite.version(), machine.kernelVersion())
                    .ifPresent(driver::remember);
            probe(driver);
        }
        return probed;
    }

    /** @return whether it found something else than the last time */
    private static boolean probe(ProvenDriver driver) {
        DriverProbe before = driver.last();
        driver.probe();
        return isChanged(driver, before);
    }

    private static boolean isChanged(ProvenDriver driver, DriverProbe before) {
        DriverProbe now = driver.last();
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

    /** Begins to measure and to probe, again and again. {@code onChange} is called where something else was found. */
    void watch(Runnable onChange) {
        // Not virtual: to run sandboxes waits in native calls.
        watch = Optional.of(Thread.ofPlatform().daemon().name("driver probes").start(() -> probeAgain(onChange)));
    }

    /** Has all drivers measured soon, once for each request. */
    void verify(String request) {
        if (request.length() > LONGEST_REQUEST) {
            LOG.warn("a request to verify the drivers is longer than {} characters and ignored", LONGEST_REQUEST);
            return;
        }
        if (!asked.equals(Optional.of(request))) {
            asked = Optional.of(request);
            look.release();
        }
    }

    private void probeAgain(Runnable onChange) {
        try {
            attempt(() -> {
                measure(all);
                onChange.run();
            });
            for (int round = 1; true; round++) {
                boolean requested = look.tryAcquire(period.toNanos(), TimeUnit.NANOSECONDS);
                boolean readyToo = round % ROUNDS_WHEN_READY == 0;
                boolean unproven = round % ROUNDS_WHEN_UNPROVEN == 0;
                attempt(() -> probeOnce(requested, readyToo, unproven, onChange));
            }
        } catch (InterruptedException e) {
            // The node agent ends.
        }
    }

    private void probeOnce(boolean requested, boolean readyToo, boolean unproven, Runnable onChange)
            throws InterruptedException {
        boolean changed = requested && answer();
        for (ProvenDriver driver : all) {
            if (readyToo || !(driver.last() instanceof DriverProbe.Ready)) {
                changed |= probe(driver);
            }
        }
        changed |= measure(all.stream()
                .filter(driver ->
                        driver.isUnproven() && (unproven || driver.report().isEmpty()))
                .toList());
        if (changed) {
            onChange.run();
        }
    }

    /** What goes wrong with one round must not keep the next from being made. */
    private static void attempt(Round round) throws InterruptedException {
        try {
            round.run();
        } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
            LOG.error("drivers can't be probed for now", e);
        }
    }

    /** Probes or measures drivers. */
    @FunctionalInterface
    private interface Round {
        void run() throws InterruptedException;
    }

    private boolean answer() throws InterruptedException {
        Optional<String> request = asked;
        all.forEach(NodeDrivers::probe);
        measure(all);
        answered = request;
        return true;
    }

    /** @return whether any was measured */
    private boolean measure(List<ProvenDriver> drivers) throws InterruptedException {
        boolean any = false;
        for (ProvenDriver driver : drivers) {
            DriverProbe before = driver.last();
            Optional<StrengthReport> report = driver.measure(suite);
            // What was found to be weak must not be forgotten by the next start.
            report.filter(made -> made.isConclusive() || !made.failures().isEmpty())
                    .ifPresent(reports::write);
            report.ifPresent(made -> LOG.info(
                    "driver {}: {} attempts to break out were withstood, {} not, of {} that is not known",
                    driver.name(),
                    made.count(Verdict.PASSED),
                    made.count(Verdict.FAILED),
                    made.count(Verdict.UNKNOWN)));
            isChanged(driver, before);
            any |= report.isPresent();
        }
        return any;
    }

    /** The last request that was carried out. */
    Optional<String> answered() {
        return answered;
    }

    /** What each was measured to withstand, by the driver's name. */
    Map<String, StrengthReport> reports() {
        Map<String, StrengthReport> map = new LinkedHashMap<>();
        all.forEach(driver -> driver.report().ifPresent(report -> map.put(driver.name(), report)));
        return map;
    }

    /** Why agents of a driver are not isolated as it promises, by the driver's name. */
    Map<String, String> weaknesses() {
        Map<String, String> map = new LinkedHashMap<>();
        all.forEach(driver -> driver.weakness().ifPresent(weakness -> map.put(driver.name(), weakness)));
        return map;
    }

    /** What the last probe of each found, by name. */
    Map<String, DriverProbe> probes() {
        return byName(ProvenDriver::last);
    }

    /** What each one's agents take beside what they request, by the driver's name. */
    Map<String, ResourceAmounts> overheads() {
        return byName(ProvenDriver::overhead);
    }

    /** What agents that run were begun with, by the driver's name. */
    Map<String, DriverProbe> measured() {
        return byName(ProvenDriver::measured);
    }

    private <T> Map<String, T> byName(Function<ProvenDriver, T> what) {
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
        if (watch.isPresent()) {
            watch.get().interrupt();
            // What it tries out is removed first.
            watch.get().join(PATIENCE);
        }
        for (ProvenDriver driver : all) {
            driver.close();
        }
    }
}
