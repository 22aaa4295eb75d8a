package dev.agentcontainers.api.v1alpha1;

/** Isolation levels, weakest first: a stronger one satisfies a {@code minimum} of a weaker one. */
public enum IsolationLevel {
    Process,
    Container,
    UserspaceKernel,
    MicroVM
}
