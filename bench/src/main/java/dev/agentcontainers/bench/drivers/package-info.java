/**
 * What the ways of isolation cost beside each other. In: this machine, as root, with the runtimes of the drivers. Out: the
 * time from a driver's first call to an agent's first instruction, and the memory of agents that are idle. Uses names and
 * ids of its own and removes them.
 */
@NullMarked
package dev.agentcontainers.bench.drivers;

import org.jspecify.annotations.NullMarked;
