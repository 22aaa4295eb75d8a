/**
 * Control groups of sandboxes, version 2 and version 1 (also both at once, as hybrid machines have them). In: the mounts
 * of the machine, limits. Out: groups, what happened in them. Never touches a group outside the node's own parent.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.cgroup;

import org.jspecify.annotations.NullMarked;
