/**
 * How the names of agents that agentctl starts are resolved. In: options of commands. Out: settings, checked. Resolves
 * nothing itself.
 */
@NullMarked
package dev.agentcontainers.cli.names;

import org.jspecify.annotations.NullMarked;
