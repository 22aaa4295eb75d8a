package dev.agentcontainers.policy.incremental;

import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of which was told last. An address belongs to one endpoint: where two claim it, to the one that did so later, because
 * what is said of the other is then out of date.
 */
final class KnownEndpoints {
    private final Map<String, Endpoint> told = new HashMap<>();
    /** As told, with the addresses that are really theirs. */
    private final Map<String, Endpoint> known = new HashMap<>();

    private final Map<Cidr, List<String>> claims = new HashMap<>();
    private final Map<String, Map<String, Endpoint.Workload>> workloads = new HashMap<>();
    private final Map<String, List<Endpoint.Workload>> lists = new HashMap<>();
    private final Map<String, Endpoint.Node> nodes = new HashMap<>();

    /** What has become of an endpoint; null: there was none, or is none any more. */
    record Change(@Nullable Endpoint before, @Nullable Endpoint after) {}

    /**
     * Takes note of an endpoint.
     *
     * @param key names it and no other
     * @param now null: it is gone
     * @return how it and others have changed by that
     */
    List<Change> put(String key, @Nullable Endpoint now) {
        Endpoint before = now == null ? told.remove(key) : told.put(key, now);
        if (Objects.equals(before, now)) {
            return List.of();
        }
        List<Change> changes = new ArrayList<>();
        for (String changed : claim(
                key, before == null ? List.of() : before.addresses(), now == null ? List.of() : now.addresses())) {
            Endpoint after = owning(changed);
            Endpoint replaced = after == null ? known.remove(changed) : known.put(changed, after);
            if (!Objects.equals(replaced, after)) {
                file(changed, replaced, after);
                changes.add(new Change(replaced, after));
            }
        }
        return changes;
    }

    /** All of them, with these labels of namespaces. */
    Endpoints among(Map<String, Map<String, String>> namespaceLabels) {
        workloads.forEach((namespace, its) -> lists.computeIfAbsent(namespace, _ -> List.copyOf(its.values())));
        return Endpoints.of(namespaceLabels, lists, nodes.values());
    }

    /** The agents and Pods of a namespace. */
    Iterable<Endpoint.Workload> workloadsIn(String namespace) {
        return workloads.getOrDefault(namespace, Map.of()).values();
    }

    /** The endpoints whose addresses may have changed: this one, and those from or to which an address goes. */
    private Set<String> claim(String key, List<Cidr> before, List<Cidr> now) {
        Set<String> concerned = new LinkedHashSet<>();
        concerned.add(key);
        for (Cidr address : before) {
            List<String> claimants = claims.get(address);
            if (claimants != null && !now.contains(address)) {
                claimants.remove(key);
                if (claimants.isEmpty()) {
                    claims.remove(address);
                } else {
                    concerned.addAll(claimants);
                }
            }
        }
        for (Cidr address : now) {
            List<String> claimants = claims.computeIfAbsent(address, _ -> new ArrayList<>(1));
            if (!claimants.contains(key)) {
                concerned.addAll(claimants);
                claimants.add(key);
            }
        }
        return concerned;
    }

    private @Nullable Endpoint owning(String key) {
        Endpoint endpoint = told.get(key);
        if (endpoint == null) {
            return null;
        }
        List<Cidr> owned = endpoint.addresses().stream()
                .filter(address -> owner(address, key).equals(key))
                .toList();
        return owned.size() == endpoint.addresses().size() ? endpoint : endpoint.withAddresses(owned);
    }

    /** A node's address is the node's, whoever else says that it is his; otherwise the later claim counts. */
    private String owner(Cidr address, String claimant) {
        List<String> claimants = claims.getOrDefault(address, List.of(claimant));
        return claimants.stream()
                .filter(each -> told.get(each) instanceof Endpoint.Node)
                .reduce((_, later) -> later)
                .orElseGet(claimants::getLast);
    }

    private void file(String key, @Nullable Endpoint before, @Nullable Endpoint after) {
        switch (before) {
            case Endpoint.Workload workload -> {
                lists.remove(workload.namespace());
                Map<String, Endpoint.Workload> rest = workloads.getOrDefault(workload.namespace(), new HashMap<>());
                rest.remove(key);
                if (rest.isEmpty()) {
                    workloads.remove(workload.namespace());
                }
            }
            case Endpoint.Node _ -> nodes.remove(key);
            case null -> {}
        }
        switch (after) {
            case Endpoint.Workload workload -> {
                lists.remove(workload.namespace());
                workloads
                        .computeIfAbsent(workload.namespace(), _ -> new HashMap<>())
                        .put(key, workload);
            }
            case Endpoint.Node node -> nodes.put(key, node);
            case null -> {}
        }
    }
}
