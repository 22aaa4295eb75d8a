/**
 * What the process forbids itself for good, before it reads anything of others. In: nothing. Out: a filter of system calls for all
 * its threads, those of the JVM too. The only package here that calls native code itself.
 */
@NullMarked
package dev.agentcontainers.egressproxy.confine;

import org.jspecify.annotations.NullMarked;
