/**
 * The command line {@code agentctl}, also {@code kubectl agent}. In: arguments. Out: calls into the packages by
 * capability, text for people, exit codes. Holds no logic of its own.
 */
@NullMarked
package dev.agentcontainers.cli;

import org.jspecify.annotations.NullMarked;
