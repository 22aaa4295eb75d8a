package dev.agentcontainers.cli.egress.simulate;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.RulesetDifference;
import dev.agentcontainers.policy.endpoint.Endpoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What a change would do.
 *
 * @param agents how many there are, before and after
 * @param changedAgents those whose rulesets change
 * @param recorded how many different flows and names of the record were judged
 * @param changedRecords those of which the verdict changes
 * @param notes what the answer leaves out, beside what is unknown
 * @param unknown what these credentials may not see
 */
record Simulation(
        int agents,
        List<ChangedAgents> changedAgents,
        int recorded,
        List<ChangedRecord> changedRecords,
        List<String> notes,
        List<String> unknown) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_EMPTY, JsonInclude.Include.ALWAYS))
            .build();
    private static final CompiledPolicy NOTHING =
            PolicyCompiler.compile(new PolicySubject("none", Map.of(), List.of()), List.of());

    /** @param recorded empty where there is no record to judge */
    static Simulation of(
            Situation before, Situation after, Optional<Recorded> recorded, List<String> notes, List<String> unknown) {
        TreeSet<AgentName> names = new TreeSet<>(before.agents().keySet());
        names.addAll(after.agents().keySet());
        SimulatedRecords records = new SimulatedRecords(before, after);
        recorded.ifPresent(records::judge);
        List<String> all = new ArrayList<>(notes);
        all.addAll(records.notes());
        recorded.ifPresent(read -> all.addAll(read.reading().gaps()));
        return new Simulation(
                names.size(), changedAgents(names, before, after), records.judged(), records.changes(), all, unknown);
    }

    private record Difference(String presence, RulesetDifference difference, List<String> problems) {}

    private static List<ChangedAgents> changedAgents(TreeSet<AgentName> names, Situation before, Situation after) {
        Map<Difference, List<String>> alike = new LinkedHashMap<>();
        for (AgentName name : names) {
            Optional<Endpoint.Agent> now = before.agent(name);
            Optional<Endpoint.Agent> then = after.agent(name);
            CompiledPolicy earlier = now.map(before::compiled).orElse(NOTHING);
            CompiledPolicy later = then.map(after::compiled).orElse(NOTHING);
            List<String> problems = new ArrayList<>(later.problems());
            problems.removeAll(earlier.problems());
            // One hash, one ruleset: what is in it that is not told apart here counts as a change as well.
            if (!earlier.hash().equals(later.hash()) || !problems.isEmpty() || now.isEmpty() || then.isEmpty()) {
                String presence =
                        now.isEmpty() ? ChangedAgents.NEW : then.isEmpty() ? ChangedAgents.GONE : ChangedAgents.STAYS;
                alike.computeIfAbsent(
                                new Difference(presence, RulesetDifference.between(earlier, later), problems),
                                _ -> new ArrayList<>())
                        .add(name.toString());
            }
        }
        return alike.entrySet().stream()
                .map(same -> new ChangedAgents(
                        same.getValue(),
                        same.getKey().presence(),
                        same.getKey().difference(),
                        same.getKey().problems()))
                .toList();
    }

    @JsonProperty("change")
    boolean isChange() {
        return !changedAgents.isEmpty() || !changedRecords.isEmpty();
    }

    String json() {
        try {
            return JSON.writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    String text() {
        StringBuilder text = new StringBuilder();
        changedAgents.forEach(changed -> {
            line(text, heading(changed), String.join(", ", changed.agents()));
            changed.lines().forEach(each -> line(text, "", each));
        });
        changedRecords.forEach(changed -> {
            line(
                    text,
                    changed.kind(),
                    "%s: %s, would be %s".formatted(changed.what(), changed.before(), changed.after()));
            line(text, "", "recorded: %d, last at %s".formatted(changed.recorded(), changed.last()));
            line(text, "", "now:  " + changed.beforeWhy());
            line(text, "", "then: " + changed.afterWhy());
        });
        line(text, isChange() ? "changes" : "no change", summary());
        notes.forEach(note -> line(text, "note", note));
        unknown.forEach(each -> line(text, "unknown", each));
        return text.toString();
    }

    private static String heading(ChangedAgents changed) {
        return switch (changed.presence()) {
            case ChangedAgents.NEW -> "new";
            case ChangedAgents.GONE -> "gone";
            default -> changed.agents().size() == 1 ? "agent" : "agents";
        };
    }

    private String summary() {
        int changed =
                changedAgents.stream().mapToInt(each -> each.agents().size()).sum();
        return "%d of %d agents; %d of %d recorded flows and names, of which %d would be denied"
                .formatted(
                        changed,
                        agents,
                        changedRecords.size(),
                        recorded,
                        changedRecords.stream()
                                .filter(each -> each.after().equals("denied"))
                                .count());
    }

    private static void line(StringBuilder text, String name, String rest) {
        text.append("%-10s".formatted(name)).append(rest).append('\n');
    }
}
