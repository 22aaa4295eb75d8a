package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.api.v1alpha1.Protocol;

/** A port of one protocol. */
record Port(Protocol protocol, int number) {}
