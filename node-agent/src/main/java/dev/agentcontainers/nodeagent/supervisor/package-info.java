/**
 * Makes what runs on this machine what was assigned to it. In: assignments, policy, images, what drivers and fence show. Out:
 * running, fenced agents, and reports on them. Knows no operating system and no Kubernetes; stops nothing for any other
 * reason than a successful word that it shall stop.
 */
@NullMarked
package dev.agentcontainers.nodeagent.supervisor;

import org.jspecify.annotations.NullMarked;
