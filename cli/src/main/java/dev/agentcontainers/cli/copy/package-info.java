/**
 * Files and folders between this machine and an agent. In: names on both sides. Out: copies, by the agent's tar. What comes of
 * an agent is hostile: nothing of it is made, changed or followed outside of where it is to go, and nothing of it moves a
 * terminal's cursor.
 */
@NullMarked
package dev.agentcontainers.cli.copy;

import org.jspecify.annotations.NullMarked;
