package dev.agentcontainers.policy.endpoint;

import dev.agentcontainers.policy.box.Cidr;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All endpoints that are known, by address, and the labels of their namespaces. Immutable. */
public final class Endpoints {
    /** Where no endpoint is known. */
    public static final Endpoints NONE = new Endpoints(Map.of(), List.of());

    /** The label that the API server sets on each namespace (KEP-2161). */
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";

    private final Map<String, Map<String, String>> namespaces = new HashMap<>();
    private final Map<Cidr, Endpoint> byAddress = new HashMap<>();

    /**
     * @param namespaceLabels by name of the namespace
     * @throws IllegalArgumentException where two endpoints have the same address
     */
    public Endpoints(Map<String, Map<String, String>> namespaceLabels, Collection<? extends Endpoint> endpoints) {
        namespaceLabels.forEach((name, labels) -> namespaces.put(name, withName(name, labels)));
        for (Endpoint endpoint : endpoints) {
            for (Cidr address : endpoint.addresses()) {
                Endpoint other = byAddress.put(address, endpoint);
                if (other != null && !other.equals(endpoint)) {
                    throw new IllegalArgumentException(
                            "%s has the address %s, but so has %s".formatted(endpoint, address.address(), other));
                }
            }
        }
    }

    /** The labels of a namespace; of one that isn't known the one that every namespace has. */
    public Map<String, String> namespaceLabels(String name) {
        Map<String, String> labels = namespaces.get(name);
        return labels == null ? Map.of(NAMESPACE_NAME, name) : labels;
    }

    /** The party with its endpoint, where that wasn't known and the address belongs to one. */
    public Party identified(Party party) {
        if (party.endpoint() != null || party.address() == null) {
            return party;
        }
        return new Party(byAddress.get(party.address()), party.address(), party.domain());
    }

    private static Map<String, String> withName(String name, Map<String, String> labels) {
        Map<String, String> named = new HashMap<>(labels);
        named.put(NAMESPACE_NAME, name);
        return Map.copyOf(named);
    }
}
