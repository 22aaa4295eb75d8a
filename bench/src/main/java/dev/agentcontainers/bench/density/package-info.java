/**
 * How many idle agents a machine holds. In: this machine, as root. Out: what each agent takes of it, part by part, beside the
 * bare runtime; how a start's time grows with their number; what is left of them when all are deleted, which must be nothing.
 */
@NullMarked
package dev.agentcontainers.bench.density;

import org.jspecify.annotations.NullMarked;
