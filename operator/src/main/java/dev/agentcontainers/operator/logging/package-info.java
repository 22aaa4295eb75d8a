/**
 * Log lines that say what they are about. In: the object that a thread works on. Out: its name and namespace on every line
 * that the thread writes meanwhile. Never more than names.
 */
@NullMarked
package dev.agentcontainers.operator.logging;

import org.jspecify.annotations.NullMarked;
