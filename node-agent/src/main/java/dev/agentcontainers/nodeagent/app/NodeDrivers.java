package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.observability.MeteredDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's drivers and what a real launch with each has shown.
 *
 * @param all every driver of the operating system
 * @param probes by name
 */
record NodeDrivers(List<IsolationDriver> all, Map<String, DriverProbe> probes) implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeDrivers.class);

    static NodeDrivers probe(List<IsolationDriver> drivers) {
        Map<String, DriverProbe> probes = new LinkedHashMap<>();
        for (IsolationDriver driver : drivers) {
            DriverProbe probe = driver.probe();
            switch (probe) {
                case DriverProbe.Ready ready ->
                    LOG.info(
                            "driver {}: {}, strength {}, {}",
                            driver.name(),
                            ready.version(),
                            ready.strength(),
                            ready.features());
                case DriverProbe.NotReady notReady -> LOG.warn("driver {}: {}", driver.name(), notReady.reason());
            }
            probes.put(driver.name(), probe);
        }
        return new NodeDrivers(List.copyOf(drivers), probes);
    }

    /**
     * Those that are ready, and those that are not but hold agents of an earlier process: they must still be overseen and
     * removed. Metered, by name.
     */
    Map<String, IsolationDriver> usable(MeterRegistry meters) {
        Map<String, IsolationDriver> usable = new LinkedHashMap<>();
        for (IsolationDriver driver : all) {
            if (probes.get(driver.name()) instanceof DriverProbe.Ready || holdsAgents(driver)) {
                usable.put(driver.name(), new MeteredDriver(driver, meters));
            }
        }
        return usable;
    }

    private static boolean holdsAgents(IsolationDriver driver) {
        try {
            return !driver.list().isEmpty();
        } catch (SandboxException e) {
            LOG.warn("driver {} can't say what agents it has: {}", driver.name(), e.getMessage());
            return false;
        }
    }

    /** Lets go of the drivers; agents go on. */
    @Override
    public void close() throws Exception {
        for (IsolationDriver driver : all) {
            if (driver instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }
    }
}
