/**
 * How long the programs take to be ready, with and without their AOT cache. In: a fleet on this machine. Out: times from the
 * start of the process to its answer that it is ready.
 */
@NullMarked
package dev.agentcontainers.bench.start;

import org.jspecify.annotations.NullMarked;
