package dev.agentcontainers.bench.statuspath;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Collectors;

/** The merge patches that the stand-in writes; as large as those of a node agent and of the operator are. */
final class StatusDocuments {
    private StatusDocuments() {}

    static String node() {
        return """
                {"status":{"os":"linux","arch":"amd64","kernel":"stand-in","osImage":"stand-in","agentVersion":"stand-in",\
                "capacity":{"cpu":"1000","memory":"1000Gi"},"allocatable":{"cpu":"1000","memory":"1000Gi","pods":"5000"},\
                "drivers":[{"name":"process","ready":true,"version":"stand-in","strength":"Process","features":[]}]}}""";
    }

    static String acknowledgement(long generation, List<AgentNodePolicySpec.Group> groups) {
        String acknowledged = groups.stream()
                .map(group -> "{\"name\":\"%s\",\"hash\":\"%s\"}".formatted(group.name(), group.hash()))
                .collect(Collectors.joining(","));
        return "{\"status\":{\"observedGeneration\":%d,\"groups\":[%s]}}".formatted(generation, acknowledged);
    }

    static String stopped() {
        return "{\"status\":{\"phase\":\"Stopped\",\"reason\":\"Deleted\"}}";
    }

    static String assignmentRuns(AgentAssignment assignment, String hash) {
        return """
                {"status":{"phase":"Running","observedGeneration":%d,"agentGeneration":%d,"reason":"Running",\
                "address":"100.80.0.2","strength":"Process","policy":{"group":"%s","hash":"%s","revision":1},"restarts":0,\
                "transitions":{"prepared":"%5$s","fenced":"%5$s","started":"%5$s"}}}""".formatted(
                        assignment.getMetadata().getGeneration(),
                        assignment.getSpec().agent().generation(),
                        assignment.getSpec().policyGroup(),
                        hash,
                        now());
    }

    /** What the operator would have written, as far as a node agent can know it. */
    static String agentRuns(AgentAssignment assignment, String node, String hash) {
        long generation = assignment.getSpec().agent().generation();
        String conditions = String.join(
                ",",
                condition("Scheduled", "Bound", "Bound to node " + node, generation),
                condition("PolicyEnforced", "Enforced", "The node's kernel holds ruleset " + hash, generation),
                condition("Available", "Running", "The agent runs", generation),
                condition("Ready", "Running", "The agent runs behind its policy", generation));
        return """
                {"status":{"phase":"Running","observedGeneration":%d,"conditions":[%s],"isolation":{"strength":"Process"},\
                "policy":{"group":"%s","hash":"%s","revision":1},"addresses":["100.80.0.2"],"restarts":0,\
                "transitions":{"prepared":"%6$s","fenced":"%6$s","started":"%6$s"}}}""".formatted(generation, conditions, assignment.getSpec().policyGroup(), hash, "", now());
    }

    private static String condition(String type, String reason, String message, long generation) {
        return """
                {"type":"%s","status":"True","reason":"%s","message":"%s","observedGeneration":%d,\
                "lastTransitionTime":"%s"}""".formatted(type, reason, message, generation, Instant.now().truncatedTo(ChronoUnit.SECONDS));
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).plusNanos(1000).toString();
    }
}
