package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which mark a connection of a group bears that goes to a resolved address, for each port of the group's names. Addresses
 * are opened with that mark too. A port of which a name was taken back gets another mark, which ends at once all that was
 * let pass by it before: who was resolved to which address isn't known any more. So does one at which QUIC was: which flow
 * has become QUIC isn't known either. No two groups have a mark in common.
 */
record NameMarks(Map<NamedPort, Integer> byPort) {
    static final NameMarks NONE = new NameMarks(Map.of());

    NameMarks {
        byPort = Map.copyOf(byPort);
    }

    private record NameAtPort(String domain, NamedPort port) {}

    /**
     * The marks for other names.
     *
     * @param names that these marks were made for; empty where that isn't known any more
     * @param fresh a mark that was never used
     */
    NameMarks with(Collection<AllowedName> next, Optional<List<AllowedName>> names, int fresh) {
        Set<NamedPort> changed = new HashSet<>();
        if (names.isPresent()) {
            Set<NameAtPort> lost = atPorts(names.get());
            lost.removeAll(atPorts(next));
            lost.forEach(name -> changed.add(name.port));
        } else {
            changed.addAll(byPort.keySet());
        }
        Map<NamedPort, Integer> marks = new HashMap<>();
        for (NamedPort port : NamedPort.of(next)) {
            marks.put(port, changed.contains(port) ? fresh : byPort.getOrDefault(port, fresh));
        }
        return new NameMarks(marks);
    }

    /** Without those of these ports, which are to have others. */
    NameMarks without(Set<NamedPort> ports) {
        Map<NamedPort, Integer> those = new HashMap<>(byPort);
        those.keySet().removeAll(ports);
        return new NameMarks(those);
    }

    /** Without those that an earlier version gave, which had other kinds. */
    NameMarks ofKind(ConnectionMark kind) {
        Map<NamedPort, Integer> those = new HashMap<>(byPort);
        those.values().removeIf(mark -> !kind.isOf(mark));
        return new NameMarks(those);
    }

    /** As elements of a set. */
    Set<MarkedPort> ports() {
        Set<MarkedPort> ports = new HashSet<>();
        byPort.forEach((port, mark) -> ports.add(new MarkedPort(mark, port)));
        return ports;
    }

    Set<Integer> all() {
        return Set.copyOf(byPort.values());
    }

    private static Set<NameAtPort> atPorts(Collection<AllowedName> names) {
        Set<NameAtPort> all = new HashSet<>();
        names.forEach(name -> NamedPort.of(name).forEach(port -> all.add(new NameAtPort(name.domain(), port))));
        return all;
    }
}
