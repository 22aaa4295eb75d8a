/**
 * Shows displays of agents. In: an agent's name, and a viewer of this machine's user. Out: its screen, and what is typed there. What
 * comes of an agent is taken to be an enemy's: only pictures are passed on.
 */
@NullMarked
package dev.agentcontainers.cli.display;

import org.jspecify.annotations.NullMarked;
