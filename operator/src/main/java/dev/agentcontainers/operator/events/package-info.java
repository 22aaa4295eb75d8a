/**
 * Kubernetes Events for people. In: what happened to an object, with a reason of a closed set. Out: Events, counted
 * together and limited in rate. Never waits, never fails its caller.
 */
@NullMarked
package dev.agentcontainers.operator.events;

import org.jspecify.annotations.NullMarked;
