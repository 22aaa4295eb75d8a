/**
 * The fence on Linux: one pinned network namespace per node agent, between the agents' namespaces and the host. In:
 * rulesets and sandboxes' processes. Out: rules that the kernel holds, read back from it. Never decides what is allowed,
 * and never relies on the host's firewall to deny.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.fence;

import org.jspecify.annotations.NullMarked;
