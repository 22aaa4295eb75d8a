/**
 * Network namespaces of Linux: opening, pinning, and threads that work inside one. In: paths. Out: descriptors and
 * threads. Never lets a thread leave a namespace half-way: a thread that can't go back is not used again.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.namespace;

import org.jspecify.annotations.NullMarked;
