package dev.agentcontainers.api.v1alpha1;

/** The operating system of a node. */
public enum OperatingSystem {
    linux,
    windows
}
