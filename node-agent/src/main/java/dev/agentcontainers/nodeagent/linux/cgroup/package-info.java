/**
 * Control groups of sandboxes and of their shims, in the unified hierarchy (v2) or, on machines that have them, the
 * legacy ones (v1). In: a node's parent group and limits. Out: groups of ours only; never touches another.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.cgroup;

import org.jspecify.annotations.NullMarked;
