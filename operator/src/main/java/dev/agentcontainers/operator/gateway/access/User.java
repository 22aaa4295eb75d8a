package dev.agentcontainers.operator.gateway.access;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An authenticated user, as Kubernetes' authorizers know one. */
public record User(String name, Optional<String> uid, List<String> groups, Map<String, List<String>> extra) {
    public User {
        groups = List.copyOf(groups);
        extra = Map.copyOf(extra);
    }
}
