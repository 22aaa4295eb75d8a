package dev.agentcontainers.policy.incremental;

import dev.agentcontainers.policy.Compilation;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import dev.agentcontainers.policy.rule.LabelSelectors;
import dev.agentcontainers.policy.rule.Peer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The rulesets that are up to date, and which of them depend on what. */
final class CompiledGroups {
    private final Map<PolicySubject, Compilation> compilations = new HashMap<>();
    private final Map<String, Set<PolicySubject>> byNamespace = new HashMap<>();
    /** Selections among the workloads of one namespace, by its name. */
    private final Map<String, Map<Peer.Selected, Set<PolicySubject>>> inNamespace = new HashMap<>();
    /** Selections among the workloads of namespaces with some labels. */
    private final Map<Peer.Selected, Set<PolicySubject>> acrossNamespaces = new HashMap<>();

    private final Map<String, Set<PolicySubject>> byPortName = new HashMap<>();

    @Nullable
    Compilation get(PolicySubject subject) {
        return compilations.get(subject);
    }

    void put(PolicySubject subject, Compilation compilation) {
        compilations.put(subject, compilation);
        byNamespace.computeIfAbsent(subject.namespace(), _ -> new HashSet<>()).add(subject);
        for (Peer.Selected selection : compilation.dependencies().selections()) {
            selections(selection)
                    .computeIfAbsent(selection, _ -> new HashSet<>())
                    .add(subject);
        }
        for (String name : compilation.dependencies().portNames()) {
            byPortName.computeIfAbsent(name, _ -> new HashSet<>()).add(subject);
        }
    }

    void remove(PolicySubject subject) {
        Compilation compilation = compilations.remove(subject);
        if (compilation == null) {
            return;
        }
        take(byNamespace, subject.namespace(), subject);
        for (Peer.Selected selection : compilation.dependencies().selections()) {
            take(selections(selection), selection, subject);
            if (selection.namespaces() instanceof Peer.Namespaces.Named(String namespace)
                    && inNamespace.getOrDefault(namespace, Map.of()).isEmpty()) {
                inNamespace.remove(namespace);
            }
        }
        compilation.dependencies().portNames().forEach(name -> take(byPortName, name, subject));
    }

    boolean isEmpty() {
        return compilations.isEmpty();
    }

    Set<PolicySubject> all() {
        return Set.copyOf(compilations.keySet());
    }

    Set<PolicySubject> inNamespace(String namespace) {
        return Set.copyOf(byNamespace.getOrDefault(namespace, Set.of()));
    }

    /** Those in whose rulesets the change of an agent or a Pod can be seen. */
    Set<PolicySubject> concernedBy(
            Endpoint.@Nullable Workload before, Endpoint.@Nullable Workload after, Endpoints namespaceLabels) {
        Set<PolicySubject> concerned = new HashSet<>();
        Stream.concat(
                        namespaces(before, after).stream()
                                .flatMap(
                                        namespace -> inNamespace.getOrDefault(namespace, Map.of()).entrySet().stream()),
                        acrossNamespaces.entrySet().stream())
                .filter(selection -> !Objects.equals(
                        found(selection.getKey(), before, namespaceLabels),
                        found(selection.getKey(), after, namespaceLabels)))
                .forEach(selection -> concerned.addAll(selection.getValue()));
        if (before == null
                || after == null
                || !before.ports().equals(after.ports())
                || !before.addresses().equals(after.addresses())) {
            Stream.of(ports(before), ports(after))
                    .flatMap(List::stream)
                    .forEach(port -> concerned.addAll(byPortName.getOrDefault(port.name(), Set.of())));
        }
        return concerned;
    }

    /** Those in whose rulesets it can be seen that a namespace with these workloads has other labels. */
    Set<PolicySubject> concernedByLabels(
            String namespace, Endpoints before, Endpoints after, Iterable<Endpoint.Workload> workloads) {
        Set<PolicySubject> concerned = new HashSet<>();
        acrossNamespaces.forEach((selection, subjects) -> {
            if (selection.namespaces().matches(namespace, before)
                            != selection.namespaces().matches(namespace, after)
                    && anySelected(selection, workloads)) {
                concerned.addAll(subjects);
            }
        });
        return concerned;
    }

    private static boolean anySelected(Peer.Selected selection, Iterable<Endpoint.Workload> workloads) {
        for (Endpoint.Workload workload : workloads) {
            if (!workload.addresses().isEmpty() && LabelSelectors.matches(selection.workloads(), workload.labels())) {
                return true;
            }
        }
        return false;
    }

    private Map<Peer.Selected, Set<PolicySubject>> selections(Peer.Selected selection) {
        return switch (selection.namespaces()) {
            case Peer.Namespaces.Named(String namespace) ->
                inNamespace.computeIfAbsent(namespace, _ -> new HashMap<>());
            case Peer.Namespaces.Labelled _ -> acrossNamespaces;
        };
    }

    private static Set<String> namespaces(Endpoint.@Nullable Workload before, Endpoint.@Nullable Workload after) {
        Set<String> namespaces = new HashSet<>();
        if (before != null) {
            namespaces.add(before.namespace());
        }
        if (after != null) {
            namespaces.add(after.namespace());
        }
        return namespaces;
    }

    /** What a selection finds of the workload; null: nothing. */
    private static @Nullable Found found(
            Peer.Selected selection, Endpoint.@Nullable Workload workload, Endpoints namespaceLabels) {
        return workload != null
                        && !workload.addresses().isEmpty()
                        && selection.matches(Party.of(workload), namespaceLabels)
                ? new Found(workload.addresses(), workload.ports())
                : null;
    }

    private record Found(List<Cidr> addresses, List<ServedPort> ports) {}

    private static List<ServedPort> ports(Endpoint.@Nullable Workload workload) {
        return workload == null || workload.addresses().isEmpty() ? List.of() : workload.ports();
    }

    private static <K> void take(Map<K, Set<PolicySubject>> index, K key, PolicySubject subject) {
        Set<PolicySubject> subjects = index.get(key);
        if (subjects != null && subjects.remove(subject) && subjects.isEmpty()) {
            index.remove(key);
        }
    }
}
