package dev.agentcontainers.assignment.manifest;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.assignment.reference.Reference;
import dev.agentcontainers.assignment.reference.References;
import dev.agentcontainers.assignment.reference.Sources;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** One agent with the objects that it refers to or that select it, checked and with defaults. */
public record RunObjects(
        AgentContainer agent,
        List<ConfigMap> configMaps,
        List<Secret> secrets,
        List<NetworkPolicy> networkPolicies,
        List<EgressPolicy> egressPolicies) {
    public RunObjects {
        configMaps = List.copyOf(configMaps);
        secrets = List.copyOf(secrets);
        networkPolicies = List.copyOf(networkPolicies);
        egressPolicies = List.copyOf(egressPolicies);
    }

    /** What of the agent's references is among these objects. */
    public Sources sources() {
        return Sources.find(References.of(agent), this::source);
    }

    private Optional<HasMetadata> source(Reference reference) {
        Stream<? extends HasMetadata> ofKind = switch (reference.kind()) {
            case SECRET -> secrets.stream();
            case CONFIG_MAP -> configMaps.stream();
        };
        return ofKind.filter(object -> object.getMetadata().getName().equals(reference.name())
                        && object.getMetadata().getNamespace().equals(reference.namespace()))
                .findFirst()
                .map(HasMetadata.class::cast);
    }
}
