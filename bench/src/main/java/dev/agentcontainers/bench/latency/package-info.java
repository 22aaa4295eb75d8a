/**
 * How long an agent's start takes on a node, beside the OCI runtime alone. In: this machine, as root. Out: the time from an
 * assignment that the supervisor sees to the agent's first instruction. Uses names and ids of its own and removes them.
 */
@NullMarked
package dev.agentcontainers.bench.latency;

import org.jspecify.annotations.NullMarked;
