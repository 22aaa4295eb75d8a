package dev.agentcontainers.api.v1alpha1;

/** A transport protocol of egress rules and ports. */
public enum Protocol {
    TCP,
    UDP,
    SCTP
}
