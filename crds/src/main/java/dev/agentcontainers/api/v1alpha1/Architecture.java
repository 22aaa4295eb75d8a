package dev.agentcontainers.api.v1alpha1;

/** The processor architecture of a node, by its Go name as Kubernetes uses it. */
public enum Architecture {
    amd64,
    arm64
}
