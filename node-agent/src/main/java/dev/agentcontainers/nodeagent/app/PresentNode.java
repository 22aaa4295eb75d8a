package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.kubernetes.NodeDescription;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What this node is, has and can, as of now. Thread-safe. */
final class PresentNode implements Supplier<NodeDescription> {
    private static final int WHOLE = 100;

    private final MachineFacts facts;
    private final String agentVersion;
    private final long mostAgents;
    private final NodeDrivers drivers;
    private final Supplier<List<String>> warnings;
    private final int usersPercent;
    private volatile int sharePercent;

    /**
     * @param sharePercent how much of the machine the fleet gives to agents
     * @param usersPercent how much is not the fleet's to give
     * @param warnings that concern agents of every driver
     */
    PresentNode(
            MachineFacts facts,
            String agentVersion,
            long mostAgents,
            int sharePercent,
            int usersPercent,
            NodeDrivers drivers,
            Supplier<List<String>> warnings) {
        this.facts = facts;
        this.agentVersion = agentVersion;
        this.mostAgents = mostAgents;
        this.sharePercent = sharePercent;
        this.usersPercent = usersPercent;
        this.drivers = drivers;
        this.warnings = warnings;
    }

    /** @return whether it was another */
    boolean share(int percent) {
        boolean changed = percent != sharePercent;
        sharePercent = percent;
        return changed;
    }

    @Override
    public NodeDescription get() {
        Map<String, DriverProbe> noted = new LinkedHashMap<>();
        drivers.probes().forEach((driver, probe) -> noted.put(driver, withWarnings(probe)));
        return new NodeDescription(
                facts,
                agentVersion,
                mostAgents,
                Math.min(sharePercent, WHOLE - usersPercent),
                noted,
                drivers.overheads(),
                drivers.reports(),
                drivers.answered());
    }

    private DriverProbe withWarnings(DriverProbe probe) {
        return switch (probe) {
            case DriverProbe.Ready ready -> {
                List<String> notes = new ArrayList<>(ready.notes());
                notes.addAll(warnings.get());
                yield new DriverProbe.Ready(ready.version(), ready.strength(), ready.features(), notes);
            }
            case DriverProbe.NotReady notReady -> notReady;
        };
    }
}
