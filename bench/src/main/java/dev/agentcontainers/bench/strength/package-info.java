/**
 * What sandboxes withstand, beside the peer's. In: this machine, as root, with the runtimes of the drivers and the peer. Out: for
 * each attempt of the node agent's suite what came of it in each. Uses names and ids of its own and removes them.
 */
@NullMarked
package dev.agentcontainers.bench.strength;

import org.jspecify.annotations.NullMarked;
