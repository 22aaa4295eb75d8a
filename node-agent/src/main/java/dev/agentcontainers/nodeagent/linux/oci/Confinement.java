package dev.agentcontainers.nodeagent.linux.oci;

/** What agents are kept from, beside what their namespaces keep them from. Not configurable by users. */
public enum Confinement {
    /** No capabilities, no way to gain any, and the shipped system call filter. */
    SHIPPED,

    /** All capabilities inside the agent's own user namespace and no filter. */
    NONE_FOR_TESTS
}
