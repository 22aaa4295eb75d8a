/**
 * A whole system on this machine: control plane, operator and node agents as processes that outlive the command. In: a
 * folder and how many nodes. Out: a fleet that is up, its state, or no trace of it. The parts are started with the
 * credentials they would have anywhere else.
 */
@NullMarked
package dev.agentcontainers.cli.fleet;

import org.jspecify.annotations.NullMarked;
