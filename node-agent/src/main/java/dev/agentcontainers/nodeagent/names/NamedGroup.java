package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import dev.agentcontainers.protocol.names.NodeMessage.DirectName;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A group's rules as questions for names need them, read once. Immutable. */
final class NamedGroup {
    private static final Logger LOG = LoggerFactory.getLogger(NamedGroup.class);

    private final String hash;
    private final List<Name> names = new ArrayList<>();
    /** Those without budgets. */
    private final List<Name> tlsNames = new ArrayList<>();
    /** What the proxy is told, those without budgets first and the others by the order of budgets. */
    private final List<TlsName> toldTlsNames = new ArrayList<>();

    private final List<HttpName> httpNames = new ArrayList<>();
    private final List<HttpName> httpsNames = new ArrayList<>();
    /** To which the proxy charges what it relays. */
    private final List<Budget> relayed = new ArrayList<>();
    /** Those which are decrypted at some port. */
    private final List<Name> decrypted = new ArrayList<>();
    /** Those of rules with budgets. */
    private final List<Name> budgeted = new ArrayList<>();
    /** Those with tls or http. */
    private final List<Name> intercepted = new ArrayList<>();

    private final List<Box> boxes = new ArrayList<>();
    /** Those of them which only rules with budgets have. */
    private final List<Box> budgetedBoxes = new ArrayList<>();

    private record Name(DomainName domain, AllowedName rule) {}

    private record Box(Cidr addresses, Allow allow) {
        static Box of(Allow allow) {
            return new Box(Cidr.parse(allow.cidr()), allow);
        }

        boolean has(Cidr address, Port port) {
            return addresses.contains(address)
                    && allow.protocol() == port.protocol()
                    && allow.port() <= port.number()
                    && port.number() <= allow.endPort();
        }
    }

    private NamedGroup(String hash) {
        this.hash = hash;
    }

    /** What of it can't be read allows nothing. */
    static NamedGroup of(GroupRuleset ruleset) {
        NamedGroup group = new NamedGroup(ruleset.hash());
        read(ruleset.name(), ruleset.names(), group.names);
        read(ruleset.name(), ruleset.budgetedNames(), group.budgeted);
        read(ruleset.name(), ruleset.tlsNames(), group.tlsNames);
        read(ruleset.name(), ruleset.interceptedNames(), group.intercepted);
        group.tell(ruleset.tlsNames(), ruleset.httpNames(), ruleset.httpsNames(), null);
        for (int place = 0; place < ruleset.budgets().size(); place++) {
            group.tell(ruleset.budgets().get(place), place, ruleset.budgetedIntercepted());
        }
        read(
                ruleset.name(),
                group.httpsNames.stream()
                        .map(name -> new AllowedName(name.domain(), Protocol.TCP, name.port(), name.endPort()))
                        .distinct()
                        .toList(),
                group.decrypted);
        if (!group.names.isEmpty() || !group.budgeted.isEmpty() || !group.intercepted.isEmpty()) {
            ruleset.allEgress().forEach(allow -> group.boxes.add(Box.of(allow)));
            ruleset.budgetedEgress().forEach(allow -> group.budgetedBoxes.add(Box.of(allow)));
        }
        return group;
    }

    private void tell(AgentNodePolicySpec.Budget budget, int place, List<Budgeted> intercepted) {
        List<Budgeted> its = intercepted.stream()
                .filter(each -> each.budgets().contains(place))
                .toList();
        if (!its.isEmpty()) {
            relayed.add(new Budget(budget.rule(), budget.bytes(), budget.rate()));
        }
        its.forEach(each ->
                tell(orEmpty(each.tlsNames()), orEmpty(each.httpNames()), orEmpty(each.httpsNames()), budget.rule()));
    }

    /** @param budget the rule that is charged; null where none is */
    private void tell(List<AllowedName> tls, List<AllowedHttp> http, List<AllowedHttp> https, @Nullable String budget) {
        tls.stream()
                .filter(name -> name.protocol() == Protocol.TCP)
                .forEach(name -> toldTlsNames.add(new TlsName(name.domain(), name.port(), name.endPort(), budget)));
        http.forEach(name -> httpNames.add(httpName(name, budget)));
        https.forEach(name -> httpsNames.add(httpName(name, budget)));
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return Objects.requireNonNullElse(list, List.of());
    }

    /** What of it can't be read the proxy finds out, which is the only one to make something of it. */
    private static HttpName httpName(AllowedHttp name, @Nullable String budget) {
        return new HttpName(
                name.domain(),
                name.port(),
                name.endPort(),
                name.methods(),
                name.paths(),
                Objects.requireNonNullElse(name.hosts(), List.of()),
                Boolean.TRUE.equals(name.webSocket()),
                budget);
    }

