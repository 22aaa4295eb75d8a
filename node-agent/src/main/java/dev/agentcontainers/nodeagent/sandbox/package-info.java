/**
 * What a node agent runs, as values that are free of Kubernetes and of any operating system. In: assignments, resolved
 * by {@code kubernetes} or {@code standalone}. Out: specifications for drivers and fences. Never any I/O.
 */
@NullMarked
package dev.agentcontainers.nodeagent.sandbox;

import org.jspecify.annotations.NullMarked;
