package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.policy.RulesetDifference;
import java.util.ArrayList;
import java.util.List;

/**
 * Agents whose rulesets change in the same way.
 *
 * @param presence "stays", "new" or "gone"
 * @param problems what the rulesets leave out afterwards, and not before
 */
record ChangedAgents(List<String> agents, String presence, RulesetDifference difference, List<String> problems) {
    static final String STAYS = "stays";
    static final String NEW = "new";
    static final String GONE = "gone";

    ChangedAgents {
        agents = List.copyOf(agents);
        problems = List.copyOf(problems);
    }

    /** What changes, a line for each. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        add(lines, "opens   ", difference.opened());
        add(lines, "closes  ", difference.closed());
        Passages.ofNames(difference.narrowed()).forEach(line -> lines.add("narrows egress   " + line + ", to TLS"));
        Passages.ofNames(difference.narrowedToRequests())
                .forEach(line -> lines.add("narrows egress   " + line + ", to some requests of HTTP"));
        Passages.ofNames(difference.widened())
                .forEach(line -> lines.add("widens  egress   " + line + ", from TLS to everything"));
        add(lines, "limits  ", difference.limited(), ", to budgets");
        add(lines, "frees   ", difference.freed(), ", from budgets");
        difference.budgets().forEach(budget -> lines.add("budget of " + budget));
        problems.forEach(problem -> lines.add("problem " + problem));
        if (lines.isEmpty()) {
            lines.add("its rules change, and what passes by them does not");
        }
        return lines;
    }

    private static void add(List<String> lines, String verb, RulesetDifference.Passing passing, String more) {
        Passages.ofBoxes(passing.egress()).forEach(line -> lines.add(verb + "egress   " + line + more));
        Passages.ofNames(passing.names()).forEach(line -> lines.add(verb + "egress   " + line + more));
        Passages.ofNames(passing.tlsNames())
                .forEach(line -> lines.add(verb + "egress   " + line + ", only as TLS" + more));
        passing.requests().forEach(each -> lines.add(verb + "egress   " + Passages.ofRequests(each) + more));
        passing.requestsInTls()
                .forEach(each -> lines.add(verb + "egress   " + Passages.ofRequests(each) + "  inside TLS" + more));
    }

    private static void add(List<String> lines, String verb, RulesetDifference.Passing passing) {
        Passages.ofBoxes(passing.egress()).forEach(line -> lines.add(verb + "egress   " + line));
        Passages.ofNames(passing.names()).forEach(line -> lines.add(verb + "egress   " + line));
        Passages.ofNames(passing.tlsNames()).forEach(line -> lines.add(verb + "egress   " + line + ", only as TLS"));
        passing.requests().forEach(each -> lines.add(verb + "egress   " + Passages.ofRequests(each)));
        passing.requestsInTls()
                .forEach(each -> lines.add(verb + "egress   " + Passages.ofRequests(each) + "  inside TLS"));
        Passages.ofBoxes(passing.ingress()).forEach(line -> lines.add(verb + "ingress  " + line));
    }
}
