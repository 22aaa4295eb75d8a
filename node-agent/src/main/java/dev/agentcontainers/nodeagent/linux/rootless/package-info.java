/**
 * What lets an ordinary user run agents: namespaces in which a program is root, with ids that the machine has given to the user and
 * a network that a program of the user's carries to the machine's. In: a program. Out: how it ended. Nothing here needs any right
 * that the user does not have.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.rootless;

import org.jspecify.annotations.NullMarked;
