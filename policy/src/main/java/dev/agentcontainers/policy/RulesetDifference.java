package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.rule.RuleBudget;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one ruleset lets pass and another does not: the flows themselves, however they are written. A wildcard counts as one name: where it
 * is closed, names below it that stay are not taken out of it.
 *
 * @param opened what only the later ruleset lets pass
 * @param closed what only the earlier one does
 * @param narrowed names for which the earlier lets pass everything and the later nothing but TLS
 * @param widened the other way round
 * @param narrowedToRequests names for which the earlier lets pass everything, or all TLS, and the later some requests of HTTP and nothing
 *     else
 * @param limited what the earlier lets pass in any amount and the later only within budgets
 * @param freed the other way round
 * @param budgets rules whose budget is another, or was there before or is afterwards alone, in words
 */
public record RulesetDifference(
        Passing opened,
        Passing closed,
        List<AllowedName> narrowed,
        List<AllowedName> widened,
        List<AllowedName> narrowedToRequests,
        Passing limited,
        Passing freed,
        List<String> budgets) {
    public RulesetDifference {
        narrowedToRequests = List.copyOf(narrowedToRequests);
        narrowed = List.copyOf(narrowed);
        widened = List.copyOf(widened);
        budgets = List.copyOf(budgets);
    }

    /** Where nothing has to do with budgets. */
    public RulesetDifference(
            Passing opened,
            Passing closed,
            List<AllowedName> narrowed,
            List<AllowedName> widened,
            List<AllowedName> narrowedToRequests) {
        this(opened, closed, narrowed, widened, narrowedToRequests, Passing.NONE, Passing.NONE, List.of());
    }

    /**
     * In the forms of {@link CompiledPolicy}.
     *
     * @param requests of HTTP, by name and port as the ruleset has them; where the other lets everything pass there it has none
     * @param requestsInTls the same inside TLS; where the other lets TLS pass there it has none
     */
    public record Passing(
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> requests,
            List<AllowedHttp> requestsInTls) {
        public static final Passing NONE =
                new Passing(List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

        public Passing {
            requests = List.copyOf(requests);
            requestsInTls = List.copyOf(requestsInTls);
            egress = List.copyOf(egress);
            ingress = List.copyOf(ingress);
            names = List.copyOf(names);
            tlsNames = List.copyOf(tlsNames);
        }
    }

    public static RulesetDifference between(CompiledPolicy before, CompiledPolicy after) {
        NamePassage earlier = new NamePassage(before);
        NamePassage later = new NamePassage(after);
        List<AllowedName> opened = new ArrayList<>();
        List<AllowedName> openedToTls = new ArrayList<>();
        List<AllowedName> closed = new ArrayList<>();
        List<AllowedName> closedToTls = new ArrayList<>();
        List<AllowedName> narrowed = new ArrayList<>();
        List<AllowedName> widened = new ArrayList<>();
        List<AllowedName> narrowedToRequests = new ArrayList<>();
        for (AllowedName each : portByPort(before, after)) {
            NamePassage.Level was = earlier.of(each);
            NamePassage.Level is = later.of(each);
            switch (was) {
                case NOTHING -> {
                    if (is != NamePassage.Level.NOTHING) {
                        (is == NamePassage.Level.TLS ? openedToTls : opened).add(each);
                    }
                }
                case TLS -> {
                    if (is != NamePassage.Level.TLS) {
                        boolean some = is == NamePassage.Level.NOTHING && later.letsRequestsInTlsPass(each);
                        (some ? narrowedToRequests : is == NamePassage.Level.NOTHING ? closedToTls : widened).add(each);
                    }
                }
                case EVERYTHING -> {
                    if (is != NamePassage.Level.EVERYTHING) {
                        boolean some = is == NamePassage.Level.NOTHING && later.letsRequestsPass(each);
                        (some ? narrowedToRequests : is == NamePassage.Level.NOTHING ? closed : narrowed).add(each);
                    }
                }
            }
        }
        return new RulesetDifference(
                new Passing(
                        Boxes.difference(after.allEgress(), before.allEgress()),
                        Boxes.difference(after.ingress(), before.ingress()),
                        Names.canonicalOf(opened),
                        Names.canonicalOf(openedToTls),
                        requests(after.allHttpNames(), before.allHttpNames(), earlier, NamePassage.Level.TLS),
                        requests(after.allHttpsNames(), before.allHttpsNames(), earlier, NamePassage.Level.NOTHING)),
                new Passing(
                        Boxes.difference(before.allEgress(), after.allEgress()),
                        Boxes.difference(before.ingress(), after.ingress()),
                        Names.canonicalOf(closed),
                        Names.canonicalOf(closedToTls),
                        requests(before.allHttpNames(), after.allHttpNames(), later, NamePassage.Level.TLS),
                        requests(before.allHttpsNames(), after.allHttpsNames(), later, NamePassage.Level.NOTHING)),
                Names.canonicalOf(narrowed),
                Names.canonicalOf(widened),
                Names.canonicalOf(narrowedToRequests),
                limited(before, after),
                limited(after, before),
                budgets(before, after));
    }

    /** What one ruleset allows without a budget and the other only with one. */
    private static Passing limited(CompiledPolicy one, CompiledPolicy other) {
        if (other.budgeted().isEmpty()) {
            return Passing.NONE;
        }
        List<Allow> notFree = Boxes.difference(one.egress(), other.egress());
        List<AllowedName> freeTls =
                Stream.concat(other.names().stream(), other.tlsNames().stream()).toList();
        return new Passing(
                Boxes.difference(notFree, Boxes.difference(notFree, other.allEgress())),
                List.of(),
                Names.canonicalOf(
                        within(Names.without(one.names(), other.names()), other, NamePassage.Level.EVERYTHING)),
                Names.canonicalOf(within(Names.without(one.tlsNames(), freeTls), other, NamePassage.Level.TLS)),
                within(one.httpNames(), other.httpNames(), other.allHttpNames()),
                within(one.httpsNames(), other.httpsNames(), other.allHttpsNames()));
    }

    private static List<AllowedName> within(List<AllowedName> names, CompiledPolicy policy, NamePassage.Level least) {
        NamePassage passage = new NamePassage(policy);
        return names.stream()
                .flatMap(name -> IntStream.rangeClosed(name.port(), name.endPort())
                        .mapToObj(port -> new AllowedName(name.domain(), name.protocol(), port, port)))
                .filter(name -> passage.of(name).compareTo(least) >= 0)
                .toList();
    }

    /** Those that are among all of the others' and not among the free. */
    private static List<AllowedHttp> within(List<AllowedHttp> requests, List<AllowedHttp> free, List<AllowedHttp> all) {
        return requests.stream()
                .filter(each -> !free.contains(each) && all.contains(each))
                .toList();
    }

    private static List<String> budgets(CompiledPolicy before, CompiledPolicy after) {
        Map<String, String> earlier = inWords(before.budgets());
        Map<String, String> later = inWords(after.budgets());
        Set<String> rules = new TreeSet<>(earlier.keySet());
        rules.addAll(later.keySet());
        return rules.stream()
                .filter(rule -> !Objects.equals(earlier.get(rule), later.get(rule)))
                .map(rule -> "%s: %s, before %s"
                        .formatted(rule, later.getOrDefault(rule, "none"), earlier.getOrDefault(rule, "none")))
                .toList();
    }

    private static Map<String, String> inWords(List<Budget> budgets) {
        return budgets.stream().collect(Collectors.toMap(Budget::rule, RulesetDifference::inWords));
    }

    private static String inWords(Budget budget) {
        return new RuleBudget(amount(budget.bytes()), amount(budget.rate())).toString();
    }

    private static OptionalLong amount(@Nullable Long bytes) {
        return bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
    }

    /**
     * Those of one ruleset that the other neither has nor lets pass with more.
     *
     * @param most that the other lets pass without letting these pass
     */
    private static List<AllowedHttp> requests(
            List<AllowedHttp> one, List<AllowedHttp> other, NamePassage others, NamePassage.Level most) {
        return one.stream()
                .filter(each -> !other.contains(each))
                .filter(each -> IntStream.rangeClosed(each.port(), each.endPort())
                        .mapToObj(port -> new AllowedName(each.domain(), Protocol.TCP, port, port))
                        .anyMatch(name -> others.of(name).compareTo(most) <= 0))
                .toList();
    }

    private static Set<AllowedName> portByPort(CompiledPolicy before, CompiledPolicy after) {
        Set<AllowedName> single = new LinkedHashSet<>();
        Stream.of(before.allNames(), before.allTlsNames(), after.allNames(), after.allTlsNames())
                .flatMap(Collection::stream)
                .forEach(name -> {
                    for (int port = name.port(); port <= name.endPort(); port++) {
                        single.add(new AllowedName(name.domain(), name.protocol(), port, port));
                    }
                });
        return single;
    }
}
