package dev.agentcontainers.operator.references;

import dev.agentcontainers.operator.fleet.NodeNamespace;

/** Names of copies in a node's namespace. */
final class CopyName {
    private static final int HASH_LENGTH = 40;

    private CopyName() {}

    static String of(Reference reference) {
        String initial = switch (reference.kind()) {
            case SECRET -> "s-";
            case CONFIG_MAP -> "c-";
        };
        return initial
                + NodeNamespace.hash(reference.namespace() + "/" + reference.name())
                        .substring(0, HASH_LENGTH);
    }
}
