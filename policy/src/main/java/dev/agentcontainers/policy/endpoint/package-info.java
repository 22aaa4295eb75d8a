/**
 * What flows begin and end at. In: AgentContainers, Pods and Nodes with their labels, addresses and named ports, and the
 * labels of namespaces. Out: the endpoint that an address belongs to. Knows no policy.
 */
@NullMarked
package dev.agentcontainers.policy.endpoint;

import org.jspecify.annotations.NullMarked;
