/**
 * Networks of a machine that there is not: namespaces of this process's own, with a fence of the node's build and of nobody else
 * between them. In: an agent that is attached. Out: what left its interface, and what of it came out of the fence. No packet of
 * it reaches a network of the host's.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.strength.network;

import org.jspecify.annotations.NullMarked;
