/**
 * What the ways of isolation cost beside each other. In: this machine, as root, with the runtimes of the drivers. Out: the
 * time from a driver's first call to an agent's first instruction and to its exit, of exec, and the memory of idle agents. Uses names and
 * ids of its own and removes them.
 */
@NullMarked
package dev.agentcontainers.bench.drivers;

import org.jspecify.annotations.NullMarked;
