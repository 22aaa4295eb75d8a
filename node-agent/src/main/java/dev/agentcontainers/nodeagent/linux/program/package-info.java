/**
 * Small programs of system calls, made as they are needed: they run in any root, also in one without a C library or a shell.
 * In: the calls and what they are given. Out: an executable file.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.program;

import org.jspecify.annotations.NullMarked;
