/**
 * A second fence around an agent's files, which holds whatever its mounts and descriptors are: Landlock. In: what is mounted in a
 * sandbox. Out: the program by which everything in it is started. Never restricts this process.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.landlock;

import org.jspecify.annotations.NullMarked;
