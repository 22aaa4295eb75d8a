package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.egress.ManifestObjects;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.policy.endpoint.Endpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A learned policy, tried.
 *
 * @param policy in YAML, without what is said of it as a whole
 */
record Learned(
        AgentName agent,
        List<LearnedRule> rules,
        String policy,
        Replay replay,
        Evidence evidence,
        Recorded recorded,
        List<String> selectorRisks,
        List<String> governedBy,
        List<String> unknown) {
    /**
     * Learns from what was recorded of the agent, which is there.
     *
     * @param withDenied whether what was denied counts as needed too
     */
    static Learned of(
            KnownObjects objects,
            Situation situation,
            AgentName name,
            String policyName,
            Recorded recorded,
            boolean withDenied) {
        Endpoint.Agent agent = situation.agent(name).orElseThrow();
        Evidence evidence = new EvidenceOfRecords(situation, name, withDenied).of(recorded);
        List<LearnedRule> rules = Learner.rules(evidence);
        List<String> selectorRisks = selectorRisks(situation, agent);
        String policy = new PolicyText(policyName, agent, rules).yaml(selectorRisks);
        // What is tried is what is printed, read as an API server would.
        KnownObjects learned = read(policy, name.namespace());
        return new Learned(
                name,
                rules,
                policy,
                Replay.of(learned, objects, name, agent, recorded, evidence, withDenied),
                evidence,
                recorded,
                selectorRisks,
                situation.compiled(agent).sources(),
                objects.unknown());
    }

    private static KnownObjects read(String policy, String namespace) {
        try {
            return ManifestObjects.checked(namespace)
                    .add("the learned policy", new ByteArrayInputStream(policy.getBytes(StandardCharsets.UTF_8)))
                    .objects();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> selectorRisks(Situation situation, Endpoint.Agent agent) {
        if (agent.labels().isEmpty()) {
            return List.of("the agent has no labels: this selects every agent of its namespace; give it one");
        }
        List<String> others = situation.agents().values().stream()
                .filter(other -> other.namespace().equals(agent.namespace())
                        && !other.name().equals(agent.name())
                        && other.labels().entrySet().containsAll(agent.labels().entrySet()))
                .map(Endpoint.Agent::name)
                .sorted()
                .toList();
        return others.isEmpty() ? List.of() : List.of("the labels select other agents too: " + shown(others));
    }

    private static String shown(List<String> names) {
        int most = 10;
        return names.size() > most
                ? String.join(", ", names.subList(0, most)) + " and %d more".formatted(names.size() - most)
                : String.join(", ", names);
    }

    /** What is printed: comments and the policy. */
    String text() {
        StringBuilder text = new StringBuilder();
        comment(
                text,
                "Learned by agentctl egress learn from %d events that were recorded of %s."
                        .formatted(recorded.reading().events(), agent));
        comment(text, replay.summary());
        replay.denied().stream().limit(20).forEach(each -> comment(text, "  " + each));
        if (risks() > 0) {
            comment(text, "Look at what has RISK before you apply it (%d).".formatted(risks()));
        }
        if (!governedBy.isEmpty()) {
            comment(
                    text,
                    "Rules only add to each other. These govern the agent now, and go on doing so: "
                            + shown(governedBy));
        }
        evidence.leftOut().forEach(each -> comment(text, "Not in it: " + each));
        recorded.reading().gaps().forEach(each -> comment(text, "Not known: " + each));
        unknown.forEach(each -> comment(text, "Not known: " + each));
        return text.append(policy).toString();
    }

    private static void comment(StringBuilder text, String comment) {
        text.append("# ")
                .append(comment.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?"))
                .append('\n');
    }

    private long risks() {
        return selectorRisks.size()
                + rules.stream().mapToLong(LearnedRule::risky).sum();
    }

    /** In one line for whoever does not read the policy. */
    String summary() {
        return "Rules: %d, from %d events of %s; marked RISK: %d. %s"
                .formatted(rules.size(), recorded.reading().events(), agent, risks(), replay.summary());
    }

    /** Why there is no policy. */
    String nothing() {
        List<String> why = new ArrayList<>(evidence.leftOut());
        why.addAll(recorded.reading().gaps());
        return "nothing was recorded that %s was let do, so there is nothing to learn (%d events of it were read)%s"
                .formatted(agent, recorded.reading().events(), why.isEmpty() ? "" : ":\n  " + String.join("\n  ", why));
    }
}
