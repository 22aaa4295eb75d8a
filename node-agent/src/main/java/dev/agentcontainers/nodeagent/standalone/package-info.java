/**
 * Runs one agent on this machine without any cluster: the same assignment, supervisor, driver and fence as on a node, each
 * run as an isolated node of its own that is removed when the run ends. In: checked objects of the API. Out: the agent's
 * output and how it ended. Never talks to an API server.
 */
@NullMarked
package dev.agentcontainers.nodeagent.standalone;

import org.jspecify.annotations.NullMarked;
