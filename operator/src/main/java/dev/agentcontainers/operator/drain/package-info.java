/**
 * What an uninstallation does before anything is deleted. In: a fleet with its operator at work. Out: no agent, no node and no
 * finalizer is left, and nothing adds one any more. Never deletes what users wrote.
 */
@NullMarked
package dev.agentcontainers.operator.drain;

import org.jspecify.annotations.NullMarked;
