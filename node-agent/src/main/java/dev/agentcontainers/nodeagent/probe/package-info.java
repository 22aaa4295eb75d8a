/**
 * Asks agents whether they are well. In: probes of an assignment, a driver that runs programs in the agent, a fence that connects
 * to it. Out: whether the run has started, whether it is ready, and whether it has to be stopped. Decides nothing about agents,
 * takes no more of them than it needs, and never waits longer than a probe allows. Knows no operating system and no Kubernetes.
 */
@NullMarked
package dev.agentcontainers.nodeagent.probe;

import org.jspecify.annotations.NullMarked;
