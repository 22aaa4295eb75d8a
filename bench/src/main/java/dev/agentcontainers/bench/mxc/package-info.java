/** The peer: Microsoft's MXC SDK, as its package has it. In: the package registry of npm, once. Out: its executor in a folder. */
@NullMarked
package dev.agentcontainers.bench.mxc;

import org.jspecify.annotations.NullMarked;
