package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.DriverStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Overhead;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Verification;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a node is, has and can.
 *
 * @param agentVersion version of this node agent
 * @param mostAgents how many agents there may be at a time
 * @param sharePercent how much of the machine agents may use
 * @param probes what each driver found out, by the driver's name
 * @param overheads what each driver's agents take beside what they request, by the driver's name
 * @param reports what each driver has withstood, by the driver's name
 * @param verified the request to verify them that was last carried out
 */
public record NodeDescription(
        MachineFacts machine,
        String agentVersion,
        long mostAgents,
        int sharePercent,
        Map<String, DriverProbe> probes,
        Map<String, ResourceAmounts> overheads,
        Map<String, StrengthReport> reports,
        Optional<String> verified) {
    private static final long WHOLE = 100;
    private static final long MILLIS = 1000;
    private static final long KIBI = 1024;

    public NodeDescription {
        probes = Map.copyOf(probes);
        overheads = Map.copyOf(overheads);
        reports = Map.copyOf(reports);
    }

    /** What agents may use together. */
    public ResourceAmounts allocatable() {
        return new ResourceAmounts(
                share(machine.cpuMillis()),
                share(machine.memoryBytes()),
                share(machine.storageBytes()),
                OptionalLong.empty());
    }

    private OptionalLong share(long whole) {
        return OptionalLong.of(whole / WHOLE * sharePercent + whole % WHOLE * sharePercent / WHOLE);
    }

    /** As the API says it; without what the operator writes. */
    AgentNodeStatus status() {
        ResourceAmounts allocatable = allocatable();
        return new AgentNodeStatus(
                null,
                null,
                machine.os(),
                machine.arch(),
                machine.kernelVersion(),
                machine.osImage(),
                agentVersion,
                amounts(machine.cpuMillis(), machine.memoryBytes(), machine.storageBytes()),
                amounts(
                        allocatable.cpuMillis().orElse(0),
                        allocatable.memoryBytes().orElse(0),
                        allocatable.ephemeralStorageBytes().orElse(0)),
                drivers(),
                verified.orElse(null));
    }

    private Map<String, Quantity> amounts(long cpuMillis, long memory, long storage) {
        Map<String, Quantity> amounts = new LinkedHashMap<>();
        amounts.put(
                "cpu",
                cpuMillis % MILLIS == 0
                        ? new Quantity(Long.toString(cpuMillis / MILLIS))
                        : new Quantity(Long.toString(cpuMillis), "m"));
        amounts.put("memory", memory(memory));
        amounts.put("ephemeral-storage", new Quantity(Long.toString(storage / KIBI), "Ki"));
        amounts.put("agents", new Quantity(Long.toString(mostAgents)));
        return amounts;
    }

    private List<DriverStatus> drivers() {
        return probes.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> driver(entry.getKey(), entry.getValue()))
                .toList();
    }

    private @Nullable Verification verification(String driver) {
        StrengthReport report = reports.get(driver);
        return report == null ? null : Verifications.of(report);
    }

    private @Nullable Overhead overhead(String driver) {
        ResourceAmounts amounts = overheads.get(driver);
        return amounts == null || amounts.memoryBytes().isEmpty()
                ? null
                : new Overhead(memory(amounts.memoryBytes().getAsLong()));
    }

    private static Quantity memory(long bytes) {
        return new Quantity(Long.toString(bytes / KIBI), "Ki");
    }

    private DriverStatus driver(String name, DriverProbe probe) {
        return switch (probe) {
            case DriverProbe.Ready ready ->
                new DriverStatus(
                        name,
                        true,
                        ready.version(),
                        ready.strength(),
                        ready.features(),
                        ready.notes().isEmpty() ? null : String.join("; ", ready.notes()),
                        verification(name),
                        overhead(name));
            case DriverProbe.NotReady notReady ->
                new DriverStatus(name, false, null, null, null, notReady.reason(), verification(name), overhead(name));
        };
    }
}
