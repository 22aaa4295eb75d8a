/**
 * {@code agentctl run}: one agent on this machine without any cluster. In: manifests or flags that stand for one. Out: the
 * agent's output and exit code. What runs and fences the agent is the node agent's.
 */
@NullMarked
package dev.agentcontainers.cli.run;

import org.jspecify.annotations.NullMarked;
