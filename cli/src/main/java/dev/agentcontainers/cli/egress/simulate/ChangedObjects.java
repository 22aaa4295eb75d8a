package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Objects as they would be after a change. */
final class ChangedObjects {
    private ChangedObjects() {}

    /** With those that are applied: added, or in the place of the ones with their names. */
    static KnownObjects with(KnownObjects now, KnownObjects applied) {
        return new KnownObjects(
                with(now.agents(), applied.agents(), ChangedObjects::placed),
                with(now.namespaces(), applied.namespaces(), ChangedObjects::latter),
                with(now.pods(), applied.pods(), ChangedObjects::placed),
                with(now.nodes(), applied.nodes(), ChangedObjects::latter),
                with(now.networkPolicies(), applied.networkPolicies(), ChangedObjects::latter),
                with(now.egressPolicies(), applied.egressPolicies(), ChangedObjects::latter),
                with(now.clusterNetworkPolicies(), applied.clusterNetworkPolicies(), ChangedObjects::latter),
                now.unknown());
    }

    private static <T extends HasMetadata> List<T> with(List<T> now, List<T> applied, BinaryOperator<T> replacing) {
        Map<String, T> all = new LinkedHashMap<>();
        now.forEach(object -> all.put(key(object), object));
        applied.forEach(object -> all.merge(key(object), object, replacing));
        return List.copyOf(all.values());
    }

    private static <T> T latter(T before, T after) {
        return after;
    }

    /** Who is applied again stays where he is: manifests have no status. */
    private static AgentContainer placed(AgentContainer before, AgentContainer after) {
        if (after.getStatus() == null || after.getStatus().addresses() == null) {
            after.setStatus(before.getStatus());
        }
        return after;
    }

    private static Pod placed(Pod before, Pod after) {
        if (after.getStatus() == null || after.getStatus().getPodIPs() == null) {
            after.setStatus(before.getStatus());
        }
        return after;
    }

    /**
     * Without those that are deleted.
     *
     * @throws UserException where one is not there
     */
    static KnownObjects without(KnownObjects now, List<ObjectName> deleted) {
        KnownObjects left = now;
        for (ObjectName name : deleted) {
            left = without(left, name);
        }
        return left;
    }

    private static KnownObjects without(KnownObjects now, ObjectName name) {
        return switch (name.kind()) {
            case NETWORK_POLICY ->
                new KnownObjects(
                        now.agents(),
                        now.namespaces(),
                        now.pods(),
                        now.nodes(),
                        without(now.networkPolicies(), name),
                        now.egressPolicies(),
                        now.clusterNetworkPolicies(),
                        now.unknown());
            case EGRESS_POLICY ->
                new KnownObjects(
                        now.agents(),
                        now.namespaces(),
                        now.pods(),
                        now.nodes(),
                        now.networkPolicies(),
                        without(now.egressPolicies(), name),
                        now.clusterNetworkPolicies(),
                        now.unknown());
            case CLUSTER_NETWORK_POLICY ->
                new KnownObjects(
                        now.agents(),
                        now.namespaces(),
                        now.pods(),
                        now.nodes(),
                        now.networkPolicies(),
                        now.egressPolicies(),
                        without(now.clusterNetworkPolicies(), name),
                        now.unknown());
            case AGENT_CONTAINER ->
                new KnownObjects(
                        without(now.agents(), name),
                        now.namespaces(),
                        now.pods(),
                        now.nodes(),
                        now.networkPolicies(),
                        now.egressPolicies(),
                        now.clusterNetworkPolicies(),
                        now.unknown());
        };
    }

    private static <T extends HasMetadata> List<T> without(List<T> objects, ObjectName name) {
        String key = name.namespace() + "/" + name.name();
        List<T> left = new ArrayList<>(objects);
        if (!left.removeIf(object -> key(object).equals(key))) {
            throw new UserException(
                    "--without: there is no %s%s"
                            .formatted(
                                    name,
                                    objects.isEmpty()
                                            ? " and none of its kind"
                                            : "; there are: "
                                                    + Stream.concat(
                                                                    objects.stream()
                                                                            .map(ChangedObjects::key)
                                                                            .sorted()
                                                                            .limit(10),
                                                                    objects.size() > 10
                                                                            ? Stream.of("…")
                                                                            : Stream.empty())
                                                            .collect(Collectors.joining(", "))),
                    2);
        }
        return List.copyOf(left);
    }

    private static String key(HasMetadata object) {
        return Objects.requireNonNullElse(object.getMetadata().getNamespace(), "") + "/"
                + object.getMetadata().getName();
    }
}
