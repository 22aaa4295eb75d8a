package dev.agentcontainers.policy.box;

import dev.agentcontainers.api.v1alpha1.Protocol;

/** The flows of one protocol to some ports of some addresses. */
public record Area(Protocol protocol, PortRange ports, AddressRanges addresses) {}
