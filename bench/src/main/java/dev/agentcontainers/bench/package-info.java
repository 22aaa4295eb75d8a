/**
 * Benchmarks, run by hand. In: the name of one. Out: a table, the same as JSON, and a verdict where it has a gate. Gates are
 * ratios or differences to a baseline of the same run, since machines differ and are shared. Never part of a build's tests.
 */
@NullMarked
package dev.agentcontainers.bench;

import org.jspecify.annotations.NullMarked;
