package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.policy.rule.DomainName;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The names that a group may resolve, found in time that grows with the labels of a name and not with the rules. Immutable. */
public final class NameRules {
    private final Map<String, DomainName> exact = new HashMap<>();
    private final Map<String, DomainName> below = new HashMap<>();

    private NameRules() {}

    /** @throws IllegalArgumentException where one is no domain name */
    public static NameRules of(Collection<String> names) {
        NameRules rules = new NameRules();
        for (String text : names) {
            DomainName name = DomainName.parse(text);
            (name.wildcard() ? rules.below : rules.exact).put(name.suffix(), name);
        }
        return rules;
    }

    /**
     * The rule that allows a name: an exact one before a wildcard, of these the longest.
     *
     * @param name as {@link DomainName#asked} gives it
     */
    public Optional<DomainName> allowing(String name) {
        DomainName rule = exact.get(name);
        int dot = name.indexOf('.');
        while (rule == null && dot >= 0) {
            rule = below.get(name.substring(dot + 1));
            dot = name.indexOf('.', dot + 1);
        }
        return Optional.ofNullable(rule).filter(found -> found.matches(name));
    }
}
