/**
 * Keeps the fence in step with the node's policy. In: revisions of the AgentNodePolicy. Out: rulesets that the kernel
 * holds, and which hash each group has there. Never decides what is allowed.
 */
@NullMarked
package dev.agentcontainers.nodeagent.egress;

import org.jspecify.annotations.NullMarked;
