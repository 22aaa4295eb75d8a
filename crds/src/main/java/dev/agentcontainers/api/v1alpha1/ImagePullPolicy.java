package dev.agentcontainers.api.v1alpha1;

/** When a node asks a registry for an image. */
public enum ImagePullPolicy {
    Always,
    IfNotPresent,
    Never
}
