package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Boxes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What one ruleset lets pass and another does not: the flows themselves, however they are written. A wildcard counts as one name: where it
 * is closed, names below it that stay are not taken out of it.
 *
 * @param opened what only the later ruleset lets pass
 * @param closed what only the earlier one does
 * @param narrowed names for which the earlier lets pass everything and the later nothing but TLS
 * @param widened the other way round
 * @param narrowedToRequests names for which the earlier lets pass everything and the later some requests of HTTP and nothing else
 */
public record RulesetDifference(
        Passing opened,
        Passing closed,
        List<AllowedName> narrowed,
        List<AllowedName> widened,
        List<AllowedName> narrowedToRequests) {
    public RulesetDifference {
        narrowedToRequests = List.copyOf(narrowedToRequests);
        narrowed = List.copyOf(narrowed);
        widened = List.copyOf(widened);
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
                        (is == NamePassage.Level.NOTHING ? closedToTls : widened).add(each);
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
                        Boxes.difference(after.egress(), before.egress()),
                        Boxes.difference(after.ingress(), before.ingress()),
                        Names.canonicalOf(opened),
                        Names.canonicalOf(openedToTls),
                        requests(after.httpNames(), before.httpNames(), earlier, NamePassage.Level.TLS),
                        requests(after.httpsNames(), before.httpsNames(), earlier, NamePassage.Level.NOTHING)),
                new Passing(
                        Boxes.difference(before.egress(), after.egress()),
                        Boxes.difference(before.ingress(), after.ingress()),
                        Names.canonicalOf(closed),
                        Names.canonicalOf(closedToTls),
                        requests(before.httpNames(), after.httpNames(), later, NamePassage.Level.TLS),
                        requests(before.httpsNames(), after.httpsNames(), later, NamePassage.Level.NOTHING)),
                Names.canonicalOf(narrowed),
                Names.canonicalOf(widened),
                Names.canonicalOf(narrowedToRequests));
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
        Stream.of(before.names(), before.tlsNames(), after.names(), after.tlsNames())
                .flatMap(Collection::stream)
                .forEach(name -> {
                    for (int port = name.port(); port <= name.endPort(); port++) {
                        single.add(new AllowedName(name.domain(), name.protocol(), port, port));
                    }
                });
        return single;
    }
}
