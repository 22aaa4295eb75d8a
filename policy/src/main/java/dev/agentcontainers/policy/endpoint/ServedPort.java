package dev.agentcontainers.policy.endpoint;

import dev.agentcontainers.api.v1alpha1.AgentPort;
import dev.agentcontainers.api.v1alpha1.Protocol;

/** A port of an endpoint that policies may refer to by its name. */
public record ServedPort(String name, Protocol protocol, int number) {
    public static ServedPort of(AgentPort port) {
        return new ServedPort(
                port.name(), port.protocol() == null ? Protocol.TCP : port.protocol(), port.containerPort());
    }
}
