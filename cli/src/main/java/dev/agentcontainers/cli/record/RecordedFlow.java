package dev.agentcontainers.cli.record;

import java.util.Optional;

/**
 * Who sent to whom; port and address of the source's own machine aside.
 *
 * @param source the agent that sent; empty where it was none of the node's
 * @param sourceAddress its address; empty where it is an agent of the node
 * @param destination the agent that was sent to; empty where it was none of the node's
 * @param hostname by which the source had the address
 * @param protocol number of the protocol above IP
 * @param port of the destination; 0 where the protocol has none
 */
public record RecordedFlow(
        Optional<AgentName> source,
        String sourceAddress,
        Optional<AgentName> destination,
        String address,
        Optional<String> hostname,
        int protocol,
        int port) {}
