package dev.agentcontainers.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** The results of one run: samples, single figures, gates. */
public final class Report {
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final String name;
    private final String description;
    private final boolean quick;
    private final Map<String, String> machine;
    private final Map<String, Samples> samples = new LinkedHashMap<>();
    private final Map<String, String> figures = new LinkedHashMap<>();
    private final Map<String, Gate> gates = new LinkedHashMap<>();

    /** What must hold. */
    private record Gate(double measured, double most, String unit) {
        boolean isMet() {
            return measured <= most;
        }
    }

    Report(String name, String description, boolean quick, Map<String, String> machine) {
        this.name = name;
        this.description = description;
        this.quick = quick;
        this.machine = machine;
    }

    /** The samples of that name, made at the first call. */
    public Samples samples(String what) {
        return samples.computeIfAbsent(what, _ -> new Samples());
    }

    /** Samples that were taken elsewhere. */
    public void add(String what, Samples taken) {
        samples.put(what, taken);
    }

    public void figure(String what, String value) {
        figures.put(what, value);
    }

    public void gate(String what, double measured, double most, String unit) {
        gates.put(what, new Gate(measured, most, unit));
    }

    boolean gatesAreMet() {
        return gates.values().stream().allMatch(Gate::isMet);
    }

    void print(PrintStream out) {
        out.printf("%n%s: %s%s%n", name, description, quick ? " (quick: too few repetitions for a result)" : "");
        machine.forEach((what, value) -> out.printf("  %-12s %s%n", what, value));
        if (!samples.isEmpty()) {
            out.printf("%n  %-52s %5s %9s %9s %9s %9s  ms%n", "", "n", "min", "median", "p99", "max");
            samples.forEach((what, each) -> out.printf(
                    "  %-52s %5d %9s %9s %9s %9s%n",
                    what,
                    each.count(),
                    readable(each.at(0)),
                    readable(each.median()),
                    readable(each.at(0.99)),
                    readable(each.at(1))));
        }
        out.println();
        figures.forEach((what, value) -> out.printf("  %-52s %s%n", what, value));
        gates.forEach((what, gate) -> out.printf(
                "  gate: %-46s %.1f %s, at most %.1f: %s%n",
                what, gate.measured(), gate.unit(), gate.most(), gate.isMet() ? "met" : "MISSED"));
    }

    private static String readable(double milliseconds) {
        return (milliseconds < 1 ? "%.3f" : "%.1f").formatted(milliseconds);
    }

    Path write(Path folder) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        json.put("benchmark", name);
        json.put("time", now.toString());
        json.put("quick", quick);
        json.set("machine", JSON.valueToTree(machine));
        ObjectNode measured = json.putObject("milliseconds");
        samples.forEach((what, each) -> {
            ObjectNode node = measured.putObject(what);
            node.put("n", each.count());
            node.put("median", each.median());
            node.put("p99", each.at(0.99));
            node.set("values", JSON.valueToTree(each.values()));
        });
        json.set("figures", JSON.valueToTree(figures));
        ObjectNode checked = json.putObject("gates");
        gates.forEach((what, gate) -> {
            ObjectNode node = checked.putObject(what);
            node.put("measured", gate.measured());
            node.put("most", gate.most());
            node.put("met", gate.isMet());
        });
        Files.createDirectories(folder);
        Path file = folder.resolve(name + "-" + now.toString().replace(":", "") + ".json");
        Files.writeString(file, JSON.writeValueAsString(json));
        return file;
    }
}
