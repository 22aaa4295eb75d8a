package dev.agentcontainers.assignment.manifest;

/**
 * What is wrong with a field.
 *
 * @param field as {@code spec.env[0].name}
 */
public record Problem(String field, String message) {
    @Override
    public String toString() {
        return field + ": " + message;
    }
}
