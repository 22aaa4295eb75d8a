/** Saves and restores the files of agents that rest. In: names of agents and files. Out: the same; never a program in an agent. */
@NullMarked
package dev.agentcontainers.cli.snapshot;

import org.jspecify.annotations.NullMarked;
