/**
 * What commands say and how they fail. In: messages and values. Out: text on the terminal and exit codes. Knows no
 * command.
 */
@NullMarked
package dev.agentcontainers.cli.terminal;

import org.jspecify.annotations.NullMarked;
