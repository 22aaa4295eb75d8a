package dev.agentcontainers.cli.record;

import java.util.Optional;

/** An AgentContainer as records have it: {@code namespace/name}. */
public record AgentName(String namespace, String name) implements Comparable<AgentName> {
    /** Empty for what is no such name: a sandbox of which the node did not know whose it was. */
    public static Optional<AgentName> parse(String text) {
        int slash = text.indexOf('/');
        return slash > 0 && slash < text.length() - 1 && slash == text.lastIndexOf('/')
                ? Optional.of(new AgentName(text.substring(0, slash), text.substring(slash + 1)))
                : Optional.empty();
    }

    @Override
    public int compareTo(AgentName other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
