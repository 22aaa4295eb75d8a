package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.egress.learn.LearnedRule.LearnedPeer;
import dev.agentcontainers.cli.egress.learn.LearnedRule.Ports;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes rules as EgressPolicies in YAML, with comments. More rules than one policy may have make several.
 *
 * @param name of the first policy
 * @param agent whom they are for, selected by all of its labels
 */
record PolicyText(String name, Endpoint.Agent agent, List<LearnedRule> rules) {
    /** What stands before a comment that is to be looked at. */
    static final String RISK = "RISK: ";

    /** Of YAML 1.1, as readers of manifests take it. */
    private static final Set<String> NOT_TEXT = Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null");

    private static final int MOST_RULES = 64;
    private static final int LONGEST_NAME = 63;
    private static final int ROOM_FOR_A_NUMBER = 5;
    private static final Pattern PLAIN = Pattern.compile("[a-z][-a-z0-9./]*");

    /** A name for a policy of that agent. */
    static String nameFor(String agent) {
        String suffix = "-learned";
        int most = LONGEST_NAME - ROOM_FOR_A_NUMBER - suffix.length();
        return (agent.length() > most ? agent.substring(0, most).replaceFirst("-+$", "") : agent) + suffix;
    }

    /** @param selectorRisks what should be looked at of whom it selects */
    String yaml(List<String> selectorRisks) {
        List<String> documents = new ArrayList<>();
        for (int first = 0; first < rules.size(); first += MOST_RULES) {
            documents.add(document(
                    documents.isEmpty() ? name : name + "-" + (documents.size() + 1),
                    rules.subList(first, Math.min(rules.size(), first + MOST_RULES)),
                    selectorRisks));
        }
        return String.join("---\n", documents);
    }

    private String document(String itsName, List<LearnedRule> itsRules, List<String> selectorRisks) {
        StringBuilder text = new StringBuilder("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata:
                  name: %s
                  namespace: %s
                spec:
                """.formatted(plain(itsName), plain(agent.namespace())));
        selectorRisks.forEach(risk -> comment(text, "  ", RISK + risk));
        text.append("  agentSelector: ")
                .append(agent.labels().isEmpty() ? "{}" : "{matchLabels: " + labels(agent.labels()) + "}")
                .append("\n  egress:\n");
        itsRules.forEach(rule -> rule(text, rule));
        return text.toString();
    }

    private void rule(StringBuilder text, LearnedRule rule) {
        rule.risks().forEach(risk -> comment(text, "  ", RISK + risk));
        text.append("  - name: ").append(rule.name()).append("\n    to:\n");
        rule.to().forEach(peer -> peer(text, peer));
        text.append("    ports:\n");
        rule.ports().forEach(ports -> text.append("    - ").append(ports(ports)).append('\n'));
        if (rule.tls()) {
            text.append("    tls: {}\n");
        }
        if (needsQuic(rule)) {
            text.append("    quic: Allow  # UDP port 443 was connected to\n");
        }
    }

    /** The port is not open to names without. */
    private static boolean needsQuic(LearnedRule rule) {
        return rule.to().stream().anyMatch(peer -> peer.target() instanceof Target.Domain)
                && rule.ports().stream()
                        .anyMatch(ports -> ports.protocol() == Protocol.UDP
                                && ports.range().first() <= Rule.QUIC_PORT
                                && Rule.QUIC_PORT <= ports.range().last());
    }

    private void peer(StringBuilder text, LearnedPeer peer) {
        peer.risks().forEach(risk -> comment(text, "    ", RISK + risk));
        text.append("    - ")
                .append(
                        switch (peer.target()) {
                            case Target.Domain(String domain) -> "domain: " + quoted(domain);
                            case Target.Address(var address) -> "ipBlock: {cidr: " + quoted(address.toString()) + "}";
                            case Target.Workloads workloads -> selectors(workloads);
                        })
                .append("  # ")
                .append(peer.note())
                .append('\n');
    }

    private String selectors(Target.Workloads workloads) {
        String pods = "podSelector: {"
                + (workloads.labels().isEmpty() ? "" : "matchLabels: " + labels(workloads.labels())) + "}";
        return workloads.namespace().equals(agent.namespace())
                ? pods
                : "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}\n      %s"
                        .formatted(quoted(workloads.namespace()), pods);
    }

    private static String ports(Ports ports) {
        return ports.range().first() == ports.range().last()
                ? "{protocol: %s, port: %d}"
                        .formatted(ports.protocol(), ports.range().first())
                : "{protocol: %s, port: %d, endPort: %d}"
                        .formatted(
                                ports.protocol(),
                                ports.range().first(),
                                ports.range().last());
    }

    private static String labels(Map<String, String> labels) {
        return new TreeMap<>(labels)
                .entrySet().stream()
                        .map(label -> quoted(label.getKey()) + ": " + quoted(label.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
    }

    /** Without quotes only what no reader of YAML takes for something else than text. */
    /** As it is, unless YAML would take it for something else than text. */
    private static String plain(String text) {
        return text.matches("[a-z][-.a-z0-9]*") && !NOT_TEXT.contains(text) ? text : quoted(text);
    }

    private static String quoted(String text) {
        boolean plain = PLAIN.matcher(text).matches() && text.contains(".");
        return plain ? text : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static void comment(StringBuilder text, String indent, String comment) {
        text.append(indent).append("# ").append(comment).append('\n');
    }
}
