/**
 * Other programs, run to their end. In: a command line. Out: its output, or a message that says what failed. Never a
 * shell in between.
 */
@NullMarked
package dev.agentcontainers.cli.process;

import org.jspecify.annotations.NullMarked;
