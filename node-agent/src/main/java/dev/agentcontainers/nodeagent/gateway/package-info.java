/**
 * The node's side of the gateway. In: requests for streams over a connection that this node dialled. Out: agents' logs
 * and further processes in their sandboxes. Never listens; losing the gateway stops nothing.
 */
@NullMarked
package dev.agentcontainers.nodeagent.gateway;

import org.jspecify.annotations.NullMarked;