    private static void read(String group, List<AllowedName> rules, List<Name> names) {
        for (AllowedName rule : rules) {
            try {
                names.add(new Name(DomainName.parse(rule.domain()), rule));
            } catch (IllegalArgumentException e) {
                LOG.error("group {}: a name allows nothing: {}", group, e.getMessage());
            }
        }
    }

    /** Of the ruleset that it was read from. */
    String hash() {
        return hash;
    }

    /** The names as rules have them, whatever may pass to them. */
    List<String> names() {
        return Stream.of(names, budgeted, intercepted)
                .flatMap(List::stream)
                .map(name -> name.domain().toString())
                .distinct()
                .toList();
    }

    /** The names for which only TLS passes. */
    List<TlsName> tlsNames() {
        return List.copyOf(toldTlsNames);
    }

    /** The rules with budgets to which the proxy charges what it relays. */
    List<Budget> relayed() {
        return List.copyOf(relayed);
    }

    /** The names to which only some requests of HTTP pass. */
    List<HttpName> httpNames() {
        return List.copyOf(httpNames);
    }

    /** The names to which only some requests of HTTP inside TLS pass. */
    List<HttpName> httpsNames() {
        return List.copyOf(httpsNames);
    }

    /**
     * The names that agents reach themselves at ports of TCP, within budgets or without, whatever rules with tls or http say of them:
     * the proxy serves none of these to who asks it, since nobody would count or end there what such rules do.
     */
    List<DirectName> directNames() {
        if (intercepted.isEmpty()) {
            return List.of();
        }
        return Stream.of(names, budgeted)
                .flatMap(List::stream)
                .filter(name -> name.rule().protocol() == Protocol.TCP)
                .map(name -> new DirectName(
                        name.domain().toString(),
                        name.rule().port(),
                        name.rule().endPort()))
                .distinct()
                .toList();
    }

    /**
     * Whether rules need TLS for that name to be decrypted, at a port where no rule lets it pass unread.
     *
     * @param name as {@link DomainName#asked} gives it
     */
    boolean decrypts(String name) {
        Set<Port> ports = ports(decrypted, name);
        ports.removeAll(ports(name));
        ports.removeAll(budgetedPorts(name).keySet());
        ports.removeAll(ports(tlsNames, name));
        return !ports.isEmpty();
    }

    /**
     * Every port of every rule without a budget that allows the name.
     *
     * @param name as {@link DomainName#asked} gives it
     */
    Set<Port> ports(String name) {
        return ports(names, name);
    }

    /**
     * Every port that only rules with budgets allow of the name, whatever passes, with the domain of the ruleset that is the
     * nearest to it: that one is charged to all such rules.
     */
    Map<Port, String> budgetedPorts(String name) {
        Map<Port, Name> nearest = new LinkedHashMap<>();
        for (Name each : budgeted) {
            if (each.domain().matches(name)) {
                for (int port = each.rule().port(); port <= each.rule().endPort(); port++) {
                    nearest.merge(new Port(each.rule().protocol(), port), each, NamedGroup::nearer);
                }
            }
        }
        nearest.keySet().removeAll(ports(name));
        Map<Port, String> ports = new LinkedHashMap<>();
        nearest.forEach((port, its) -> ports.put(port, its.domain().toString()));
        return ports;
    }

    /** Of two that match the same name. */
    private static Name nearer(Name one, Name other) {
        if (one.domain().wildcard() != other.domain().wildcard()) {
            return one.domain().wildcard() ? other : one;
        }
        return one.domain().suffix().length() >= other.domain().suffix().length() ? one : other;
    }

    /**
     * Every port at which connections to the name are intercepted, since only TLS or some requests may pass: rules that don't look at
     * what passes come before those that do.
     */
    Set<Port> interceptedPorts(String name) {
        Set<Port> ports = ports(intercepted, name);
        ports.removeIf(port -> port.protocol() != Protocol.TCP);
        ports.removeAll(ports(name));
        ports.removeAll(budgetedPorts(name).keySet());
        return ports;
    }

    private static Set<Port> ports(List<Name> rules, String name) {
        Set<Port> ports = new LinkedHashSet<>();
        for (Name each : rules) {
            if (each.domain().matches(name)) {
                for (int port = each.rule().port(); port <= each.rule().endPort(); port++) {
                    ports.add(new Port(each.rule().protocol(), port));
                }
            }
        }
        return ports;
    }

    /** Whether a rule with addresses lets the agent reach one of these ports there. */
    boolean reaches(Cidr address, Set<Port> ports) {
        return boxes.stream().anyMatch(box -> ports.stream().anyMatch(port -> box.has(address, port)));
    }

    /**
     * Whether the budget of a rule with addresses is charged for what the agent sends there, whatever names lead to it: in the fence
     * such a rule comes before those with tls or http.
     */
    boolean charges(Cidr address, Port port) {
        return budgetedBoxes.stream().anyMatch(box -> box.has(address, port));
    }
}
