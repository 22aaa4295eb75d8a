package dev.agentcontainers.policy.endpoint;

import dev.agentcontainers.policy.box.Cidr;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All endpoints that are known, and the labels of their namespaces. Immutable. */
public final class Endpoints {
    /** Where no endpoint is known. */
    public static final Endpoints NONE = new Endpoints(Map.of(), List.of());

    /** The label that the API server sets on each namespace (KEP-2161). */
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";

    private final Map<String, Map<String, String>> namespaces = new HashMap<>();
    private final Map<String, List<Endpoint.Workload>> workloads;
    private final List<Endpoint.Node> nodes;
    /** Made when it is first asked for: what compiles has no use for it. */
    private volatile @Nullable Map<Cidr, Endpoint> byAddress;

    private Endpoints(
            Map<String, Map<String, String>> namespaceLabels,
            Map<String, List<Endpoint.Workload>> workloads,
            List<Endpoint.Node> nodes) {
        namespaceLabels.forEach((name, labels) -> namespaces.put(name, withName(name, labels)));
        this.workloads = workloads;
        this.nodes = nodes;
    }

    /**
     * @param namespaceLabels by name of the namespace
     * @throws IllegalArgumentException where two endpoints have the same address
     */
    public Endpoints(Map<String, Map<String, String>> namespaceLabels, Collection<? extends Endpoint> endpoints) {
        this(namespaceLabels, byNamespace(endpoints), nodes(endpoints));
        byAddress = index(endpoints);
    }

    /**
     * Of endpoints that are kept by namespace. For callers that know that no two of them have the same address.
     *
     * @param namespaceLabels by name of the namespace
     * @param workloads by name of the namespace; the lists are not copied, so they must not change any more
     */
    public static Endpoints of(
            Map<String, Map<String, String>> namespaceLabels,
            Map<String, List<Endpoint.Workload>> workloads,
            Collection<Endpoint.Node> nodes) {
        return new Endpoints(namespaceLabels, Map.copyOf(workloads), List.copyOf(nodes));
    }

    /** The labels of a namespace; of one that isn't known the one that every namespace has. */
    public Map<String, String> namespaceLabels(String name) {
        Map<String, String> labels = namespaces.get(name);
        return labels == null ? Map.of(NAMESPACE_NAME, name) : labels;
    }

    /** The namespaces in which there are agents or Pods. */
    public Set<String> namespaces() {
        return workloads.keySet();
    }

    /** The agents and Pods of a namespace. */
    public List<Endpoint.Workload> workloadsIn(String namespace) {
        return workloads.getOrDefault(namespace, List.of());
    }

    /** The agents and Pods of all namespaces. */
    public Stream<Endpoint.Workload> workloads() {
        return workloads.values().stream().flatMap(List::stream);
    }

    public List<Endpoint.Node> nodes() {
        return nodes;
    }

    /** The party with its endpoint, where that wasn't known and the address belongs to one. */
    public Party identified(Party party) {
        if (party.endpoint() != null || party.address() == null) {
            return party;
        }
        Map<Cidr, Endpoint> index = byAddress;
        if (index == null) {
            index = index(Stream.concat(workloads(), nodes.stream()).toList());
            byAddress = index;
        }
        return new Party(index.get(party.address()), party.address(), party.domain());
    }

    private static Map<Cidr, Endpoint> index(Collection<? extends Endpoint> endpoints) {
        Map<Cidr, Endpoint> index = new HashMap<>();
        for (Endpoint endpoint : endpoints) {
            for (Cidr address : endpoint.addresses()) {
                Endpoint other = index.put(address, endpoint);
                if (other != null && !other.equals(endpoint)) {
                    throw new IllegalArgumentException(
                            "%s has the address %s, but so has %s".formatted(endpoint, address.address(), other));
                }
            }
        }
        return index;
    }

    private static Map<String, List<Endpoint.Workload>> byNamespace(Collection<? extends Endpoint> endpoints) {
        Map<String, List<Endpoint.Workload>> workloads = new HashMap<>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint instanceof Endpoint.Workload workload) {
                workloads
                        .computeIfAbsent(workload.namespace(), _ -> new ArrayList<>())
                        .add(workload);
            }
        }
        return workloads;
    }

    private static List<Endpoint.Node> nodes(Collection<? extends Endpoint> endpoints) {
        List<Endpoint.Node> nodes = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint instanceof Endpoint.Node node) {
                nodes.add(node);
            }
        }
        return nodes;
    }

    /** The labels with that of the name; as they are where they have it, which is what API servers see to. */
    public static Map<String, String> withName(String name, Map<String, String> labels) {
        if (name.equals(labels.get(NAMESPACE_NAME))) {
            return Map.copyOf(labels);
        }
        Map<String, String> named = new HashMap<>(labels);
        named.put(NAMESPACE_NAME, name);
        return Map.copyOf(named);
    }
}
