/**
 * The node agent as a program. In: its settings. Out: a running node agent, its health and its metrics. Only puts
 * together what the other packages are; nothing else knows of Quarkus.
 */
@NullMarked
package dev.agentcontainers.nodeagent.app;

import org.jspecify.annotations.NullMarked;
