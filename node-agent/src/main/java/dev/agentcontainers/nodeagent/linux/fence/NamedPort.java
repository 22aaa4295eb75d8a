package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A port that a group may reach at what some name of it resolves to. */
record NamedPort(Protocol protocol, int port) {
    static Set<NamedPort> of(Collection<AllowedName> names) {
        return names.stream().flatMap(NamedPort::of).collect(Collectors.toUnmodifiableSet());
    }

    static Stream<NamedPort> of(AllowedName name) {
        return IntStream.rangeClosed(name.port(), name.endPort())
                .mapToObj(port -> new NamedPort(name.protocol(), port));
    }
}
