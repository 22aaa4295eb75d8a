package dev.agentcontainers.operator.status;

/** The status of a condition, by the names that the Kubernetes API uses. */
public enum Truth {
    True,
    False,
    Unknown;

    public static Truth of(boolean value) {
        return value ? True : False;
    }
}
