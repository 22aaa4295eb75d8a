package dev.agentcontainers.assignment.reference;

import org.jspecify.annotations.Nullable;

/**
 * A Secret or ConfigMap that an agent needs.
 *
 * @param field where the manifest names it
 * @param key the key that must be there; null where all keys are wanted
 */
public record Reference(
        Kind kind,
        String namespace,
        String name,
        String field,
        @Nullable String key,
        boolean optional) {
    /** What it refers to. */
    public enum Kind {
        SECRET("Secret"),
        CONFIG_MAP("ConfigMap");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        public String title() {
            return title;
        }
    }

    /** The name of the copy in the node's namespace. */
    public String copyName() {
        return CopyName.of(this);
    }
}
